/**
 * SEARCH, SORT, THREAD, ESEARCH and CANCELUPDATE. RFC 9051 §6.4.4; RFC 4731 §3.1 (RETURN); RFC
 * 5256; RFC 5267; RFC 7377; RFC 9394.
 */

import { latin1 } from '../bytes.ts';
import type { Command } from './command.ts';
import { type Cursor, wrong } from './cursor.ts';
import { imapLimits } from './limits.ts';
import { readMailboxFilter } from './read-mailbox-filter.ts';
import { readSearchKeys, readSearchProgram } from './read-search-key.ts';
import type { PartialRange, SearchKey, SearchReturn, SortCriterion } from './search-key.ts';

export function readSearch(tag: string, cursor: Cursor, uid: boolean): Command {
  cursor.space();
  const returns = readReturns(cursor);
  const what = readSearchProgram(cursor, { saves: returns?.save === true });
  return { tag, name: 'search', uid, returns, what };
}

export function readSort(tag: string, cursor: Cursor, uid: boolean): Command {
  cursor.space();
  const returns = readReturns(cursor);
  const max = imapLimits.sortCriteriaMax;
  const criteria = cursor.list(() => readCriterion(cursor), { max });
  const what = readInCharset(cursor, { saves: returns?.save === true });
  return { tag, name: 'sort', uid, returns, criteria, what };
}

export function readThread(tag: string, cursor: Cursor, uid: boolean): Command {
  cursor.space();
  const algorithm = cursor.word().toLowerCase();
  if (algorithm !== 'orderedsubject' && algorithm !== 'references') {
    throw wrong('Not a way to thread');
  }
  return { tag, name: 'thread', uid, algorithm, what: readInCharset(cursor, { saves: false }) };
}

export function readEsearch(tag: string, cursor: Cursor): Command {
  cursor.space();
  let sources = null;
  if (cursor.skipWord('IN')) {
    cursor.space();
    // Scope options may follow in brackets, and none are defined. RFC 7377 §2.2.
    const max = imapLimits.listEntriesMax;
    sources = cursor.list(() => readMailboxFilter(cursor), { max });
    cursor.space();
  }
  const returns = readReturns(cursor);
  const what = readSearchProgram(cursor, { saves: returns?.save === true });
  return { tag, name: 'esearch', sources, returns, what };
}

/** RFC 5267 §4.5. */
export function readCancelUpdate(tag: string, cursor: Cursor): Command {
  const tags: string[] = [];
  while (tags.length === 0 || !cursor.isAtEnd) {
    if (tags.length === imapLimits.listEntriesMax) throw wrong('Too many tags');
    cursor.space();
    tags.push(latin1(cursor.string()));
  }
  cursor.end();
  return { tag, name: 'cancelupdate', tags };
}

/** SORT and THREAD must say the charset. RFC 5256 §3. */
function readInCharset(cursor: Cursor, { saves }: { saves: boolean }): SearchKey {
  cursor.space();
  const charset = latin1(cursor.astring());
  cursor.space();
  return readSearchKeys(cursor, { charset, saves });
}

const sortWords: ReadonlySet<string> = new Set<SortCriterion['by']>([
  'arrival',
  'cc',
  'date',
  'displayfrom',
  'displayto',
  'from',
  'relevancy',
  'size',
  'subject',
  'to',
]);

function readCriterion(cursor: Cursor): SortCriterion {
  const reverse = cursor.skipWord('REVERSE');
  if (reverse) cursor.space();
  const by = cursor.word().toLowerCase();
  if (!sortWords.has(by)) throw wrong('Not something to sort by');
  return { by: by as SortCriterion['by'], reverse };
}

/** Nothing asked for. */
export const noReturns: SearchReturn = {
  min: false,
  max: false,
  all: false,
  count: false,
  save: false,
  partial: null,
  update: false,
  context: false,
  relevancy: false,
};

/** `RETURN (…) `; `RETURN ()` is ALL (RFC 4731 §3.1). null: no RETURN. */
function readReturns(cursor: Cursor): SearchReturn | null {
  if (!cursor.skipWord('RETURN')) return null;
  cursor.space();
  const read = () => readReturn(cursor);
  const options = cursor.list(read, { min: 0, max: imapLimits.listEntriesMax });
  cursor.space();
  if (options.length === 0) return { ...noReturns, all: true };
  const returns: SearchReturn = Object.assign({ ...noReturns }, ...options);
  // RFC 9394 §3.1: a window instead of the whole, not both.
  if (returns.all && returns.partial !== null) throw wrong('ALL and PARTIAL exclude each other');
  return returns;
}

function readReturn(cursor: Cursor): Partial<SearchReturn> {
  const word = cursor.word();
  switch (word) {
    case 'MIN':
      return { min: true };
    case 'MAX':
      return { max: true };
    case 'ALL':
      return { all: true };
    case 'COUNT':
      return { count: true };
    case 'SAVE':
      return { save: true };
    case 'UPDATE':
      return { update: true };
    case 'CONTEXT':
      return { context: true };
    case 'RELEVANCY':
      return { relevancy: true };
    case 'PARTIAL':
      cursor.space();
      return { partial: readPartialRange(cursor) };
    default:
      throw wrong('Not something that a search returns');
  }
}

const rangeText = /-?[0-9]{1,10}:-?[0-9]{1,10}/y;
const rangeForm = /^(?<sign>-?)(?<from>[1-9]\d*):\k<sign>(?<to>[1-9]\d*)$/;

/** `1:100`, `-1:-100`: either end first. RFC 9394 §4. */
export function readPartialRange(cursor: Cursor): PartialRange {
  const found = rangeForm.exec(cursor.match(rangeText))?.groups;
  if (found === undefined) throw wrong('A range like 1:100 or -1:-100');
  const one = Number(found['from']);
  const other = Number(found['to']);
  if (Math.max(one, other) > imapLimits.numberMax) throw wrong('The number is too large');
  const isFromEnd = found['sign'] === '-';
  return { isFromEnd, from: Math.min(one, other), to: Math.max(one, other) };
}
