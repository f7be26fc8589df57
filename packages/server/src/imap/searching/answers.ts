/**
 * How searches are answered: SEARCH, SORT and ESEARCH. RFC 9051 §7.3.4; RFC 3501 §7.2.5; RFC 4731
 * §3.1, §3.2; RFC 5256 §4; RFC 5267 §3.2; RFC 6203 §4; RFC 7162 §3.1.5; RFC 9394 §3.1.
 */

import { quoted } from '@merpati/formats/imap/response-writer.ts';
import type { PartialRange, SearchReturn } from '@merpati/formats/imap/search-key.ts';
import { setOf, writeSequenceSet } from '@merpati/formats/imap/sequence-set.ts';
import type { Session } from '../session.ts';

/** Numbers written at a time: a client that does not read is noticed between them. */
const numbersAtOnceMax = 4096;

/** `* SEARCH 2 84 882 (MODSEQ 917)`, the answer of old. */
export async function tellNumbers(
  session: Session,
  word: 'SEARCH' | 'SORT',
  { numbers, modseq }: { readonly numbers: Uint32Array; readonly modseq: number | null },
): Promise<void> {
  await session.send(`* ${word}`);
  for (let from = 0; from < numbers.length; from += numbersAtOnceMax) {
    await session.send(` ${numbers.subarray(from, from + numbersAtOnceMax).join(' ')}`);
  }
  // RFC 7162 §3.1.5: not when nothing was found.
  const isTold = modseq !== null && numbers.length > 0;
  session.put(isTold ? ` (MODSEQ ${modseq})\r\n` : '\r\n');
}

export interface EsearchAnswer {
  readonly tag: string;
  readonly isUid: boolean;
  readonly returns: SearchReturn;
  /** In the order of the answer. */
  readonly numbers: Uint32Array;
  readonly modseq: number | null;
  /** Of each number, 1 to 100; null: not asked for. RFC 6203 §4. */
  readonly relevancy: Uint8Array | null;
  /** Of another mailbox: `MAILBOX "a" UIDVALIDITY 1`. RFC 7377 §2.1. */
  readonly source: string | Uint8Array | null;
}

/** `* ESEARCH (TAG "a1") UID COUNT 3 ALL 1:2,7`. */
export async function tellEsearch(session: Session, answer: EsearchAnswer): Promise<void> {
  const { numbers, returns, source } = answer;
  session.put(`* ESEARCH (TAG ${quoted(answer.tag)}`);
  if (source !== null) {
    session.put(' ');
    session.put(source);
  }
  session.put(answer.isUid ? ') UID' : ')');
  const first = numbers[0];
  if (first !== undefined) {
    if (returns.min) session.put(` MIN ${first}`);
    if (returns.max) session.put(` MAX ${numbers.at(-1)}`);
    if (returns.all) {
      session.put(' ALL ');
      await tellSet(session, numbers);
    }
  }
  if (returns.count) session.put(` COUNT ${numbers.length}`);
  if (returns.partial !== null) {
    session.put(` PARTIAL (${writeRange(returns.partial)} `);
    const part = cutPartial(numbers, returns.partial);
    if (part.length === 0) session.put('NIL');
    else await tellSet(session, part);
    session.put(')');
  }
  if (answer.relevancy !== null) {
    const { partial } = returns;
    const told = partial === null ? answer.relevancy : cutPartial(answer.relevancy, partial);
    await session.send(` RELEVANCY (${told.join(' ')})`);
  }
  session.put(
    answer.modseq !== null && first !== undefined ? ` MODSEQ ${answer.modseq}\r\n` : '\r\n',
  );
}

/** In their order; neighbours that ascend become a range. */
async function tellSet(session: Session, numbers: Uint32Array): Promise<void> {
  for (let from = 0; from < numbers.length;) {
    let to = Math.min(from + numbersAtOnceMax, numbers.length);
    // A range is not cut in two: the set is to be as short as it can.
    while (to < numbers.length && numbers[to] === numbers[to - 1]! + 1) to += 1;
    await session.send(`${from === 0 ? '' : ','}${writeRuns(numbers.subarray(from, to))}`);
    from = to;
  }
}

/** @example writeRuns(Uint32Array.of(1, 2, 3, 9, 4)) // '1:3,9,4' */
export function writeRuns(numbers: Uint32Array): string {
  const ranges: { from: number; to: number }[] = [];
  let last: { from: number; to: number } | undefined;
  for (const number of numbers) {
    if (last !== undefined && number === last.to + 1) last.to = number;
    else {
      last = { from: number, to: number };
      ranges.push(last);
    }
  }
  return writeSequenceSet(ranges);
}

function writeRange({ isFromEnd, from, to }: PartialRange): string {
  return isFromEnd ? `-${from}:-${to}` : `${from}:${to}`;
}

/**
 * A window on what was found, in its order. From the end, `-1` is the last. RFC 9394 §3.1.
 *
 * @example cutPartial(Uint32Array.of(1, 4, 6), { isFromEnd: true, from: 1, to: 2 }) // 4, 6
 */
export function cutPartial<T extends Uint32Array | Uint8Array>(numbers: T, range: PartialRange): T {
  const { isFromEnd, from, to } = range;
  const { length } = numbers;
  const start = isFromEnd ? Math.max(length - to, 0) : from - 1;
  const end = isFromEnd ? Math.max(length - from + 1, 0) : to;
  return numbers.subarray(start, end) as T;
}

/**
 * What `$` stands for afterwards: everything, unless only MIN, MAX or a window were asked for. RFC
 * 5182 §2.4; RFC 9394 §3.1.
 */
export function savedOf(uids: Uint32Array, returns: SearchReturn): Uint32Array {
  const { min, max, partial } = returns;
  const isAll = returns.all || returns.count || (!min && !max && partial === null);
  if (isAll) return uids.toSorted();
  const saved = new Set(partial === null ? [] : cutPartial(uids, partial));
  const first = uids[0];
  const last = uids.at(-1);
  if (min && first !== undefined) saved.add(first);
  if (max && last !== undefined) saved.add(last);
  return Uint32Array.from(saved).sort();
}

/** Ascending numbers as a set. */
export function writeAscending(numbers: Iterable<number>): string {
  return writeSequenceSet(setOf(numbers));
}
