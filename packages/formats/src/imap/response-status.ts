/**
 * OK, NO, BAD, BYE, PREAUTH and `+`, with their response codes. RFC 9051 §7.1, §7.6; RFC 5530;
 * codes of extensions as `response-code.ts` names them.
 */

import { bareCodes, type Condition, type ResponseCode } from './response-code.ts';
import { isList, listOf, numberOf, textOf, ValueCursor, wordOf } from './response-value.ts';
import type { ResponseValue } from './response-value.ts';
import { readSequenceSet } from './sequence-set.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import { utf8 } from '../bytes.ts';

/** `OTHER`: one that we do not know, or whose arguments are not what they should be. */
export type ReceivedCode =
  | ResponseCode
  | { readonly code: 'OTHER'; readonly name: string; readonly text: string };

export interface StatusText {
  readonly code: ReceivedCode | null;
  readonly text: string;
}

export const conditions: ReadonlySet<string> = new Set<Condition>([
  'OK',
  'NO',
  'BAD',
  'BYE',
  'PREAUTH',
]);

/**
 * The code in brackets and the text behind it.
 *
 * @example readStatusText('[UIDNEXT 7] Predicted') // { code: { code: 'UIDNEXT', number: 7 }, … }
 */
export function readStatusText(line: string): StatusText {
  if (!line.startsWith('[')) return { code: null, text: line };
  const end = findBracket(line);
  if (end < 0) return { code: null, text: line };
  const [, name = '', , rest = ''] = /^([^ ]*)( (.*))?$/s.exec(line.slice(1, end)) ?? [];
  return { code: readCode(name.toUpperCase(), rest), text: line.slice(end + 1).trimStart() };
}

/** The closing bracket, not counting those in quoted strings. */
function findBracket(line: string): number {
  let isQuoted = false;
  for (let at = 1; at < line.length; at += 1) {
    const character = line[at];
    if (isQuoted && character === '\\') at += 1;
    else if (character === '"') isQuoted = !isQuoted;
    else if (character === ']' && !isQuoted) return at;
  }
  // A quote without its partner: the first bracket then.
  return line.indexOf(']');
}

function readCode(name: string, rest: string): ReceivedCode {
  try {
    const known = readKnownCode(name, rest);
    if (known !== null) return known;
  } catch (error) {
    if (!(error instanceof SyntaxFault)) throw error;
  }
  return { code: 'OTHER', name, text: rest };
}

function readKnownCode(name: string, rest: string): ResponseCode | null {
  const bare = bareCodes.find((code) => code === name);
  if (bare !== undefined) return rest === '' ? { code: bare } : null;
  const args = new ValueCursor([utf8(rest)]).values();
  const [first, second, third] = args;
  switch (name) {
    case 'CAPABILITY':
      return { code: name, capabilities: args.map(wordOf) };
    case 'PERMANENTFLAGS':
      return { code: name, flags: listOf(first).map(wordOf) };
    case 'HIGHESTMODSEQ':
    case 'UIDNEXT':
    case 'UIDVALIDITY':
    case 'UNSEEN':
      return { code: name, number: numberOf(first) };
    case 'MODIFIED':
      return { code: name, set: readSequenceSet(wordOf(first)) };
    case 'APPENDUID':
      return { code: name, uidValidity: numberOf(first), uids: readSequenceSet(wordOf(second)) };
    case 'COPYUID':
      return {
        code: name,
        uidValidity: numberOf(first),
        from: readSequenceSet(wordOf(second)),
        to: readSequenceSet(wordOf(third)),
      };
    case 'BADCHARSET':
      return { code: name, charsets: first === undefined ? [] : listOf(first).map(wordOf) };
    case 'BADURL':
      return { code: name, url: rest };
    case 'BADEVENT':
      return { code: name, events: listOf(first).map(wordOf) };
    case 'NOUPDATE':
      return { code: name, tag: wordOf(first) };
    case 'MAILBOXID':
      return { code: name, id: wordOf(listOf(first)[0]) };
    case 'METADATA':
      return readMetadataCode(args);
    case 'INPROGRESS':
      return readProgress(first);
    default:
      return null;
  }
}

function readMetadataCode(args: readonly ResponseValue[]): ResponseCode | null {
  const what = wordOf(args[0]).toUpperCase();
  if (what === 'LONGENTRIES' || what === 'MAXSIZE') {
    return { code: 'METADATA', what, number: numberOf(args[1]) };
  }
  return what === 'NOPRIVATE' || what === 'TOOMANY' ? { code: 'METADATA', what } : null;
}

/** RFC 9585 §4: without arguments, or with all three. */
function readProgress(value: ResponseValue | undefined): ResponseCode | null {
  if (!isList(value)) return null;
  const [tag, done, goal] = value;
  const count = (one: ResponseValue | undefined): number | null =>
    one === undefined || textOf(one) === null ? null : numberOf(one);
  return { code: 'INPROGRESS', tag: wordOf(tag), done: count(done), goal: count(goal) };
}
