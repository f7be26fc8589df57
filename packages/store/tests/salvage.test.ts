/** A database with holes in it is built anew from what can be read of it and of the segments. */

import assert from 'node:assert/strict';
import { closeSync, openSync, readdirSync, writeSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { StoreRefused } from '../src/contract.ts';
import { openStore } from '../src/sqlite/open.ts';
import { storePaths } from '../src/sqlite/segments/files.ts';
import { addYou, fill, readInbox, Scratch, you } from './scratch.ts';

const count = 400;

async function begin(scratch: Scratch): Promise<string[]> {
  const store = await scratch.open();
  await addYou(store);
  await fill(
    store,
    Array.from({ length: count }, (_, n) => `Subject: ${n}\r\n\r\n${'x'.repeat(n)}\r\n`),
  );
  const inbox = await readInbox(store);
  await store.close();
  return inbox;
}

/** Noise over whole pages of a table, its root spared where asked. */
function tear(file: string, table: string, which: (pages: number[]) => number[]): void {
  const db = new DatabaseSync(file);
  const rows = db
    .prepare("SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf'")
    .all(table);
  db.close();
  const fd = openSync(file, 'r+');
  const pages = which(rows.map((row) => Number(row['pageno'])));
  assert.ok(pages.length > 0);
  for (const page of pages) writeSync(fd, Buffer.alloc(4096, 0xa5), 0, 4096, (page - 1) * 4096);
  closeSync(fd);
}

for (const table of ['content', 'message', 'journey', 'append_key', 'blob']) {
  test(`pages of ${table} are gone`, { timeout: 60_000 }, async () => {
    await using scratch = new Scratch();
    const inbox = await begin(scratch);
    const paths = storePaths(scratch.directory);
    tear(paths.database, table, (pages) => pages.slice(1, 2));
    const torn = await scratch.open();
    assert.ok((await torn.check({ deep: true })).findings.length > 0);
    const report = await torn.repair({});
    assert.ok(report.lost.some((loss) => loss.code.startsWith('sqlite.')));
    await torn.close();

    const store = await scratch.open();
    const { findings } = await store.check({ deep: true });
    assert.deepEqual(
      findings.filter((finding) => finding.severity === 'error'),
      [],
    );
    const all: string[] = [];
    for (const mailbox of await store.mailboxes(you)) {
      const rows = await store.messages(you, mailbox.id, { fromUid: 1 as never, limit: 999 });
      for (const row of rows) {
        const body = await store.readMessage(you, row.content);
        const chunks: Uint8Array[] = [];
        if (body !== null)
          for await (const each of body.chunks()) chunks.push(Uint8Array.from(each));
        all.push(Buffer.concat(chunks).toString('latin1'));
      }
    }
    const kept = inbox.filter((text) => all.includes(text)).length;
    // Without their content rows messages have lost the way to their bodies; all else comes back.
    if (table === 'content') assert.ok(kept > count * 0.9, `${kept} of ${count} are left`);
    else assert.equal(kept, count);
    await fill(store, ['Subject: life goes on\r\n\r\n']);
    assert.ok(readdirSync(paths.quarantine).some((name) => name.endsWith('.db')));
  });
}

test('a database that cannot even be opened', { timeout: 60_000 }, async () => {
  await using scratch = new Scratch();
  await begin(scratch);
  const paths = storePaths(scratch.directory);
  tear(paths.database, 'meta', (pages) => pages);
  tear(paths.database, 'segment', (pages) => pages);
  await assert.rejects(
    scratch.open(),
    (error) => error instanceof StoreRefused && error.code === 'damaged',
  );
  const store = await openStore({ directory: scratch.directory, reserveBytes: 0, salvage: true });
  assert.equal((await readInbox(store)).length, count);
  assert.deepEqual((await store.check({ deep: true })).findings, []);
  await store.close();
});
