/** Opening: one process at a time, the right schema, private files, order after a crash. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { StoreRefused } from '../src/contract.ts';
import { openForWriting } from '../src/sqlite/database.ts';
import { migrate, readVersion } from '../src/sqlite/migrate.ts';
import { openStore } from '../src/sqlite/open.ts';
import { migrations } from '../src/sqlite/schema.ts';
import { storePaths } from '../src/sqlite/segments/files.ts';
import { frameHeaderBytes, recordHeaderBytes } from '../src/sqlite/segments/format.ts';
import { addYou, fill, readInbox, restoreFixture, Scratch, you } from './scratch.ts';

const isRefusedAs = (code: StoreRefused['code'], pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof StoreRefused);
  assert.equal(error.code, code);
  assert.match(error.message, pattern);
  return true;
};

test('two processes cannot have it, and a killed one does not keep it', async () => {
  await using scratch = new Scratch();
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, 'load.ts'), scratch.directory, '1'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await once(child.stdout, 'data');
  await assert.rejects(
    scratch.open(),
    isRefusedAs('in-use', new RegExp(`process ${child.pid}\\b`)),
  );
  await assert.rejects(scratch.open(), isRefusedAs('in-use', /process/), 'again');
  child.kill('SIGKILL');
  child.stdout.resume();
  await once(child, 'close');
  assert.ok(existsSync(join(scratch.directory, 'lock.owner')), 'its note is still there');
  const store = await scratch.open();
  await assert.rejects(scratch.open(), isRefusedAs('in-use', /this process already/));
  await store.close();
  await (await scratch.open()).close();
});

test('everything is readable by its owner alone', async () => {
  await using scratch = new Scratch();
  const directory = join(scratch.directory, 'new', 'store');
  const store = await openStore({ directory, reserveBytes: 0 });
  await addYou(store);
  await fill(store, ['a\r\n', Buffer.alloc(600_000)]);
  const walk = (folder: string): void => {
    assert.equal(statSync(folder).mode & 0o777, 0o700, folder);
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) walk(path);
      else assert.equal(statSync(path).mode & 0o777, 0o600, path);
    }
  };
  walk(directory);
  await store.close();
});

test('a later schema and strange files are refused and left alone', async () => {
  await using scratch = new Scratch();
  await (await scratch.open()).close();
  const paths = storePaths(scratch.directory);
  const db = new DatabaseSync(paths.database);
  db.exec('PRAGMA user_version = 99');
  db.close();
  await assert.rejects(scratch.open(), isRefusedAs('too-new', /schema 99.*knows up to/));

  await using other = new Scratch();
  const strange = new DatabaseSync(storePaths(other.directory).database);
  strange.exec('CREATE TABLE address_book (name TEXT)');
  strange.close();
  await assert.rejects(other.open(), isRefusedAs('not-a-store', /not a store/));
  await using text = new Scratch();
  writeFileSync(storePaths(text.directory).database, 'Dear diary,'.repeat(1000));
  await assert.rejects(text.open(), isRefusedAs('not-a-store', /not a store/));
  assert.match(readFileSync(storePaths(text.directory).database, 'utf8'), /^Dear diary/);
});

test('a migration copies before, moves on as a whole or not at all', async () => {
  await using scratch = new Scratch();
  const store = await scratch.open();
  await addYou(store);
  await fill(store, ['before\r\n']);
  await store.close();
  const paths = storePaths(scratch.directory);
  const newest = migrations.at(-1)?.version ?? 0;
  const better = {
    version: newest + 1,
    sql: `ALTER TABLE domain ADD COLUMN note TEXT; UPDATE domain SET note = 'moved';`,
  };
  const broken = {
    version: newest + 2,
    sql: 'CREATE TABLE half (a INTEGER); INSERT INTO none VALUES (1);',
  };
  const db = openForWriting(paths.database);
  assert.throws(() => migrate(db, paths, [...migrations, better, broken]), /none/);
  assert.equal(readVersion(db), newest + 1, 'whole steps stay');
  assert.equal(db.get<{ note: string }>('SELECT note FROM domain')?.note, 'moved');
  assert.equal(db.get("SELECT 1 FROM sqlite_schema WHERE name = 'half'"), undefined);
  const copy = new DatabaseSync(`${paths.database}.schema-${newest}`);
  assert.equal(copy.prepare('PRAGMA user_version').get()?.['user_version'], newest);
  assert.equal(copy.prepare('SELECT count(*) AS n FROM message').get()?.['n'], 1);
  copy.close();
  assert.equal(migrate(db, paths, [...migrations, better]), null, 'nothing left to do');
  db.close();
});

test('a store of schema 1 becomes one of today', async () => {
  await using scratch = new Scratch();
  const db = restoreFixture(scratch);
  for (const column of [
    'account.crc',
    'profile.crc',
    'mailbox.crc',
    'mailbox.digest',
    'queue.crc',
  ]) {
    db.exec(`ALTER TABLE ${column.replace('.', ' DROP COLUMN ')}`);
  }
  db.exec('PRAGMA user_version = 1');
  db.close();
  const store = await scratch.open();
  assert.equal((await readInbox(store)).length, 4);
  assert.deepEqual((await store.check({ deep: true })).findings, []);
  assert.ok(existsSync(`${storePaths(scratch.directory).database}.schema-1`));
});

test('a store of schema 2 becomes one of today, with what IMAP counts', async () => {
  await using scratch = new Scratch();
  restoreFixture(scratch).close();
  const store = await scratch.open();
  assert.deepEqual((await store.check({ deep: true })).findings, []);
  assert.ok(existsSync(`${storePaths(scratch.directory).database}.schema-2`));
  const inbox = await store.mailbox(you, 'inbox');
  assert.ok(inbox);
  const { total, unseen, deleted, deletedBytes, uidNext, modseq } = inbox;
  assert.deepEqual(
    { total, unseen, deleted, deletedBytes, uidNext, modseq },
    { total: 4, unseen: 2, deleted: 2, deletedBytes: 186, uidNext: 9, modseq: 23 },
  );
  assert.deepEqual(await store.keywords(you, inbox.id), ['kerja', 'penting']);
  assert.deepEqual(await store.subscriptions(you), [
    'Archive',
    'Drafts',
    'INBOX',
    'Junk',
    'Kerja',
    'Kerja/2025',
    'Sent',
    'Trash',
  ]);
  const away = await store.downloaded(you);
  assert.deepEqual(
    away.map(({ email, device, message }) => [email, device, message.uid]),
    [
      [6, 'ponsel', 1],
      [7, 'ponsel', 2],
    ],
  );
  assert.equal(await store.restoreDownloaded(you, 'all', Date.now()), 2);
  assert.equal((await readInbox(store)).length, 6);
  assert.deepEqual((await store.check({ deep: true })).findings, []);
});

test('a torn tail is cut, and what nobody was told of is dead', async () => {
  await using scratch = new Scratch();
  const store = await scratch.open();
  await addYou(store);
  await fill(store, ['one\r\n', 'two\r\n']);
  await store.close();
  const paths = storePaths(scratch.directory);
  const [name = ''] = readdirSync(paths.segments);
  const file = join(paths.segments, name);
  const record = readFileSync(file).subarray(0, recordHeaderBytes + frameHeaderBytes + 5);
  const tails = [Buffer.from('MPR1 torn'), record.subarray(0, -1), Buffer.alloc(100), record];
  let dead = 0;
  for (const [round, tail] of tails.entries()) {
    appendFileSync(file, tail);
    const again = await scratch.open();
    if (tail === record) dead += record.length;
    assert.deepEqual((await again.check({ deep: true })).findings, []);
    assert.equal((await again.stats()).deadBytes, dead);
    await fill(again, [`after ${round}\r\n`]);
    assert.equal((await readInbox(again)).length, 3 + round);
    assert.match((await readInbox(again)).at(-1) ?? '', new RegExp(`after ${round}`));
    await again.close();
  }
});

test('spool files of a dead process go', async () => {
  await using scratch = new Scratch();
  const paths = storePaths(scratch.directory);
  await (await scratch.open()).close();
  writeFileSync(join(paths.spool, 'half.tmp'), 'x');
  await (await scratch.open()).close();
  assert.deepEqual(readdirSync(paths.spool), []);
});
