import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pace } from './pace.ts';

test('no limit', () => {
  const pace = new Pace(0, 0);
  for (let i = 0; i < 1000; i += 1) assert.equal(pace.take(0), 0);
});

test('in a minute as many as allowed, and a tenth of them at once', () => {
  const pace = new Pace(60, 0);
  let nowMs = 0;
  let sent = 0;
  while (nowMs < 60_000) {
    const waitMs = pace.take(nowMs);
    if (waitMs === 0) sent += 1;
    else nowMs += waitMs;
  }
  assert.ok(sent >= 64 && sent <= 67, `${sent}`);
  assert.ok(!pace.isFull(nowMs));
  assert.ok(pace.isFull(nowMs + 10_000));
});

test('the clock set back gives nothing and breaks nothing', () => {
  const pace = new Pace(60, 100_000);
  for (let i = 0; i < 6; i += 1) assert.equal(pace.take(100_000), 0);
  assert.ok(pace.take(50_000) > 0);
  assert.equal(pace.take(51_001), 0);
});
