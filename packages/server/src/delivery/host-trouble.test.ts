import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HostTrouble } from './host-trouble.ts';
import { deliveryLimits } from './limits.ts';

test('left alone ever longer, but less than a message waits; a success forgets it', () => {
  const curve = [60, 180, 3600];
  const trouble = new HostTrouble(curve);
  let nowMs = 0;
  const pauses: number[] = [];
  for (let i = 0; i < 8; i += 1) {
    trouble.failed('mx.test:25', 'ECONNREFUSED', nowMs);
    // Attempts side by side count once.
    trouble.failed('mx.test:25', 'ECONNREFUSED', nowMs + 1);
    const startMs = nowMs;
    while (trouble.find('mx.test:25', nowMs) !== null) nowMs += 1000;
    pauses.push((nowMs - startMs) / 1000);
  }
  assert.deepEqual(pauses, [20, 40, 80, 160, 320, 600, 600, 600]);
  trouble.failed('mx.test:25', 'ECONNREFUSED', nowMs);
  trouble.worked('mx.test:25');
  assert.equal(trouble.find('mx.test:25', nowMs), null);
  const impatient = new HostTrouble([1]);
  for (let i = 0; i < 10; i += 1) impatient.failed('mx.test:25', 'ECONNREFUSED', i * 10_000);
  assert.equal(impatient.find('mx.test:25', 90_500), null);
});

test('only so many are remembered, the newest', () => {
  const trouble = new HostTrouble([60]);
  const { troubledHostsMax } = deliveryLimits;
  for (let i = 0; i <= troubledHostsMax; i += 1) trouble.failed(`h${i}`, 'ETIMEDOUT', 0);
  assert.equal(trouble.find('h0', 1), null);
  assert.equal(trouble.find(`h${troubledHostsMax}`, 1), 'ETIMEDOUT');
});
