import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { createLog, readableLine } from './log.ts';

test('one JSON object a line, without secrets', async (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'merpati-log-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'log');
  const log = createLog({ level: 'info', to: { file }, server: 'mx.merpati.test' });
  log.info({ event: 'login.ok', user: 'rina', password: 'rahasia', deep: { token: 'x' } });
  log.debug({ event: 'unseen' });
  const line = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  assert.equal(line['event'], 'login.ok');
  assert.equal(line['level'], 'info');
  assert.equal(line['server'], 'mx.merpati.test');
  assert.match(String(line['time']), /^\d{4}-.*Z$/);
  assert.equal(line['password'], '…');
  assert.deepEqual(line['deep'], { token: '…' });
});

test('the same for eyes', () => {
  const line = JSON.stringify({
    time: '2026-11-21T12:05:29.310Z',
    level: 'info',
    event: 'login.ok',
    user: 'rina@contoh.id',
    note: 'two words',
  });
  assert.equal(
    readableLine(line),
    '12:05:29.310 info  login.ok user=rina@contoh.id note="two words"\n',
  );
  const bug = JSON.stringify({
    level: 'error',
    event: 'bug',
    msg: 'm',
    err: { stack: 'Error: x' },
  });
  assert.match(readableLine(bug), /error.* bug m\nError: x\n$/);
});
