import { test } from 'node:test';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpuSeconds, memory, readTicks } from './proc.ts';

test('times are read past any process name', () => {
  const rest = 'S 1 1 1 0 -1 4194560 5 6 7 8 100 20 3 4 20 0 1 0 99';
  assert.equal(readTicks(`42 (evil ) name) ${rest}`), 127);
  assert.equal(readTicks(''), 0);
});

test('the time of a child that has ended counts', () => {
  const before = cpuSeconds([process.pid]);
  spawnSync(process.execPath, ['-e', 'while (process.cpuUsage().user < 150_000);']);
  const spent = cpuSeconds([process.pid]) - before;
  assert.ok(spent >= 0.1, `${spent} s`);
});

test('memory of ourselves is some, and shared pages count once', () => {
  const { rssBytes, pssBytes } = memory([process.pid]);
  assert.ok(pssBytes > 1_000_000);
  assert.ok(rssBytes >= pssBytes);
});
