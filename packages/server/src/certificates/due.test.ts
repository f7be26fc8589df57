/** When, with which key, and when again. RFC 7671 §8.1. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DnsAnswer } from '../world.ts';
import { chooseKey, renewAtMs, retryAfterMs } from './due.ts';

const dayMs = 86_400_000;

test('at two thirds of its life, not all on one day', () => {
  const fromMs = Date.parse('2026-01-01T00:00:00Z');
  const dates = {
    validFrom: new Date(fromMs).toUTCString(),
    validTo: new Date(fromMs + 90 * dayMs).toUTCString(),
  };
  const days = ['00', '7F', 'FF'].map((start) => {
    const fingerprint256 = `${start}:${'00:'.repeat(30)}00`;
    return (renewAtMs({ ...dates, fingerprint256 }) - fromMs) / dayMs;
  });
  assert.deepEqual(
    days.map((day) => Math.round(day * 10) / 10),
    [58.5, 60, 61.5],
  );
});

test('again in ten minutes, then later and later, at most in a day', () => {
  const minutes = [1, 2, 3, 8, 9, 50].map((failures) => retryAfterMs(failures, 0.5) / 60_000);
  assert.deepEqual(minutes, [10, 20, 40, 1280, 1440, 1440]);
  assert.equal(retryAfterMs(1, 0) / 60_000, 8.5);
});

test('a key is shown when the DNS has told of it for two lives of the records', () => {
  const nextHash = new Uint8Array(32).fill(2);
  const record = (data: Uint8Array, usage = 3) =>
    ({ type: 'TLSA', usage, selector: 1, matching: 1, data }) as const;
  const answer = (...records: ReturnType<typeof record>[]): DnsAnswer => ({
    kind: 'records',
    records,
    ttlSeconds: 300,
    authenticated: true,
    aliases: [],
  });
  const current = record(new Uint8Array(32).fill(1));
  const next = record(nextHash);
  const nowMs = 1_000_000_000;
  const facts = { nextHash, nextSeenMs: null, nowMs, expiresMs: nowMs + 20 * dayMs };
  const choose = (tlsa: DnsAnswer, over: { nextSeenMs?: number; expiresMs?: number } = {}) =>
    chooseKey({ ...facts, ...over, tlsa }).key;
  const nothing = { kind: 'nodata', ttlSeconds: 1, authenticated: false } as const;
  const silence = { kind: 'error', reason: 'timeout' } as const;
  const pressing = { expiresMs: nowMs + dayMs };
  assert.equal(choose(nothing), 'next');
  assert.equal(choose(answer(current)), 'current');
  assert.equal(choose(answer(current, record(nextHash, 2))), 'current', 'another use');
  assert.equal(choose(answer(current, next)), 'wait');
  assert.equal(choose(answer(current, next), { nextSeenMs: nowMs - 599_000 }), 'wait');
  assert.equal(choose(answer(current, next), { nextSeenMs: nowMs - 600_000 }), 'next');
  assert.equal(choose(answer(current, next), pressing), 'current');
  assert.equal(choose(silence), 'wait');
  assert.equal(choose(silence, pressing), 'current');
});
