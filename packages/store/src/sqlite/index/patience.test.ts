import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Patience, patienceMs, quietMs } from './patience.ts';

test('it begins when no more mail comes for a moment', () => {
  const patience = new Patience();
  assert.equal(patience.waitMs(0), null);
  patience.stored(0);
  assert.equal(patience.waitMs(0), quietMs);
  patience.stored(1000);
  assert.equal(patience.waitMs(1000), quietMs);
  assert.equal(patience.waitMs(1000 + quietMs), 0);
  patience.done();
  assert.equal(patience.waitMs(5000), null);
});

test('it begins although mail never stops', () => {
  const patience = new Patience();
  for (let nowMs = 0; nowMs < patienceMs; nowMs += 500) {
    patience.stored(nowMs);
    assert.ok((patience.waitMs(nowMs) ?? 0) > 0, String(nowMs));
  }
  patience.stored(patienceMs);
  assert.equal(patience.waitMs(patienceMs), 0);
});
