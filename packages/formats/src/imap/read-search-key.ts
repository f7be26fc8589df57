/** What a search looks for. RFC 9051 §6.4.4, §9 (search-key); the extensions: search-key.ts. */

import { latin1, readUtf8 } from '../bytes.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import { type Cursor, tooMany, wrong } from './cursor.ts';
import { imapLimits } from './limits.ts';
import { readDay } from './read-date-time.ts';
import { readKeyword } from './read-flags.ts';
import type { SearchKey, SystemFlag } from './search-key.ts';

/**
 * The charset of a search is not known: NO [BADCHARSET]. A search that was to be saved has then no
 * result. RFC 5182 §2.1.
 */
export class BadCharset extends SyntaxFault {
  readonly saves: boolean;

  constructor(saves: boolean) {
    super('imap.bad-charset', 'The charset is not known');
    this.saves = saves;
  }
}

/** How a search is read: its texts' charset, and what was seen so far. */
interface Reading {
  readonly cursor: Cursor;
  readonly decode: (octets: Uint8Array) => string;
  keys: number;
}

/**
 * `[CHARSET …] key key …` to the end of the command. Throws `BadCharset`.
 */
export function readSearchProgram(cursor: Cursor, { saves }: { saves: boolean }): SearchKey {
  let charset = 'UTF-8';
  if (cursor.skipWord('CHARSET')) {
    cursor.space();
    charset = latin1(cursor.astring());
    cursor.space();
  }
  return readSearchKeys(cursor, { charset, saves });
}

/** Keys to the end of the command, their texts in a charset. */
export function readSearchKeys(
  cursor: Cursor,
  { charset, saves }: { readonly charset: string; readonly saves: boolean },
): SearchKey {
  const decoder = findDecoder(charset.toLowerCase());
  if (decoder === null) throw new BadCharset(saves);
  const reading: Reading = { cursor, decode: decoder, keys: 0 };
  const all = [readKey(reading, 1)];
  while (!cursor.isAtEnd) {
    cursor.space();
    all.push(readKey(reading, 1));
  }
  cursor.end();
  return together(all);
}

/**
 * null: the charset is not known. US-ASCII is read as UTF-8: clients that name none, or the wrong
 * one, mostly mean that.
 */
function findDecoder(label: string): ((octets: Uint8Array) => string) | null {
  if (label === 'utf-8' || label === 'us-ascii') {
    return (octets) => {
      const text = readUtf8(octets);
      if (text === null) throw wrong('A text is not UTF-8');
      return text;
    };
  }
  const decoder = makeDecoder(label);
  if (decoder === null) return null;
  return (octets) => {
    try {
      return decoder.decode(octets);
    } catch {
      throw wrong('A text is not of its charset'); // `fatal` has no other way to say so.
    }
  };
}

function makeDecoder(label: string): { decode(octets: Uint8Array): string } | null {
  try {
    return new TextDecoder(label, { fatal: true });
  } catch {
    return null; // A label that nobody knows is thrown for.
  }
}

function together(all: readonly SearchKey[]): SearchKey {
  return all.length === 1 ? all[0]! : { key: 'and', all };
}

const flagKeys: ReadonlyMap<string, SystemFlag> = new Map([
  ['ANSWERED', 'answered'],
  ['DELETED', 'deleted'],
  ['DRAFT', 'draft'],
  ['FLAGGED', 'flagged'],
  ['SEEN', 'seen'],
]);

const wordText = /[A-Za-z]+/y;

function readKey(reading: Reading, depth: number): SearchKey {
  const { cursor } = reading;
  reading.keys += 1;
  if (reading.keys > imapLimits.searchKeysMax) throw tooMany('The search has too many keys');
  if (depth > imapLimits.searchDepthMax) throw tooMany('The search is nested too deep');
  if (cursor.next === '(') {
    const max = imapLimits.searchKeysMax;
    return together(cursor.list(() => readKey(reading, depth + 1), { max }));
  }
  if (cursor.skip('$')) return { key: 'saved' };
  const word = cursor.match(wordText).toUpperCase();
  if (word === '') return { key: 'numbers', set: cursor.set() };
  const isNot = word.startsWith('UN');
  const flag = flagKeys.get(isNot ? word.slice(2) : word);
  if (flag !== undefined) return { key: 'flag', flag, isSet: !isNot };
  return readNested(reading, word, depth) ?? readNamed(reading, word);
}

function readNested(reading: Reading, word: string, depth: number): SearchKey | null {
  const { cursor } = reading;
  if (word !== 'NOT' && word !== 'OR' && word !== 'FUZZY') return null;
  cursor.space();
  const first = readKey(reading, depth + 1);
  if (word === 'NOT') return { key: 'not', of: first };
  if (word === 'FUZZY') return { key: 'fuzzy', of: first };
  cursor.space();
  return { key: 'or', either: first, other: readKey(reading, depth + 1) };
}

const bareKeys = ['all', 'new', 'old', 'recent', 'savedatesupported'] as const;
const textKeys = ['bcc', 'body', 'cc', 'from', 'subject', 'text', 'to'] as const;
const dateForm = /^(?<of>|SENT|SAVED)(?<when>BEFORE|ON|SINCE)$/;

function readNamed(reading: Reading, word: string): SearchKey {
  const { cursor, decode } = reading;
  const bare = bareKeys.find((key) => key.toUpperCase() === word);
  if (bare !== undefined) return { key: bare };
  cursor.space();
  const text = textKeys.find((key) => key.toUpperCase() === word);
  if (text !== undefined) return { key: text, value: decode(cursor.astring()) };
  const date = dateForm.exec(word)?.groups;
  if (date !== undefined) {
    const of = date['of'] === '' ? 'internal' : date['of'] === 'SENT' ? 'sent' : 'saved';
    const when = date['when']?.toLowerCase() as 'before' | 'on' | 'since';
    return { key: 'date', of, when, day: readDay(cursor) };
  }
  return readOther(reading, word);
}

function readOther({ cursor, decode }: Reading, word: string): SearchKey {
  switch (word) {
    case 'KEYWORD':
    case 'UNKEYWORD':
      return { key: 'keyword', keyword: readKeyword(cursor), isSet: word === 'KEYWORD' };
    case 'HEADER': {
      const field = readField(cursor);
      cursor.space();
      return { key: 'header', field, value: decode(cursor.astring()) };
    }
    case 'LARGER':
    case 'SMALLER':
      return { key: word === 'LARGER' ? 'larger' : 'smaller', octets: cursor.number64() };
    case 'OLDER':
    case 'YOUNGER':
      return { key: word === 'OLDER' ? 'older' : 'younger', seconds: cursor.positive() };
    case 'UID':
      return { key: 'uid', set: cursor.messageSet() };
    case 'MODSEQ':
      return readModSeq(cursor);
    case 'EMAILID':
    case 'THREADID':
      return { key: word === 'EMAILID' ? 'emailid' : 'threadid', id: readObjectId(cursor) };
    default:
      throw wrong('Not something that can be searched for');
  }
}

/** RFC 9051 §9: an astring; a name that no field can have finds nothing, and is no mistake. */
function readField(cursor: Cursor): string {
  const octets = cursor.astring();
  if (octets.length > imapLimits.headerNameOctetsMax) throw tooMany('The name is too long');
  return latin1(octets);
}

/** RFC 7162 §3.1.5: `MODSEQ "/flags/\\draft" all 620162338`. */
function readModSeq(cursor: Cursor): SearchKey {
  if (cursor.next !== '"') return { key: 'modseq', modseq: cursor.number64(), entry: null };
  const name = latin1(cursor.string());
  cursor.space();
  const type = cursor.word().toLowerCase();
  if (type !== 'priv' && type !== 'shared' && type !== 'all') throw wrong('Not a type of entry');
  cursor.space();
  return { key: 'modseq', modseq: cursor.number64(), entry: { name, type } };
}

const objectIdForm = /^[A-Za-z0-9_-]{1,255}$/;

/** RFC 8474 §7. */
function readObjectId(cursor: Cursor): string {
  const id = latin1(cursor.astring());
  if (!objectIdForm.test(id)) throw wrong('Not an object id');
  return id;
}
