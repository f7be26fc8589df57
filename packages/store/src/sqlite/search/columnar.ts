/** Criteria that columns of a mailbox answer without asking the database. */

import type { Criterion, UidRange } from '../../search.ts';
import type { Columns } from './columns.ts';
import { mergeRanges } from './expression.ts';

type Test = (at: number) => boolean;

/** The day in each Date field, in the order of the columns; null: not all are known. */
export type SentDays = () => Int32Array | null;

/** null: something is asked that stands in no column. */
export function testOf(criterion: Criterion, columns: Columns, sentDays: SentDays): Test | null {
  switch (criterion.kind) {
    case 'all':
      return () => true;
    case 'flag': {
      const { flags } = criterion;
      return (at) => (columns.flags[at]! & flags) === flags;
    }
    case 'modseq': {
      const { from } = criterion;
      return (at) => columns.modseqs[at]! >= from;
    }
    case 'uid':
      return testOfRanges(mergeRanges(criterion.ranges), columns);
    case 'not': {
      const test = testOf(criterion.of, columns, sentDays);
      return test === null ? null : (at) => !test(at);
    }
    case 'and':
    case 'or': {
      const tests = criterion.of.map((each) => testOf(each, columns, sentDays));
      if (!tests.every((test) => test !== null)) return null;
      return criterion.kind === 'and'
        ? (at) => tests.every((test) => test(at))
        : (at) => tests.some((test) => test(at));
    }
    case 'day':
      return criterion.of === 'sent' ? testOfDay(criterion, sentDays()) : null;
    case 'body':
    case 'email':
    case 'header':
    case 'keyword':
    case 'size':
    case 'text':
    case 'thread':
    case 'time':
      return null;
    default:
      return criterion satisfies never;
  }
}

function testOfDay(
  { is, day }: Extract<Criterion, { kind: 'day' }>,
  days: Int32Array | null,
): Test | null {
  if (days === null) return null;
  if (is === 'on') return (at) => days[at] === day;
  return is === 'before' ? (at) => days[at]! < day : (at) => days[at]! >= day;
}

function testOfRanges(ranges: readonly UidRange[], { uids }: Columns): Test {
  const [first, ...more] = ranges;
  if (first === undefined) return () => false;
  if (more.length === 0) return (at) => uids[at]! >= first.from && uids[at]! <= first.to;
  const ends = Float64Array.from(ranges, ({ to }) => to);
  return (at) => {
    const uid = uids[at]!;
    const range = ranges[firstAtLeast(ends, uid)];
    return range !== undefined && range.from <= uid;
  };
}

/** The place of the first that is not less; the length when all are. */
export function firstAtLeast(numbers: ArrayLike<number>, wanted: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (numbers[middle]! < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
