import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { nextAttemptMs } from './retry-curve.ts';

const curve = [60, 180, 600, 3600];
const base = { nowMs: 0, expiresMs: 432_000_000, curve, chance: 0.5 };

test('the first retries come within minutes, the last wait repeats', () => {
  const waits = [1, 2, 3, 4, 5, 50].map((attempts) => nextAttemptMs({ ...base, attempts }));
  assert.deepEqual(waits, [60_000, 180_000, 600_000, 3_600_000, 3_600_000, 3_600_000]);
});

test('chance spreads by 15 %, time never runs backwards, and there is an end', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      fc.integer({ min: 0, max: 500_000_000 }),
      (attempts, chance, nowMs) => {
        const next = nextAttemptMs({ ...base, attempts, chance, nowMs });
        if (nowMs >= base.expiresMs) return assert.equal(next, null);
        assert.ok(next !== null && next > nowMs && next <= base.expiresMs);
        const wait = (curve[Math.min(attempts, 4) - 1] ?? 0) * 1000;
        if (next < base.expiresMs) assert.ok(Math.abs(next - nowMs - wait) <= wait * 0.15 + 1);
      },
    ),
  );
});
