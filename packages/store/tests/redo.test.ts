/**
 * The redo log: what it has must come back when neither the database nor the segment has reached
 * the disk, and nothing must come back that is there already, or that belongs to another time.
 * Power cuts make these states by chance (power.test.ts), here they are made on purpose.
 */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Store } from '../src/contract.ts';
import { acceptance, makeBody, recipient } from '../src/conformance/fixtures.ts';
import { readRedo } from '../src/sqlite/redo/log.ts';
import { storePaths } from '../src/sqlite/segments/files.ts';
import { addYou, fill, readInbox, Scratch } from './scratch.ts';

/** Longer than the checkpoint waits: then the files rest. */
const restMs = 900;

/** By another process: closing a file of a database drops the locks that this one has on it. */
function copy(from: Scratch, to: Scratch, ...names: readonly string[]): void {
  for (const name of names) {
    const target = join(to.directory, name);
    execFileSync('sh', [
      '-c',
      `rm -rf "$2"; cp -r "$1" "$2" 2>/dev/null || true`,
      'sh',
      join(from.directory, name),
      target,
    ]);
  }
}

const database = ['merpati.db', 'merpati.db-wal'];
const letters = Array.from(
  { length: 21 },
  (_, index) => `Subject: ${index}\r\n\r\n${'kabar '.repeat(index * 20)}\r\n`,
);
const [first = '', ...later] = letters;

/** Before: a store with one message. Running: the same one, with twenty more in its log. */
async function makeStates(running: Scratch, before: Scratch): Promise<Store> {
  const store = await running.open();
  await addYou(store);
  await fill(store, [first]);
  await sleep(restMs);
  copy(running, before, ...database, 'segments');
  await fill(store, later);
  await sleep(restMs);
  return store;
}

async function expectAll(scratch: Scratch, texts: readonly string[]): Promise<void> {
  const store = await scratch.open();
  const whole = texts.map((text) => `Return-Path: <a@sender.test>\r\n${text}`);
  assert.deepEqual(await readInbox(store), whole);
  assert.deepEqual((await store.check({ deep: true })).findings, []);
  await store.close();
  const again = await scratch.open();
  assert.deepEqual(await readInbox(again), whole, 'once is enough');
}

test('neither the commits nor the bodies have reached the disk', async () => {
  await using running = new Scratch();
  await using cut = new Scratch();
  await makeStates(running, cut);
  copy(running, cut, 'redo.log');
  await expectAll(cut, letters);
});

test('the commits have, the bodies have not', async () => {
  await using running = new Scratch();
  await using cut = new Scratch();
  await makeStates(running, cut);
  copy(running, cut, ...database, 'redo.log');
  await expectAll(cut, letters);
});

test('the bodies have, the commits have not', async () => {
  await using running = new Scratch();
  await using cut = new Scratch();
  await makeStates(running, cut);
  copy(running, cut, 'segments', 'redo.log');
  await expectAll(cut, letters);
});

test('the last record is torn: it was never answered', async () => {
  await using running = new Scratch();
  await using cut = new Scratch();
  await makeStates(running, cut);
  copy(running, cut, 'redo.log');
  const paths = storePaths(cut.directory);
  const bytes = readFileSync(paths.redo);
  const last = bytes.lastIndexOf('Subject: 20\r\n');
  assert.ok(last > 0);
  bytes[last] = 0;
  writeFileSync(paths.redo, bytes);
  await expectAll(cut, letters.slice(0, -1));
});

test('the log of another time is left alone', async () => {
  await using running = new Scratch();
  await using other = new Scratch();
  await makeStates(running, other);
  const store = await other.open(); // begins a time of its own
  await store.close();
  copy(running, other, 'redo.log');
  await expectAll(other, [first]);
});

test('what was done again, or removed since, does not come back', async () => {
  await using scratch = new Scratch();
  const store = await scratch.open();
  const you = await addYou(store);
  await fill(store, letters);
  const [inbox] = await store.mailboxes(you);
  assert.ok(inbox);
  const rows = await store.messages(you, inbox.id, { fromUid: 1 as never, limit: 100 });
  await store.expunge(
    you,
    inbox.id,
    rows.slice(0, 10).map(({ uid }) => uid),
  );
  await sleep(restMs);
  await using cut = new Scratch();
  copy(scratch, cut, ...database, 'segments', 'redo.log');
  await expectAll(cut, letters.slice(10));
});

test('what was sent on before the power went is not sent again', async () => {
  await using running = new Scratch();
  await using cut = new Scratch();
  const store = await makeStates(running, cut);
  const nowMs = 2_000_000_000_000;
  const claim = (one: Store) =>
    one.claim({ nowMs, leaseMs: 60_000, itemsMax: 10, skipDomains: [] });
  const [one, other] = await Promise.all(
    ['one', 'other'].map(async (text) => {
      const body = await makeBody(store, Buffer.from(`Subject: ${text}\r\n\r\n`));
      const recipients = [recipient(`${text}@surat.test`)];
      return store.accept(acceptance(body, { recipients }));
    }),
  );
  assert.ok(one?.ok && other?.ok);
  const claimed = await claim(store);
  assert.deepEqual(
    claimed.map((item) => item.recipient),
    ['friend@surat.test', 'friend@surat.test', 'one@surat.test', 'other@surat.test'],
  );
  const [, , sent] = claimed;
  assert.ok(sent);
  const items = [{ id: sent.id, token: sent.token, outcome: { kind: 'done' } as const }];
  const settled = await store.settle({ items, events: [], notices: [], nowMs });
  assert.deepEqual(settled.items, ['ok']);
  copy(running, cut, 'redo.log');
  const again = await cut.open();
  const left = await claim(again);
  assert.deepEqual(
    left.map((item) => [item.recipient, item.id]),
    claimed.filter((item) => item !== sent).map((item) => [item.recipient, item.id]),
  );
  assert.deepEqual((await again.check({ deep: true })).findings, []);
});

test('it is written over from its beginning, and never grows', async () => {
  await using scratch = new Scratch();
  const store = await scratch.open();
  await addYou(store);
  const body = `Subject: besar\r\n\r\n${'x'.repeat(60_000)}\r\n`;
  await fill(
    store,
    Array.from({ length: 60 }, (_, index) => `X-Number: ${index}\r\n${body}`),
  );
  assert.equal(readFileSync(storePaths(scratch.directory).redo).length, 2 * 1024 * 1024);
  assert.deepEqual((await store.check({ deep: true })).findings, []);
});

test('whatever stands in it, opening goes on', async () => {
  await using scratch = new Scratch();
  const paths = storePaths(scratch.directory);
  assert.deepEqual(readRedo(paths, 1, 0), []);
  for (const bytes of [Buffer.alloc(0), Buffer.alloc(39), Buffer.alloc(5000, 0xff)]) {
    writeFileSync(paths.redo, bytes);
    assert.deepEqual(readRedo(paths, 1, 0), []);
  }
  const store = await scratch.open();
  await addYou(store);
  await fill(store, letters);
  await store.close();
  truncateSync(paths.redo, 100);
  await expectAll(scratch, letters);
});
