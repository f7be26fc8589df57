import assert from 'node:assert/strict';
import test from 'node:test';
import { bytesText, clockText, durationText, whenText } from './figures.ts';

test('durations', () => {
  const table: [number, string, string][] = [
    [0, '0 ms', '0 ms'],
    [340, '0.3 ms', '0,3 ms'],
    [980, '1 ms', '1 ms'],
    [12_400, '12 ms', '12 ms'],
    [99_400, '99 ms', '99 ms'],
    [99_600, '0.10 s', '0,10 dtk'],
    [860_000, '0.86 s', '0,86 dtk'],
    [9_994_000, '9.99 s', '9,99 dtk'],
    [9_995_000, '10.0 s', '10,0 dtk'],
    [59_960_000, '1 min', '1 mnt'],
    [252_000_000, '4 min 12 s', '4 mnt 12 dtk'],
    [7_500_000_000, '2 h 5 min', '2 jam 5 mnt'],
    [3_599_600_000, '1 h', '1 jam'],
    [86_399_000_000, '1 d', '1 hari'],
    [273_600_000_000, '3 d 4 h', '3 hari 4 jam'],
  ];
  for (const [us, en, id] of table) {
    assert.equal(durationText(us, 'en'), en);
    assert.equal(durationText(us, 'id'), id);
  }
});

test('sizes', () => {
  const table: [number, string][] = [
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 KB'],
    [2193, '2.2 KB'],
    [9960, '10 KB'],
    [999_499, '999 KB'],
    [999_500, '1.0 MB'],
    [5_000_000, '5.0 MB'],
    [52_428_800, '52 MB'],
    [3e12, '3.0 TB'],
    [3e15, '3000 TB'],
  ];
  for (const [bytes, en] of table) {
    assert.equal(bytesText(bytes, 'en'), en);
    assert.equal(bytesText(bytes, 'id'), en.replace('.', ','));
  }
});

test('times', () => {
  const at = Date.UTC(2026, 10, 21, 12, 5, 29, 310);
  assert.equal(clockText(at * 1000 + 412, 420, 'en'), '19:05:29.310');
  assert.equal(clockText(at * 1000, 420, 'id'), '19.05.29.310');
  const view = { nowMs: at, offsetMinutes: 420, language: 'en' as const };
  assert.equal(whenText(at + 60_000, view), '19:06:29');
  assert.equal(whenText(at + 5 * 3_600_000, view), '2026-11-22 00:05');
  assert.equal(whenText(at + 5 * 3_600_000, { ...view, language: 'id' }), '2026-11-22 00.05');
});
