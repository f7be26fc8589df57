/**
 * SEARCH, ESEARCH, SORT and THREAD as values. RFC 9051 §7.3.4; RFC 3501 §7.2.5; RFC 5256 §4;
 * RFC 7162 §3.1.5 (MODSEQ); RFC 7377 §2.1 (MAILBOX); RFC 9394 §3.2 (PARTIAL).
 */

import { readReceivedName } from './response-mailbox.ts';
import { isList, listOf, numberOf, wordOf, type ResponseValue } from './response-value.ts';
import { readSequenceSet, resolveSet, type ResolvedSet } from './sequence-set.ts';

export interface ReceivedNumbers {
  /** As sent: SORT's order means something. */
  readonly numbers: readonly number[];
  readonly modseq: number | null;
}

export function readNumbers(values: readonly ResponseValue[]): ReceivedNumbers {
  const last = values.at(-1);
  const modseq = isList(last) ? numberOf(last[1]) : null;
  return { numbers: (isList(last) ? values.slice(0, -1) : values).map(numberOf), modseq };
}

export interface ReceivedEsearch {
  /** Of the command that asked. */
  readonly tag: string | null;
  readonly isUid: boolean;
  /** With MULTISEARCH: where it was found. */
  readonly mailbox: string | null;
  readonly uidValidity: number | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly count: number | null;
  readonly modseq: number | null;
  /** null: was not asked for, or nothing was found. */
  readonly all: ResolvedSet | null;
  readonly partial: { readonly range: string; readonly found: ResolvedSet } | null;
}

export function readEsearch(values: readonly ResponseValue[], isUtf8: boolean): ReceivedEsearch {
  let at = 0;
  const correlator = new Map<string, ResponseValue>();
  if (isList(values[0])) {
    const pairs = values[0];
    for (let pair = 0; pair + 1 < pairs.length; pair += 2) {
      correlator.set(wordOf(pairs[pair]).toUpperCase(), pairs[pair + 1] ?? null);
    }
    at = 1;
  }
  const isUid = at < values.length && !isList(values[at]) && isWord(values[at], 'UID');
  if (isUid) at += 1;
  const facts = new Map<string, ResponseValue>();
  for (; at + 1 < values.length; at += 2) {
    facts.set(wordOf(values[at]).toUpperCase(), values[at + 1] ?? null);
  }
  const number = (name: string): number | null =>
    facts.has(name) ? numberOf(facts.get(name)) : null;
  const tag = correlator.get('TAG');
  const mailbox = correlator.get('MAILBOX');
  const validity = correlator.get('UIDVALIDITY');
  const partial = facts.get('PARTIAL');
  return {
    tag: tag === undefined ? null : wordOf(tag),
    isUid,
    mailbox: mailbox === undefined ? null : readReceivedName(mailbox, isUtf8),
    uidValidity: validity === undefined ? null : numberOf(validity),
    min: number('MIN'),
    max: number('MAX'),
    count: number('COUNT'),
    modseq: number('MODSEQ'),
    all: facts.has('ALL') ? readSet(facts.get('ALL')) : null,
    partial: partial === undefined ? null : readPartial(listOf(partial)),
  };
}

function isWord(value: ResponseValue | undefined, word: string): boolean {
  return value !== undefined && value !== null && wordOf(value).toUpperCase() === word;
}

function readPartial([range, found = null]: readonly ResponseValue[]): {
  range: string;
  found: ResolvedSet;
} {
  return { range: wordOf(range), found: found === null ? [] : readSet(found) };
}

/** A set of the server has no `*`: it knows its numbers. */
export function readSet(value: ResponseValue | undefined): ResolvedSet {
  return resolveSet(readSequenceSet(wordOf(value)), 0);
}

/** A message and what answers it; `null` for one that is not there but had answers. */
export interface ReceivedThread {
  readonly number: number | null;
  readonly replies: readonly ReceivedThread[];
}

/** RFC 5256 §4: `(2)(3 6 (4 23)(44 7 96))`. */
export function readThreads(values: readonly ResponseValue[]): ReceivedThread[] {
  return values.map((value) => readThread(listOf(value)));
}

function readThread(members: readonly ResponseValue[]): ReceivedThread {
  const fork = members.findIndex((member) => isList(member));
  const chain = (fork < 0 ? members : members.slice(0, fork)).map(numberOf);
  const branches = fork < 0 ? [] : readThreads(members.slice(fork));
  const [last, ...before] = chain.toReversed();
  if (last === undefined) return { number: null, replies: branches };
  let thread: ReceivedThread = { number: last, replies: branches };
  for (const number of before) thread = { number, replies: [thread] };
  return thread;
}
