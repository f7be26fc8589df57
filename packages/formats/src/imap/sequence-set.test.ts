import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import {
  type SequenceSet,
  intersectSets,
  numbersOf,
  readSequenceSet,
  resolveSet,
  setHas,
  setOf,
  setSize,
  writeSequenceSet,
} from './sequence-set.ts';

test('sets are read as sent', () => {
  assert.deepEqual(readSequenceSet('4:2,9:*,*,7'), [
    { from: 4, to: 2 },
    { from: 9, to: '*' },
    { from: '*', to: '*' },
    { from: 7, to: 7 },
  ]);
  for (const text of [
    '',
    ',',
    '1,',
    '0',
    '01',
    '1:2:3',
    ':',
    '-1',
    '1:',
    '4294967296',
    'a',
    '1 2',
  ]) {
    assert.throws(() => readSequenceSet(text), { code: 'imap.bad-set' }, text);
  }
});

test('* is the largest, also when it is less. RFC 9051 §9', () => {
  assert.deepEqual(resolveSet(readSequenceSet('9:*,1:2'), 7), [
    { from: 1, to: 2 },
    { from: 7, to: 9 },
  ]);
  assert.deepEqual(resolveSet(readSequenceSet('1:*'), 0), []);
  assert.deepEqual(resolveSet(readSequenceSet('3,1:2,2:5'), 9), [{ from: 1, to: 5 }]);
});

const number = fc.integer({ min: 1, max: 40 });
const anyNumber = fc.oneof(number, fc.constant('*' as const));
const anySet: fc.Arbitrary<SequenceSet> = fc.array(
  fc.record({ from: anyNumber, to: anyNumber }, { noNullPrototype: true }),
  { minLength: 1, maxLength: 8 },
);

test('writing and reading give a set back; resolving loses and adds nothing', () => {
  fc.assert(
    fc.property(anySet, number, (set, largest) => {
      assert.deepEqual(readSequenceSet(writeSequenceSet(set)), set);
      const naive = new Set<number>();
      for (const range of set) {
        const ends = [range.from, range.to].map((end) => (end === '*' ? largest : end));
        for (let at = Math.min(...ends); at <= Math.max(...ends); at += 1) naive.add(at);
      }
      const resolved = resolveSet(set, largest);
      const sorted = [...naive].sort((one, other) => one - other);
      assert.deepEqual([...numbersOf(resolved)], sorted);
      assert.deepEqual(setOf(sorted), resolved);
      assert.equal(setSize(resolved), naive.size);
      for (let at = 0; at <= 42; at += 1) assert.equal(setHas(resolved, at), naive.has(at));
    }),
  );
});

test('what two sets share', () => {
  fc.assert(
    fc.property(anySet, anySet, (one, other) => {
      const left = resolveSet(one, 40);
      const right = resolveSet(other, 40);
      const shared = [...numbersOf(left)].filter((at) => setHas(right, at));
      assert.deepEqual([...numbersOf(intersectSets(left, right))], shared);
    }),
  );
});

test('a large set takes no longer than it is', () => {
  const text = Array.from({ length: 10_000 }, (_, at) => `${2 * at + 1}`).join(',');
  const set = resolveSet(readSequenceSet(text), 30_000);
  assert.equal(setSize(set), 10_000);
  assert.ok(setHas(set, 9999));
  assert.ok(!setHas(set, 10_000));
});
