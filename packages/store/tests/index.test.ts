/** The index of the SQLite engine: what is damaged, deleted, too long, old or restored. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';
import { test } from 'node:test';
import type { Store } from '../src/contract.ts';
import { mailboxId, uid } from '../src/ids.ts';
import type { Criterion, DetailRow } from '../src/search.ts';
import { openStore } from '../src/sqlite/open.ts';
import { storePaths } from '../src/sqlite/segments/files.ts';
import { addYou, fill, restoreFixture, Scratch, you } from './scratch.ts';

const inbox = mailboxId(1);
const everything = { fromUid: uid(1), toUid: uid(2 ** 32 - 1), limit: 1000 };

async function find(store: Store, criteria: Criterion): Promise<number[]> {
  const uids: number[] = [];
  for await (const found of store.search(you, { mailboxes: [inbox], criteria })) {
    uids.push(...found.uids);
  }
  return uids;
}

const body = (text: string): Criterion => ({ kind: 'body', text });

function details(store: Store): Promise<readonly DetailRow[]> {
  return store.details(you, inbox, everything, ['envelope', 'preview']);
}

/** Looks at or changes the database of a store that is closed. */
function withDatabase<T>(scratch: Scratch, use: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(storePaths(scratch.directory).database);
  try {
    return use(db);
  } finally {
    db.close();
  }
}

function count(db: DatabaseSync, table: string): SQLOutputValue | undefined {
  return db.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.['n'];
}

const tables = [
  'content_index',
  'content_wire',
  'content_head',
  'content_text',
  'content_grams_docsize',
  'index_exception',
];

test('a damaged body is noted, and keeps nobody from going on', async () => {
  await using scratch = new Scratch();
  let store = await scratch.open();
  await addYou(store);
  await fill(store, ['Subject: a\r\n\r\nsatu\r\n', `\r\n${'dua '.repeat(9)}`, '\r\ntiga dua']);
  await store.close();
  const { segments } = storePaths(scratch.directory);
  const segment = join(segments, readdirSync(segments)[0] ?? '');
  const octets = readFileSync(segment);
  const at = octets.indexOf('dua dua');
  assert.ok(at > 0);
  octets[at] = 0x58;
  writeFileSync(segment, octets);

  store = await scratch.open();
  await store.indexed(you);
  assert.deepEqual(
    (await details(store)).map(({ preview }) => preview),
    ['satu', null, 'tiga dua'],
  );
  assert.deepEqual(await find(store, body('dua')), [3]);
  const { findings } = await store.check({ deep: true });
  assert.deepEqual(
    findings.map(({ code }) => code),
    ['body.damaged'],
  );
});

test('what a content leaves behind in the index goes with it', async () => {
  await using scratch = new Scratch();
  const store = await scratch.open();
  await addYou(store);
  await fill(store, ['Subject: a\r\n\r\nsatu\r\n', 'Subject: b\r\n\r\ndua\r\n']);
  await store.indexed(you);
  await store.expunge(you, inbox, [uid(1)]);
  assert.deepEqual(await find(store, { kind: 'text', text: 'satu' }), []);
  await store.expunge(you, inbox, [uid(2)]);
  await store.editDirectory({ kind: 'account-remove', id: you });
  await store.close();
  withDatabase(scratch, (db) => {
    for (const table of tables) assert.equal(count(db, table), 0, table);
    const words = db.prepare(`SELECT count(*) AS n FROM content_grams('"SAT" OR "DUA"')`).get();
    assert.equal(words?.['n'], 0);
  });
});

test('text beyond what is kept is found in the body', async () => {
  await using scratch = new Scratch();
  const store = await scratch.open();
  await addYou(store);
  const filler = `${randomBytes(60).toString('base64')}\r\n`.repeat(4000);
  await fill(store, [
    `Subject: a\r\n\r\nawal ${filler} akhir\r\n`,
    `Subject: b\r\n\r\nawal ${filler}\r\n`,
  ]);
  await store.indexed(you);
  assert.deepEqual(await find(store, body('akhir')), [1]);
  assert.deepEqual(await find(store, body('awal')), [1, 2]);
  assert.deepEqual(await find(store, { kind: 'not', of: body('akhir') }), [2]);
  assert.deepEqual((await store.check({ deep: true })).findings, []);
});

const damages: readonly (readonly [code: string, sql: string])[] = [
  ['index.crc', "UPDATE content_index SET subject = 'X' WHERE entry_id & 1 = 0"],
  ['index.crc', 'UPDATE content_index SET thread_id = 77'],
  ['index.crc', "UPDATE content_text SET body = x'58'"],
  ['index.crc', "UPDATE content_wire SET envelope = x'2829'"],
  ['index.missing', 'DELETE FROM content_text WHERE entry_id & 1 = 1'],
  ['index.missing', 'DELETE FROM content_index'],
  ['index.missing', 'DELETE FROM content_grams'],
  ['index.orphan', 'INSERT INTO content_head SELECT entry_id + 50, head FROM content_head'],
  ['index.mark', 'UPDATE index_state SET next_content = next_content + 9'],
];

test('a wrong index is noticed, and made anew', { timeout: 120_000 }, async () => {
  const texts = ['satu', 'dua', 'tiga'].map((text) => `Subject: ${text}\r\n\r\n${text} isi\r\n`);
  for (const [code, sql] of damages) {
    await using scratch = new Scratch();
    let store = await scratch.open();
    await addYou(store);
    await fill(store, texts);
    await store.indexed(you);
    const before = await details(store);
    await store.close();
    withDatabase(scratch, (db) => db.exec(sql));
    store = await scratch.open();
    const { findings } = await store.check({ deep: true });
    assert.deepEqual([...new Set(findings.map((each) => each.code))], [code], sql);
    const report = await store.repair({});
    assert.deepEqual(report.lost, [], sql);
    assert.ok(report.mended.length > 0, sql);
    assert.deepEqual(await find(store, body('tiga')), [3], sql);
    await store.indexed(you);
    assert.deepEqual(await find(store, body('isi')), [1, 2, 3], sql);
    assert.deepEqual(await details(store), before, sql);
    assert.deepEqual((await store.check({ deep: true })).findings, [], sql);
  }
});

test('a store of the release before is read by and by, and searched at once', async () => {
  await using scratch = new Scratch();
  restoreFixture(scratch).close();
  const store = await scratch.open();
  const accounts = await store.accounts();
  for (const { id } of accounts) {
    for (const { id: mailbox, total } of await store.mailboxes(id)) {
      let found = 0;
      const criteria = { kind: 'text', text: 'e' } as const;
      for await (const { uids } of store.search(id, { mailboxes: [mailbox], criteria })) {
        found += uids.length;
      }
      assert.equal(found, total);
      await store.indexed(id);
      const rows = await store.details(id, mailbox, everything, ['envelope']);
      assert.ok(rows.every(({ envelope }) => envelope !== null));
    }
  }
  assert.deepEqual((await store.check({ deep: true })).findings, []);
});

test('numbers that jumped ahead after a restore are indexed too', async () => {
  await using scratch = new Scratch();
  await using restored = new Scratch();
  const store = await scratch.open();
  await addYou(store);
  await fill(store, ['Subject: a\r\n\r\nsatu isi\r\n']);
  await store.indexed(you);
  await store.backup(join(restored.directory, 'copy'));
  const copy = await openStore({ directory: join(restored.directory, 'copy'), reserveBytes: 0 });
  try {
    await fill(copy, ['Subject: b\r\n\r\ndua isi\r\n']);
    await copy.indexed(you);
    const rows = await details(copy);
    assert.deepEqual(
      rows.map(({ preview }) => preview),
      ['satu isi', 'dua isi'],
    );
    assert.ok((rows[1]?.content ?? 0) > 2 ** 32);
    assert.equal((await find(copy, body('isi'))).length, 2);
    assert.equal((await find(copy, body('dua'))).length, 1);
    assert.deepEqual((await copy.check({ deep: true })).findings, []);
  } finally {
    await copy.close();
  }
});

test('numbers too big for an entry are looked up in the body, and touch nobody else', async () => {
  await using scratch = new Scratch();
  let store = await scratch.open();
  await addYou(store);
  await fill(store, ['Subject: a\r\n\r\nsatu isi\r\n']);
  await store.indexed(you);
  await store.close();
  withDatabase(scratch, (db) => db.exec(`UPDATE account SET next_content = ${2 ** 40 + 1}`));
  store = await scratch.open();
  await fill(store, ['Subject: b\r\n\r\ndua isi\r\n', 'Subject: c\r\n\r\ntiga isi\r\n']);
  await store.indexed(you);
  const rows = await details(store);
  assert.deepEqual(
    rows.map(({ preview }) => preview),
    ['satu isi', null, null],
  );
  assert.deepEqual(await find(store, body('isi')), [1, 2, 3]);
  assert.deepEqual(await find(store, body('dua')), [2]);
  assert.deepEqual(await find(store, body('t')), [1, 3]);
  await store.expunge(you, inbox, [uid(2)]);
  assert.deepEqual(
    (await details(store)).map(({ preview }) => preview),
    ['satu isi', null],
  );
});

test('an account that is being taken apart is not indexed for ever', async () => {
  await using scratch = new Scratch();
  const store = await scratch.open();
  await addYou(store);
  const texts = Array.from({ length: 700 }, (_, index) => `Subject: ${index}\r\n\r\nisi\r\n`);
  await fill(store, texts);
  const removed = store.editDirectory({ kind: 'account-remove', id: you });
  await Promise.all([removed, store.indexed(you)]);
  while ((await store.check({ deep: true })).counted.messages > 0) await store.indexed(you);
  assert.deepEqual((await store.check({ deep: true })).findings, []);
});

test('an entry that the writer does not take stops no other one', async () => {
  await using scratch = new Scratch();
  let store = await scratch.open();
  await addYou(store);
  await store.close();
  withDatabase(scratch, (db) =>
    db.exec(`CREATE TRIGGER refuse BEFORE INSERT ON content_wire WHEN NEW.entry_id & 255 = 2
      BEGIN SELECT RAISE(ABORT, 'this one not'); END`),
  );
  const warnings: string[] = [];
  const hear = (warning: Error) => void warnings.push(warning.message);
  process.on('warning', hear);
  store = await scratch.open();
  await fill(store, ['\r\nsatu isi\r\n', '\r\ndua isi\r\n', '\r\ntiga isi\r\n']);
  await store.indexed(you);
  process.off('warning', hear);
  assert.deepEqual(
    (await details(store)).map(({ preview }) => preview),
    ['satu isi', null, 'tiga isi'],
  );
  assert.deepEqual(await find(store, body('isi')), [1, 2, 3]);
  assert.ok(warnings.length > 0 && warnings.every((message) => message === 'this one not'));
});
