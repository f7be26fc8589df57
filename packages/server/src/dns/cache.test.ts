import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnswerCache } from './cache.ts';

const answer = { kind: 'nodata', ttlSeconds: 60, authenticated: false } as const;

test('the oldest answers go first, and the bound holds', () => {
  const cache = new AnswerCache(64_000);
  for (let i = 0; i < 1000; i += 1) {
    cache.keep(`A n${i}`, answer, { ttlMs: 60_000, nowMs: i, octets: 100 });
    assert.ok(cache.octets <= 64_000);
  }
  assert.equal(cache.find('A n0', 1000), null);
  assert.deepEqual(cache.find('A n999', 1000), { ...answer, ttlSeconds: 60 });
});

test('nothing is kept without a TTL, nor an answer as large as the cache', () => {
  const cache = new AnswerCache(64_000);
  cache.keep('A a', answer, { ttlMs: 0, nowMs: 0, octets: 100 });
  cache.keep('A b', answer, { ttlMs: 1000, nowMs: 0, octets: 30_000 });
  assert.equal(cache.find('A a', 0), null);
  assert.equal(cache.find('A b', 0), null);
  assert.equal(cache.octets, 0);
});

test('a new answer takes the place of the old one', () => {
  const cache = new AnswerCache(64_000);
  cache.keep('A a', answer, { ttlMs: 1000, nowMs: 0, octets: 100 });
  cache.keep('A a', answer, { ttlMs: 5000, nowMs: 0, octets: 100 });
  assert.equal(cache.octets, 400);
  assert.ok(cache.find('A a', 4000));
  assert.equal(cache.find('A a', 5000), null);
  assert.equal(cache.octets, 0);
});
