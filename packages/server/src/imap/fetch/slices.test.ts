import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { resolveSet } from '@merpati/formats/imap/sequence-set.ts';
import { cutRanges } from './cut-ranges.ts';
import { countOf, slicesOf } from './slices.ts';

const range = fc.tuple(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 0, max: 60 }));
const set = fc.array(range, { maxLength: 30 }).map((ranges) =>
  resolveSet(
    ranges.map(([from, more]) => ({ from, to: from + more })),
    600,
  ),
);

function numbersOf(ranges: readonly { from: number; to: number }[]): number[] {
  return ranges.flatMap(({ from, to }) =>
    Array.from({ length: to - from + 1 }, (_, index) => from + index),
  );
}

test('slices are bounded, in order, and hold every number once', () => {
  fc.assert(
    fc.property(set, fc.integer({ min: 1, max: 100 }), (ranges, max) => {
      const slices = [...slicesOf(ranges, max)];
      assert.deepEqual(
        slices.flatMap(({ wanted }) => numbersOf(wanted)),
        numbersOf(ranges),
      );
      for (const slice of slices) {
        assert.ok(slice.to - slice.from < max);
        assert.equal(slice.from, slice.wanted[0]?.from);
        assert.equal(slice.to, slice.wanted.at(-1)?.to);
      }
    }),
  );
});

test('a set with many small holes takes few slices, one with wide gaps no rows between', () => {
  const odd = Array.from({ length: 100 }, (_, index) => ({
    from: 2 * index + 1,
    to: 2 * index + 1,
  }));
  assert.equal([...slicesOf(odd, 256)].length, 1);
  const far = [
    { from: 1, to: 1 },
    { from: 1000, to: 1000 },
  ];
  assert.equal([...slicesOf(far, 4096)].length, 2);
});

test('a window is the same piece of the list of all numbers', () => {
  const bound = fc.integer({ min: 1, max: 80 });
  fc.assert(
    fc.property(set, bound, bound, fc.boolean(), (ranges, one, other, isFromEnd) => {
      const [from, to] = one < other ? [one, other] : [other, one];
      const all = numbersOf(ranges);
      const first = Math.max(0, all.length - to);
      const end = Math.max(0, all.length - from + 1);
      const expected = isFromEnd ? all.slice(first, end) : all.slice(from - 1, to);
      const cut = cutRanges(ranges, { isFromEnd, from, to });
      assert.deepEqual(numbersOf(cut), expected);
      assert.equal(countOf(cut), expected.length);
    }),
  );
});
