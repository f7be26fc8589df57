/** Generations of keys over the years, by a clock that is only a number. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { nextId, type Generation } from './keys.ts';
import { advance, needsNew, revokedMs, type RotationPolicy } from './rotation.ts';

const dayMs = 86_400_000;
const policy: RotationPolicy = { rotateAfterMs: 90 * dayMs, keepMs: 6 * dayMs };
const none = new Set<string>();

function made(id: string, createdMs: number, over: Partial<Generation> = {}): Generation {
  return {
    id,
    state: 'waiting',
    createdMs,
    signingMs: null,
    retiredMs: null,
    keepUntilMs: null,
    keys: [{ selector: id, kind: 'rsa', publicText: 'AA==', privateText: 'secret' }],
    ...over,
  };
}

const states = (generations: readonly Generation[]) =>
  generations.map(({ id, state }) => `${id} ${state}`);

describe('a key signs when its record has been seen, not before', () => {
  const first = [made('a', 0)];
  test('unseen, nothing changes, however long it takes', () => {
    const seen = { nowMs: 1000 * dayMs, published: none, gone: none };
    assert.equal(advance(first, seen, policy), first);
    assert.equal(needsNew(first, seen.nowMs, policy), false);
  });
  test('seen, it signs', () => {
    const [one] = advance(first, { nowMs: 5, published: new Set('a'), gone: none }, policy);
    assert.deepEqual([one?.state, one?.signingMs], ['signing', 5]);
  });
});

test('a year of rotation: the old record stays until nothing needs it', () => {
  let generations: readonly Generation[] = [made('a', 0)];
  const at = (day: number, published: readonly string[] = [], gone: readonly string[] = []) => {
    const seen = { nowMs: day * dayMs, published: new Set(published), gone: new Set(gone) };
    generations = advance(generations, seen, policy);
    return states(generations);
  };
  assert.deepEqual(at(1, ['a']), ['a signing']);
  assert.equal(needsNew(generations, 90 * dayMs, policy), false);
  assert.equal(needsNew(generations, 91 * dayMs, policy), true);
  assert.equal(needsNew(generations, 9999 * dayMs, { ...policy, rotateAfterMs: 0 }), false);
  generations = [...generations, made('b', 91 * dayMs)];
  assert.equal(needsNew(generations, 92 * dayMs, policy), false);
  assert.deepEqual(at(92), ['a signing', 'b waiting']);
  assert.deepEqual(at(93, ['b']), ['a retired', 'b signing']);
  // Its secret is gone at once, its record stays.
  assert.equal(generations[0]?.keys[0]?.privateText, null);
  assert.equal(generations[0]?.keepUntilMs, 99 * dayMs);
  assert.deepEqual(at(98, [], ['a']), ['a retired', 'b signing']);
  assert.deepEqual(at(99), ['a revoked', 'b signing']);
  assert.deepEqual(at(100), ['a revoked', 'b signing']);
  assert.deepEqual(at(100, [], ['a']), ['b signing']);
});

test('a revoked key whose record nobody removes is forgotten in the end', () => {
  const old = made('a', 0, { state: 'revoked', keepUntilMs: 10 });
  const seen = (nowMs: number) => ({ nowMs, published: none, gone: none });
  assert.equal(advance([old], seen(revokedMs), policy).length, 1);
  assert.equal(advance([old], seen(revokedMs + 10), policy).length, 0);
});

test('of two that wait the newer one signs, and the older one never has', () => {
  const both = [made('a', 0), made('b', 1)];
  const published = new Set(['a', 'b']);
  const after = advance(both, { nowMs: 2, published, gone: none }, policy);
  assert.deepEqual(states(after), ['a retired', 'b signing']);
  assert.equal(after[0]?.keepUntilMs, 2);
});

test('whatever is seen when: at most one signs, and only it has a secret besides who waits', () => {
  const step = fc.record({
    days: fc.nat(40),
    published: fc.subarray(['a', 'b', 'c', 'd']),
    gone: fc.subarray(['a', 'b', 'c', 'd']),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      let generations: readonly Generation[] = [];
      let nowMs = 0;
      const ids = ['a', 'b', 'c', 'd'];
      for (const { days, published, gone } of steps) {
        nowMs += days * dayMs;
        const seen = { nowMs, published: new Set(published), gone: new Set(gone) };
        const before = generations;
        generations = advance(generations, seen, policy);
        const signing = generations.filter(({ state }) => state === 'signing');
        assert.ok(signing.length <= 1);
        // Whoever has signed goes only to make room for another.
        if (before.some(({ state }) => state === 'signing')) assert.equal(signing.length, 1);
        for (const { state, keys } of generations) {
          const hasSecret = keys.some(({ privateText }) => privateText !== null);
          assert.equal(hasSecret, state === 'waiting' || state === 'signing');
        }
        const id = ids.find((one) => !generations.some((known) => known.id === one));
        if (needsNew(generations, nowMs, policy) && id !== undefined) {
          generations = [...generations, made(id, nowMs)];
        }
      }
    }),
  );
});

test('selectors tell the month, and sort as they were made', () => {
  const november = Date.UTC(2026, 10, 22);
  const taken: string[] = [];
  for (let i = 0; i < 60; i += 1) taken.push(nextId(november, taken));
  assert.deepEqual(taken.slice(0, 3), ['202611a', '202611b', '202611c']);
  assert.equal(new Set(taken).size, 60);
  assert.deepEqual(taken, taken.toSorted());
});
