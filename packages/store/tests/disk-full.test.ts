/**
 * A full disk: nothing more is taken and that is said, what is there can be read and removed,
 * nothing is half done, and when there is room again mail is taken again without anybody's help.
 */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { StoreUnavailable, type Store } from '../src/contract.ts';
import { mailboxId } from '../src/ids.ts';
import { acceptance, delivery, makeBody } from '../src/conformance/fixtures.ts';
import { openStore } from '../src/sqlite/open.ts';
import { leaveUndone } from '../../../tests/programs.ts';
import { LoopDisk, whyNoDisk } from './loop-disk.ts';
import { addYou, readInbox, you } from './scratch.ts';

const mib = 1024 * 1024;

/** `true` when taken, `false` when the disk is full; anything else is a failure. */
async function deliver(store: Store, bytes: Uint8Array): Promise<boolean> {
  try {
    const body = await makeBody(store, bytes);
    const result = await store.accept(acceptance(body, { deliveries: [delivery(you)] }));
    assert.ok(result.ok);
    return true;
  } catch (error) {
    assert.ok(error instanceof StoreUnavailable, String(error));
    assert.equal(error.reason, 'disk-full');
    return false;
  }
}

async function fillUp(store: Store, sizes: readonly number[]): Promise<Buffer[]> {
  const taken: Buffer[] = [];
  let refusals = 0;
  for (;;) {
    const batch = Array.from({ length: 8 }, (_, index) =>
      randomBytes(sizes[(taken.length + index) % sizes.length] ?? 100),
    );
    const results = await Promise.all(batch.map((bytes) => deliver(store, bytes)));
    taken.push(...batch.filter((_, index) => results[index] === true));
    refusals += results.filter((isTaken) => !isTaken).length;
    if (refusals >= 20) return taken;
  }
}

async function everythingIsThere(store: Store, taken: readonly Buffer[]): Promise<void> {
  const inbox = await readInbox(store);
  const prefix = 'Return-Path: <a@sender.test>\r\n';
  const expected = taken.map((bytes) => prefix + bytes.toString('latin1'));
  assert.deepEqual([...inbox].sort(), expected.sort());
  assert.deepEqual((await store.check({ deep: true })).findings, []);
}

for (const [name, reserveBytes, sizes] of [
  ['with a reserve', 4 * mib, [2000, 60_000]],
  ['to the last octet, small messages', 0, [500, 9000]],
  ['to the last octet, large ones', 0, [300_000, 700_000, 1000]],
] as const) {
  test(`disk full: ${name}`, { timeout: 120_000 }, async (context: TestContext) => {
    const reason = whyNoDisk('tmpfs');
    if (reason !== null) {
      leaveUndone(context, reason);
      return;
    }
    await using disk = await LoopDisk.create('tmpfs', 16 * mib);
    const directory = join(disk.directory, 'store');
    let store = await openStore({ directory, reserveBytes });
    try {
      await addYou(store);
      const taken = await fillUp(store, sizes);
      context.diagnostic(`${taken.length} messages taken`);
      assert.ok(taken.length > 5);
      await everythingIsThere(store, taken);
      if (reserveBytes > 0) {
        assert.equal(await deliver(store, randomBytes(5000)), false, 'still full');
        const [first] = await store.maildrop(you);
        assert.ok(first);
        await store.expunge(you, mailboxId(1), [first.uid]);
        taken.shift();
      }
      execFileSync('mount', ['-o', `remount,size=${64 * mib}`, disk.directory]);
      for (let n = 0; n < 10; n += 1) {
        const bytes = randomBytes(20_000 + n);
        assert.equal(await deliver(store, bytes), true, 'there is room again');
        taken.push(bytes);
      }
      await everythingIsThere(store, taken);
      await store.close();
      store = await openStore({ directory, reserveBytes });
      await everythingIsThere(store, taken);
    } finally {
      await store.close();
    }
  });
}
