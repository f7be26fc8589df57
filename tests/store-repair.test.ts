/**
 * `merpati store check` and `merpati store repair` on a database with holes: what cannot be opened
 * is named and built anew by one command, and what is lost is called by its owner and subject.
 */

import assert from 'node:assert/strict';
import { closeSync, openSync, readdirSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import {
  acceptance,
  addAccount,
  addDomain,
  delivery,
  makeBody,
} from '@merpati/store/conformance/fixtures.ts';
import { openStore } from '@merpati/store/sqlite/open.ts';
import { Folder, runProgram } from './peers/machine.ts';
import { root } from './tidy/tree.ts';

const messages = 400;

async function fill(directory: string): Promise<void> {
  const store = await openStore({ directory, reserveBytes: 0 });
  await addDomain(store, 'contoh.test');
  const account = await addAccount(store, 'rina@contoh.test');
  await Promise.all(
    Array.from({ length: messages }, async (_, number) => {
      const body = await makeBody(store, Buffer.from(`Subject: ${number}\r\n\r\n${number}\r\n`));
      await store.accept(acceptance(body, { deliveries: [delivery(account)] }));
    }),
  );
  await store.close();
}

/** Noise over pages that hold rows of a table: all of them, or the second one. */
function tear(directory: string, table: string, which: 'all' | 'second'): void {
  const name = readdirSync(directory).find((each) => each.endsWith('.db')) ?? '';
  const db = new DatabaseSync(join(directory, name));
  const rows = db
    .prepare("SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf'")
    .all(table)
    .map((row) => Number(row['pageno']));
  db.close();
  const fd = openSync(join(directory, name), 'r+');
  const pages = which === 'all' ? rows : rows.slice(1, 2);
  assert.ok(pages.length > 0);
  for (const page of pages) writeSync(fd, Buffer.alloc(4096, 0xa5), 0, 4096, (page - 1) * 4096);
  closeSync(fd);
}

function merpati(folder: Folder, ...args: readonly string[]) {
  const command = join(root, 'packages/server/bin/merpati.js');
  const env = { MERPATI_DATA: folder.file('data'), XDG_RUNTIME_DIR: folder.path };
  return runProgram(process.execPath, [command, ...args], { cwd: folder.path, env });
}

test('a database that cannot be opened is built anew by store repair', async () => {
  using folder = new Folder('repair');
  const data = folder.file('data');
  await fill(data);
  tear(data, 'meta', 'all');
  tear(data, 'segment', 'all');
  const listed = await merpati(folder, 'account', 'list');
  assert.equal(listed.code, 1);
  assert.match(listed.stderr, /is damaged: .*\n {2}To build it anew .* merpati store repair\n/);
  const checked = await merpati(folder, 'store', 'check');
  assert.equal(checked.code, 8, checked.stderr);
  assert.match(checked.stderr, /\[store\.damaged\]/);

  const repaired = await merpati(folder, 'store', 'repair', '--yes');
  assert.equal(repaired.code, 0, repaired.stdout + repaired.stderr);
  assert.match(repaired.stdout, /^The database was built anew: \d+ rows .*damaged-1\.db\n/);
  assert.match(repaired.stdout, /Not whole: .*segment/);
  const after = await merpati(folder, 'store', 'check', '--deep');
  assert.equal(after.code, 0, after.stdout);
  assert.match(after.stdout, /messages 400, accounts 1/);
});

test('what is lost is called by its owner and its subject, after one command', async () => {
  using folder = new Folder('repair');
  const data = folder.file('data');
  await fill(data);
  tear(data, 'content', 'second');
  const repaired = await merpati(folder, 'store', 'repair', '--yes', '--json');
  assert.equal(repaired.code, 7, repaired.stdout + repaired.stderr);
  const report = JSON.parse(repaired.stdout) as {
    rebuilt: { torn: string[] } | null;
    lost: { code: string; where: string }[];
  };
  assert.ok(report.rebuilt?.torn.includes('content'));
  assert.ok(report.lost.length > 0);
  for (const { code, where } of report.lost) {
    assert.equal(code, 'message.content');
    assert.match(where, /^rina@contoh\.test, INBOX, "Halo" \(1\/1\/\d+\)$/);
  }
  const after = await merpati(folder, 'store', 'check', '--deep');
  assert.equal(after.code, 0, after.stdout);
});
