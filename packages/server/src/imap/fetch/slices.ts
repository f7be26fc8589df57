/**
 * A set of message numbers in slices that the store is asked for one after the other: bounded, and
 * not one for each number where the set has many small holes.
 */

import type { NumberRange } from '@merpati/formats/imap/sequence-set.ts';
import { type Uid, uid } from '@merpati/store/ids.ts';
import type { View } from '../view/view.ts';

/** Rows that are read and thrown away rather than asking twice. */
const gapMax = 32;

/** Numbers of a loaded view: those that are wanted, and what lies between them. */
export interface NumberSlice extends NumberRange {
  /** Ascending and apart; the first begins at `from`, the last ends at `to`. */
  readonly wanted: readonly NumberRange[];
}

/** @example [...slicesOf([{ from: 1, to: 300 }], 256)].length // 2 */
export function* slicesOf(
  ranges: readonly NumberRange[],
  numbersMax: number,
): Generator<NumberSlice> {
  let wanted: NumberRange[] = [];
  for (const range of ranges) {
    for (let { from } = range; from <= range.to;) {
      const first = wanted[0]?.from ?? from;
      const isFar = from - (wanted.at(-1)?.to ?? from) > gapMax;
      const room = numbersMax - (from - first);
      if (isFar || room <= 0) {
        yield close(wanted);
        wanted = [];
        continue;
      }
      const to = Math.min(range.to, from + room - 1);
      wanted.push({ from, to });
      from = to + 1;
    }
  }
  if (wanted.length > 0) yield close(wanted);
}

function close(wanted: readonly NumberRange[]): NumberSlice {
  return { from: wanted[0]!.from, to: wanted.at(-1)!.to, wanted };
}

/** A message as the client numbers it, and its place in what the store answered. */
export interface Matched {
  readonly number: number;
  /** Up to this number all are wanted. */
  readonly lastNumber: number;
  /** Index into the store's rows. */
  readonly row: number;
}

/** Rows of the store for a slice, ascending by uid. */
export interface UidRows {
  readonly length: number;
  uidAt(row: number): number;
}

/** Asks for no more rows than the slice has numbers: the store has none that the view lacks. */
export function uidSliceOf(view: View, slice: NumberSlice) {
  const limit = slice.to - slice.from + 1;
  return { fromUid: view.uidAt(slice.from), toUid: view.uidAt(slice.to), limit };
}

/** The wanted messages of a slice that the store has. Those that it has not are gone. */
export function* matchRows(view: View, slice: NumberSlice, rows: UidRows): Generator<Matched> {
  let row = 0;
  for (const range of slice.wanted) {
    const uids = view.uidsOf(range);
    for (let index = 0; index < uids.length; index += 1) {
      const wanted = uids[index]!;
      while (row < rows.length && rows.uidAt(row) < wanted) row += 1;
      if (row >= rows.length) return;
      if (rows.uidAt(row) !== wanted) continue;
      yield { number: range.from + index, lastNumber: range.to, row };
    }
  }
}

/** The uids of these message numbers, ascending. */
export function uidsOfRanges(view: View, ranges: readonly NumberRange[]): Uid[] {
  const all: Uid[] = [];
  for (const range of ranges) for (const one of view.uidsOf(range)) all.push(uid(one));
  return all;
}

/** How many numbers these ranges have. */
export function countOf(ranges: readonly NumberRange[]): number {
  let count = 0;
  for (const { from, to } of ranges) count += to - from + 1;
  return count;
}
