/**
 * kill -9 while messages are stored, indexed and indexed again: the index goes on where it was, a
 * search finds everything at any time, and the deep check finds nothing.
 */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import type { Store } from '../src/contract.ts';
import { mailboxId, uid } from '../src/ids.ts';
import { Scratch, you } from './scratch.ts';

const rounds = Number(process.env['TEST_INDEX_CRASH_ROUNDS'] ?? 6);
const inbox = mailboxId(1);

/** Kills it some time after it has begun to index; answers whether it got so far. */
async function round(directory: string): Promise<boolean> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'index-load.ts'), directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let hasIndexed = false;
  for await (const line of createInterface({ input: child.stdout })) {
    hasIndexed ||= line === 'indexed';
    setTimeout(() => child.kill('SIGKILL'), randomInt(0, 250));
  }
  return hasIndexed;
}

async function countFound(store: Store): Promise<number> {
  let count = 0;
  const criteria = { kind: 'body', text: 'isi kata' } as const;
  for await (const { uids } of store.search(you, { mailboxes: [inbox], criteria })) {
    count += uids.length;
  }
  return count;
}

test(`${rounds} × kill -9 while indexing`, { timeout: 300_000 }, async () => {
  await using scratch = new Scratch();
  for (let number = 1; number <= rounds; number += 1) {
    assert.ok(await round(scratch.directory));
    const store = await scratch.open();
    const total = (await store.mailboxes(you))[0]?.total ?? 0;
    assert.ok(total > 0);
    assert.equal(await countFound(store), total, 'before all is indexed');
    await store.indexed(you);
    assert.equal(await countFound(store), total);
    const slice = { fromUid: uid(1), toUid: uid(2 ** 32 - 1), limit: 100_000 };
    const rows = await store.details(you, inbox, slice, ['envelope', 'thread']);
    assert.ok(rows.every(({ envelope, thread }) => envelope !== null && thread !== null));
    assert.deepEqual((await store.check({ deep: true })).findings, []);
    await store.close();
  }
});
