import { test } from 'node:test';
import assert from 'node:assert/strict';
import { median, percentile, short } from './statistics.ts';

test('median of odd, even and no values', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.ok(Number.isNaN(median([])));
});

test('percentiles are values that were measured', () => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index);
  assert.equal(percentile(values, 0.5), 50);
  assert.equal(percentile(values, 0.99), 99);
  assert.equal(percentile(values, 1), 100);
  assert.equal(percentile([7], 0), 7);
});

test('numbers for tables', () => {
  assert.equal(short(12_345.6), '12,346');
  assert.equal(short(12.345), '12.3');
  assert.equal(short(0.0567), '0.057');
  assert.equal(short(Number.NaN), '–');
});
