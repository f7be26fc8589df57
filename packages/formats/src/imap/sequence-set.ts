/**
 * Sets of message numbers or UIDs: `1:4,7,9:*`. RFC 9051 §9 (sequence-set); RFC 3501 §9. A set in a
 * command is as sent; `resolveSet` puts it in order against the largest number there is.
 */

import { SyntaxFault } from '../syntax-fault.ts';
import { imapLimits } from './limits.ts';

export type SetNumber = number | '*';

export interface SetRange {
  readonly from: SetNumber;
  readonly to: SetNumber;
}

/** As sent: in any order, ranges either way round, perhaps overlapping. Never empty. */
export type SequenceSet = readonly SetRange[];

export interface NumberRange {
  readonly from: number;
  /** Included, and never less than `from`. */
  readonly to: number;
}

/** In order, apart from each other, `*` replaced. Perhaps empty. */
export type ResolvedSet = readonly NumberRange[];

/**
 * Reads a set. Throws `SyntaxFault` with code `imap.bad-set`.
 *
 * @example
 * readSequenceSet('4:2,9:*') // [{ from: 4, to: 2 }, { from: 9, to: '*' }]
 */
export function readSequenceSet(text: string): SequenceSet {
  if (text.length > imapLimits.lineOctetsMax) throw badSet();
  return text.split(',').map((word) => {
    const colon = word.indexOf(':');
    if (colon < 0) {
      const only = readSetNumber(word);
      return { from: only, to: only };
    }
    return { from: readSetNumber(word.slice(0, colon)), to: readSetNumber(word.slice(colon + 1)) };
  });
}

function readSetNumber(word: string): SetNumber {
  if (word === '*') return '*';
  // Leading zeroes are not of the grammar, and old clients send none.
  if (!/^[1-9][0-9]{0,9}$/.test(word)) throw badSet();
  const value = Number(word);
  if (value > imapLimits.numberMax) throw badSet();
  return value;
}

function badSet(): SyntaxFault {
  return new SyntaxFault('imap.bad-set', 'Not a set of numbers');
}

/** @example writeSequenceSet([{ from: 1, to: 3 }, { from: 7, to: 7 }]) // '1:3,7' */
export function writeSequenceSet(set: SequenceSet): string {
  return set.map(({ from, to }) => (from === to ? `${from}` : `${from}:${to}`)).join(',');
}

/**
 * Puts a set in order: `*` is `largest` (also in `9:*` when there are but 7: RFC 9051 §9 says that
 * order does not matter), neighbours and overlaps are joined. With `largest` 0 there is nothing
 * that `*` could be, and a range with it is dropped. Numbers beyond `largest` stay.
 *
 * @example resolveSet([{ from: 9, to: '*' }, { from: 1, to: 2 }], 7)
 * // [{ from: 1, to: 2 }, { from: 7, to: 9 }]
 */
export function resolveSet(set: SequenceSet, largest: number): ResolvedSet {
  const ranges: { from: number; to: number }[] = [];
  for (const range of set) {
    const from = range.from === '*' ? largest : range.from;
    const to = range.to === '*' ? largest : range.to;
    if (from === 0 || to === 0) continue;
    ranges.push(from <= to ? { from, to } : { from: to, to: from });
  }
  ranges.sort((one, other) => one.from - other.from);
  const joined: { from: number; to: number }[] = [];
  for (const range of ranges) {
    const last = joined.at(-1);
    if (last !== undefined && range.from <= last.to + 1) last.to = Math.max(last.to, range.to);
    else joined.push(range);
  }
  return joined;
}

/** Whether a resolved set has the number: in logarithmic time. */
export function setHas(set: ResolvedSet, number: number): boolean {
  let low = 0;
  let high = set.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const range = set[middle]!;
    if (number < range.from) high = middle - 1;
    else if (number > range.to) low = middle + 1;
    else return true;
  }
  return false;
}

/** How many numbers a resolved set has. */
export function setSize(set: ResolvedSet): number {
  let size = 0;
  for (const { from, to } of set) size += to - from + 1;
  return size;
}

/** What both resolved sets have. */
export function intersectSets(one: ResolvedSet, other: ResolvedSet): ResolvedSet {
  const both: NumberRange[] = [];
  for (let left = 0, right = 0; left < one.length && right < other.length;) {
    const a = one[left]!;
    const b = other[right]!;
    const from = Math.max(a.from, b.from);
    const to = Math.min(a.to, b.to);
    if (from <= to) both.push({ from, to });
    if (a.to < b.to) left += 1;
    else right += 1;
  }
  return both;
}

/** Numbers in ascending order as ranges; the same number twice counts once. */
export function setOf(numbers: Iterable<number>): ResolvedSet {
  const ranges: { from: number; to: number }[] = [];
  let last: { from: number; to: number } | undefined;
  for (const number of numbers) {
    if (last !== undefined && number <= last.to + 1) last.to = Math.max(last.to, number);
    else {
      last = { from: number, to: number };
      ranges.push(last);
    }
  }
  return ranges;
}

/** Every number of a resolved set, ascending. Mind the size: `1:4294967295` is a set too. */
export function* numbersOf(set: ResolvedSet): Generator<number> {
  for (const { from, to } of set) for (let number = from; number <= to; number += 1) yield number;
}
