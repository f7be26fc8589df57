/**
 * The disk runs full under a serving server: senders are told "later" in the words of SMTP, readers
 * go on reading, nothing that was answered 250 is lost, and with room again the service is back by
 * itself.
 */

import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readInbox } from './peers/inbox.ts';
import { Folder, mustRun, runProgram, waitFor } from './peers/machine.ts';
import { Merpati } from './peers/merpati.ts';
import { checkMessage, SmtpLoad } from './peers/smtp-load.ts';
import type { Sent } from './peers/smtp-load.ts';
import { requireProgram } from './programs.ts';
import { root } from './tidy/tree.ts';

const user = 'you@merpati.test';
const sizeOf = (number: number): number => (number % 10 === 0 ? 700_000 : 5000 + number * 7);

test('a full disk: 452 4.3.1, reading goes on, and the service returns by itself', async (t) => {
  if (!requireProgram(t, 'root', 'mkfs.ext4', 'openssl')) return;
  using folder = new Folder('small-disk');
  await mustRun('mount', ['-t', 'tmpfs', '-o', 'size=170m,mode=700', 'merpati-test', folder.path]);
  await using unmount = new AsyncDisposableStack();
  unmount.defer(async () => {
    await mustRun('umount', ['--lazy', folder.path]);
  });
  const ballast = folder.file('ballast');
  writeFileSync(ballast, Buffer.alloc(50_000_000, 1));
  await using server = await Merpati.start({ data: folder.file('data') });
  const accepted: Sent[] = [];

  const fill = new SmtpLoad({ ...load(1), sessions: 4 });
  await waitFor('a full disk', () => fill.refused.length >= 20 || fill.isIdle, 60_000);
  await fill.end();
  accepted.push(...fill.accepted);
  assert.ok(fill.refused.length >= 20, 'the disk did not fill');
  for (const { reply } of fill.refused) assert.match(reply, /^452 4\.3\.1 /);
  assert.ok(accepted.length > 20);

  await assertAllThere('while the disk is full');

  rmSync(ballast);
  await waitFor('the service', async () => {
    const probe = new SmtpLoad({ ...load(fill.nextNumber + accepted.length), sessions: 1 });
    await waitFor('an answer', () => probe.accepted.length + probe.refused.length > 0);
    await probe.end();
    accepted.push(...probe.accepted);
    return probe.accepted.length > 0;
  });
  await assertAllThere('with room again');
  assert.equal(await server.bugs(), 0);

  await server.stop();
  const command = join(root, 'packages/server/bin/merpati.js');
  const checked = await runProgram(process.execPath, [
    ...[command, 'store', 'check', '--deep', '--config', server.configFile],
  ]);
  assert.equal(checked.code, 0, checked.stdout + checked.stderr);

  function load(firstNumber: number) {
    return { port: server.ports.smtp, recipients: [user], firstNumber, sizeOf };
  }

  async function assertAllThere(when: string): Promise<void> {
    const found = (await readInbox(server, { user })).map((text) => checkMessage(text, sizeOf));
    assert.ok(
      found.every(({ isWhole }) => isWhole),
      `torn ${when}`,
    );
    const numbers = found.map(({ number }) => number).sort((a, b) => a - b);
    const expected = accepted.map(({ number }) => number).sort((a, b) => a - b);
    assert.deepEqual(numbers, expected, when);
  }
});
