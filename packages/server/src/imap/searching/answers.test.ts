import assert from 'node:assert/strict';
import test from 'node:test';
import { noReturns } from '@merpati/formats/imap/read-search-command.ts';
import { readSequenceSet } from '@merpati/formats/imap/sequence-set.ts';
import * as fc from 'fast-check';
import { cutPartial, savedOf, writeRuns } from './answers.ts';

const numbers = (...all: number[]) => Uint32Array.from(all);

test('sets keep the order of what was found; neighbours become ranges', () => {
  assert.equal(writeRuns(numbers(1, 2, 3, 9, 4)), '1:3,9,4');
  assert.equal(writeRuns(numbers(3, 2, 1)), '3,2,1');
  const any = fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { minLength: 1 });
  fc.assert(
    fc.property(any, (found) => {
      const read = readSequenceSet(writeRuns(Uint32Array.from(found))).flatMap(({ from, to }) => {
        const [first, last] = [Number(from), Number(to)];
        return Array.from({ length: last - first + 1 }, (_, at) => first + at);
      });
      assert.deepEqual(read, found);
    }),
  );
});

test('a window from either end. RFC 9394 §3.1', () => {
  const found = numbers(2, 4, 6, 8);
  const cut = (isFromEnd: boolean, from: number, to: number) => [
    ...cutPartial(found, { isFromEnd, from, to }),
  ];
  assert.deepEqual(cut(false, 1, 2), [2, 4]);
  assert.deepEqual(cut(false, 3, 9), [6, 8]);
  assert.deepEqual(cut(false, 5, 9), []);
  assert.deepEqual(cut(true, 1, 1), [8]);
  assert.deepEqual(cut(true, 2, 3), [4, 6]);
  assert.deepEqual(cut(true, 3, 9), [2, 4]);
  assert.deepEqual(cut(true, 5, 9), []);
});

test('what $ stands for. RFC 5182 §2.4, RFC 9394 §3.1', () => {
  const found = numbers(9, 4, 7);
  const saved = (returns: Partial<typeof noReturns>) => [
    ...savedOf(found, { ...noReturns, save: true, ...returns }),
  ];
  assert.deepEqual(saved({}), [4, 7, 9]);
  assert.deepEqual(saved({ min: true }), [9]);
  assert.deepEqual(saved({ min: true, max: true }), [7, 9]);
  assert.deepEqual(saved({ min: true, count: true }), [4, 7, 9]);
  const partial = { isFromEnd: false, from: 2, to: 2 };
  assert.deepEqual(saved({ partial }), [4]);
  assert.deepEqual(saved({ partial, max: true }), [4, 7]);
  assert.deepEqual([...savedOf(numbers(), { ...noReturns, min: true })], []);
});
