/**
 * Compaction, backup, checkpoints, and what happens to the group of an operation that is our own
 * mistake.
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { test } from 'node:test';
import type { Store } from '../src/contract.ts';
import { mailboxId, modSeq, uid } from '../src/ids.ts';
import {
  acceptance,
  addAccount,
  delivery,
  makeBody,
  nowMs,
  sampleBody,
} from '../src/conformance/fixtures.ts';
import { openStore } from '../src/sqlite/open.ts';
import { storePaths } from '../src/sqlite/segments/files.ts';
import type { SqliteStore } from '../src/sqlite/store.ts';
import { addYou, fill, readInbox, Scratch, you } from './scratch.ts';

const kib = 1024;

async function expungeEveryOther(store: Store): Promise<void> {
  const rows = await store.messages(you, mailboxId(1), { fromUid: uid(1), limit: 9999 });
  const uids = rows.map((row) => row.uid).filter((each) => each % 2 === 1);
  await store.expunge(you, mailboxId(1), uids);
}

test(
  'compaction gives back what is dead, under readers and writers',
  { timeout: 120_000 },
  async () => {
    await using scratch = new Scratch();
    const segmentBytesMax = 500 * kib;
    const store = await scratch.open({ segmentBytesMax });
    await addYou(store);
    const bodies = Array.from({ length: 60 }, (_, n) => randomBytes((n % 10) * 30 * kib + 5));
    bodies.push(randomBytes(900 * kib), randomBytes(901 * kib));
    await fill(store, bodies);
    const { segments } = storePaths(scratch.directory);
    const many = readdirSync(segments);
    assert.ok(many.length > 10);
    await expungeEveryOther(store);
    await fill(store, [randomBytes(10)]);
    const before = await store.stats();
    const inbox = await readInbox(store);
    let rounds = 0;
    const compacting = (store as SqliteStore).compact(0.2);
    const reading = (async () => {
      for (; rounds < 5; rounds += 1) assert.deepEqual(await readInbox(store), inbox);
    })();
    const writing = (async () => {
      for (let n = 0; n < 20; n += 1) {
        // The same octets again: they must not be found in a segment that is just going.
        const body = await makeBody(store, bodies[1 + 2 * (n % 20)] ?? Buffer.alloc(1));
        await store.accept(
          acceptance(body, { deliveries: [delivery(you, { mailbox: 'archive' })] }),
        );
      }
    })();
    await Promise.all([compacting, reading, writing]);
    assert.deepEqual(await readInbox(store), inbox);
    assert.deepEqual((await store.check({ deep: true })).findings, []);
    await (store as SqliteStore).compact(0.2);
    const after = await store.stats();
    assert.ok(after.deadBytes < before.deadBytes / 2, `${after.deadBytes} of ${before.deadBytes}`);
    const left = new Set(readdirSync(segments));
    assert.ok(many.filter((name) => !left.has(name)).length > 5, 'whole files are gone');
    await store.close();
    const again = await scratch.open();
    assert.deepEqual(await readInbox(again), inbox);
    assert.deepEqual((await again.check({ deep: true })).findings, []);
  },
);

test('delivery keys are remembered for a week', async () => {
  await using scratch = new Scratch();
  const store = await scratch.open();
  await addYou(store);
  const day = 86_400_000;
  const again = async (atMs: number) => {
    const body = await sampleBody(store);
    const deliveries = [delivery(you, { key: 'once' })];
    const result = await store.accept(acceptance(body, { deliveries, nowMs: atMs }));
    return result.ok && result.stored[0]?.duplicate;
  };
  assert.equal(await again(nowMs), false);
  await store.purgeDownloaded(nowMs + 6 * day);
  assert.equal(await again(nowMs + 6 * day), true);
  await store.purgeDownloaded(nowMs + 8 * day);
  assert.equal(await again(nowMs + 8 * day), false);
  assert.deepEqual((await store.check({ deep: true })).findings, []);
});

test('the segment of an expunged large body goes as a whole', async () => {
  await using scratch = new Scratch();
  const store = await scratch.open();
  await addYou(store);
  await fill(store, ['small\r\n', randomBytes(2000 * kib)]);
  const { segments } = storePaths(scratch.directory);
  assert.equal(readdirSync(segments).length, 2);
  await store.expunge(you, mailboxId(1), [uid(2)]);
  assert.equal(await (store as SqliteStore).compact(), 1);
  assert.equal(readdirSync(segments).length, 1);
  assert.deepEqual((await store.check({ deep: true })).findings, []);
});

test(
  'a copy of a living store is whole, and its numbers jump ahead',
  { timeout: 60_000 },
  async () => {
    await using scratch = new Scratch();
    const store = await scratch.open();
    await addYou(store);
    await fill(store, ['one\r\n', randomBytes(700 * kib), 'three\r\n']);
    const inbox = await readInbox(store);
    const target = join(scratch.directory, 'copy');
    const writing = fill(
      store,
      Array.from({ length: 50 }, (_, n) => `while copying ${n}\r\n`),
    );
    await store.backup(target);
    await writing;
    await assert.rejects(store.backup(target), /not empty/);
    const there = await store.maildrop(you);
    const modseq = (await store.findAccount(you))?.modseq ?? modSeq(0);

    const copy = await openStore({ directory: target, reserveBytes: 0 });
    try {
      assert.deepEqual((await copy.check({ deep: true })).findings, []);
      const copied = await readInbox(copy);
      assert.deepEqual(copied.slice(0, 3), inbox);
      const [body, other] = [await sampleBody(copy), await addAccount(copy, 'new@merpati.test')];
      const result = await copy.accept(acceptance(body, { deliveries: [delivery(you)] }));
      const [stored] = result.ok ? result.stored : [];
      assert.ok(stored);
      assert.ok(stored.uid > (there.at(-1)?.uid ?? 0), 'no UID twice');
      assert.ok(stored.email > (there.at(-1)?.email ?? 0), 'no UIDL twice');
      assert.ok(stored.modseq > modseq, 'no modseq twice');
      assert.ok(other > you + 1, 'no account number twice');
      assert.equal((await copy.changes(you, { since: modseq, limit: 10 })).truncated, true);
    } finally {
      await copy.close();
    }
    const again = await openStore({ directory: target, reserveBytes: 0 });
    const next = (await again.mailboxes(you))[0]?.uidNext ?? 0;
    assert.ok(next < 2 * 2 ** 16, 'it jumps once');
    await again.close();
  },
);

test('a backup into a folder that exists must find it empty', async () => {
  await using scratch = new Scratch();
  const store = await scratch.open();
  const target = join(scratch.directory, 'copy');
  mkdirSync(target);
  await store.backup(target);
  assert.ok(existsSync(storePaths(target).database));
});

test(
  'the log is written back by itself, and gone after a clean end',
  { timeout: 30_000 },
  async () => {
    await using scratch = new Scratch();
    const store = await scratch.open();
    await addYou(store);
    const { database } = storePaths(scratch.directory);
    const before = statSync(database).size;
    for (let n = 0; n < 20; n += 1) await fill(store, [`${n}\r\n`.repeat(200)]);
    for (let tries = 0; statSync(database).size === before; tries += 1) {
      assert.ok(tries < 100, 'the database file grows');
      await wait(50);
    }
    await store.close();
    assert.equal(existsSync(`${database}-wal`), false);
  },
);

test('an operation that is our own mistake takes nobody along', async () => {
  await using scratch = new Scratch();
  const store = await scratch.open();
  await addYou(store);
  const results = await Promise.allSettled(
    Array.from({ length: 20 }, async (_, index) => {
      const body = await sampleBody(store, `${index}\r\n`);
      const flags = index === 7 ? 1.5 : 0; // no integer: the database refuses it in mid-transaction
      return store.accept(acceptance(body, { deliveries: [delivery(you, { flags })] }));
    }),
  );
  assert.deepEqual(
    results.map((result) => result.status),
    results.map((_, index) => (index === 7 ? 'rejected' : 'fulfilled')),
  );
  assert.equal((await store.maildrop(you)).length, 19);
  assert.deepEqual((await store.check({ deep: true })).findings, []);
  await fill(store, ['and on\r\n']);
  assert.deepEqual((await store.check({ deep: true })).findings, []);
});
