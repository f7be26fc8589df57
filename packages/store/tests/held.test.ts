/**
 * Answered, and its commit still to come: whoever asks sees it, whatever fails meanwhile, and a
 * full disk delays only its being seen.
 */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { leaveUndone } from '../../../tests/programs.ts';
import type { Store } from '../src/contract.ts';
import { acceptance, delivery, makeBody } from '../src/conformance/fixtures.ts';
import { mailboxId } from '../src/ids.ts';
import { openStore } from '../src/sqlite/open.ts';
import { LoopDisk, whyNoDisk } from './loop-disk.ts';
import { addYou, readInbox, Scratch, you } from './scratch.ts';

const mib = 1024 * 1024;
const prefix = 'Return-Path: <a@sender.test>\r\n';

async function deliver(store: Store, text: string): Promise<void> {
  const body = await makeBody(store, Buffer.from(text, 'latin1'));
  const result = await store.accept(acceptance(body, { deliveries: [delivery(you)] }));
  assert.ok(result.ok);
}

test('many share a commit, and each is to be seen when it is answered', async () => {
  await using scratch = new Scratch();
  const store = await scratch.open();
  await addYou(store);
  const before = await store.stats();
  const texts = Array.from({ length: 300 }, (_, index) => `Subject: ${index}\r\n\r\nHalo.\r\n`);
  for (const text of texts) await deliver(store, text);
  const after = await store.stats();
  assert.ok(after.commits - before.commits < 200, `${after.commits - before.commits} commits`);
  for (const text of ['Subject: a\r\n\r\n', 'Subject: b\r\n\r\n']) {
    await deliver(store, text);
    texts.push(text);
    const { total } = (await store.mailbox(you, mailboxId(1))) ?? assert.fail();
    assert.equal(total, texts.length);
  }
  const expected = texts.map((text) => prefix + text);
  assert.deepEqual(await readInbox(store), expected);
});

test('what fails beside them takes nobody along', async () => {
  await using scratch = new Scratch();
  const store = await scratch.open();
  await addYou(store);
  await deliver(store, 'Subject: 1\r\n\r\n');
  const body = await makeBody(store, Buffer.from('Subject: 2\r\n\r\n'));
  const good = acceptance(body, { deliveries: [delivery(you)] });
  // A state that no caller may bring about: the database itself refuses it.
  const bad = acceptance(body, { deliveries: [{ ...delivery(you), flags: 0.5 }] });
  const results = await Promise.allSettled([store.accept(bad), store.accept(good)]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ['rejected', 'fulfilled'],
  );
  await assert.rejects(store.accept(bad));
  await deliver(store, 'Subject: 3\r\n\r\n');
  assert.deepEqual(
    await readInbox(store),
    [1, 2, 3].map((n) => `${prefix}Subject: ${n}\r\n\r\n`),
  );
  assert.deepEqual((await store.check({ deep: true })).findings, []);
});

test('a disk that fills up before the commit', async (context: TestContext) => {
  const reason = whyNoDisk('tmpfs');
  if (reason !== null) {
    leaveUndone(context, reason);
    return;
  }
  await using disk = await LoopDisk.create('tmpfs', 96 * mib);
  const directory = join(disk.directory, 'store');
  const filler = join(disk.directory, 'filler');
  let store = await openStore({ directory, reserveBytes: 0 });
  try {
    await addYou(store);
    const texts = Array.from(
      { length: 40 },
      (_, index) => `Subject: ${index}\r\n\r\n${randomBytes(2000).toString('base64')}\r\n`,
    );
    await deliver(store, texts[0] ?? '');
    assert.equal((await readInbox(store)).length, 1);
    for (const text of texts.slice(1)) await deliver(store, text);
    const { bavail, bsize } = statfsSync(directory);
    execFileSync('fallocate', ['-l', String(bavail * bsize - 8 * mib), filler]);
    execFileSync('sh', ['-c', `cat /dev/zero >>"${filler}" 2>/dev/null || true`]);
    assert.ok((await readInbox(store)).length > 0, 'what was to be seen before still is');
    rmSync(filler);
    const expected = texts.map((text) => prefix + text).sort();
    assert.deepEqual([...(await readInbox(store))].sort(), expected);
    await store.close();
    store = await openStore({ directory, reserveBytes: 0 });
    assert.deepEqual([...(await readInbox(store))].sort(), expected);
    assert.deepEqual((await store.check({ deep: true })).findings, []);
  } finally {
    await store.close();
  }
});
