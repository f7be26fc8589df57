/** Repair mends what it can, keeps what can be read, and names the rest. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { RepairReport, Store } from '../src/contract.ts';
import { storePaths } from '../src/sqlite/segments/files.ts';
import { mailboxId, uid } from '../src/ids.ts';
import { addYou, fill, readInbox, Scratch, you } from './scratch.ts';

const texts = ['one', 'two', 'three', 'four'].map((word) => `Subject: ${word}\r\n\r\n${word}\r\n`);

interface Case {
  readonly name: string;
  /** What breaks it, in SQL. */
  readonly sql: string;
  readonly finds: string;
  /** Kinds of what repair has to give up or to doubt. */
  readonly loses?: readonly string[];
  /** Messages are among it. */
  readonly takesMail?: true;
}

const cases: readonly Case[] = [
  {
    name: 'a wrong total',
    sql: 'UPDATE mailbox SET total = total + 1',
    finds: 'counter.mailbox.total',
  },
  { name: 'wrong unseen', sql: 'UPDATE mailbox SET unseen = 99', finds: 'counter.mailbox.unseen' },
  { name: 'wrong sizes', sql: 'UPDATE mailbox SET size = 1', finds: 'counter.mailbox.size' },
  {
    name: 'wrong count of deleted',
    sql: 'UPDATE mailbox SET deleted = total',
    finds: 'counter.mailbox.deleted',
  },
  {
    name: 'wrong size of deleted',
    sql: 'UPDATE mailbox SET deleted_size = 7',
    finds: 'counter.mailbox.deleted_size',
  },
  {
    name: 'wrong keywords',
    sql: `UPDATE mailbox SET keywords = '[["kerja",2]]'`,
    finds: 'counter.mailbox.keywords',
  },
  { name: 'wrong quota use', sql: 'UPDATE account SET used = 5', finds: 'counter.account' },
  {
    name: 'UIDNEXT in the past',
    sql: 'UPDATE mailbox SET uidnext = 2',
    finds: 'uid.next',
    loses: ['mailbox.crc'],
  },
  {
    name: 'a modseq in the past',
    sql: 'UPDATE mailbox SET modseq = 1',
    finds: 'modseq.mailbox',
    loses: ['mailbox.crc'],
  },
  { name: 'account modseq', sql: 'UPDATE account SET modseq = 1', finds: 'modseq.account' },
  { name: 'ids in use', sql: 'UPDATE account SET next_email = 1', finds: 'ids.account' },
  { name: 'log size', sql: 'UPDATE account SET log_size = 7', finds: 'log.account' },
  { name: 'content refs', sql: 'UPDATE content SET refs = 3', finds: 'content.refs' },
  { name: 'blob refs', sql: 'UPDATE blob SET refs = 9', finds: 'blob.refs' },
  { name: 'live octets', sql: 'UPDATE segment SET live = 1', finds: 'segment.live' },
  { name: 'sizes of messages', sql: 'UPDATE message SET size = 4', finds: 'message.size' },
  { name: 'queue counts', sql: 'UPDATE queue_message SET rows_left = 4', finds: 'queue.rows' },
  { name: 'queue times', sql: 'UPDATE queue SET ready_ms = 4', finds: 'queue.ready' },
  {
    name: 'queue without message',
    sql: 'DELETE FROM queue_message',
    finds: 'queue.message',
    loses: ['queue.message'],
  },
  {
    name: 'a lost mailbox',
    sql: 'DELETE FROM mailbox WHERE mailbox_id = 1',
    finds: 'message.mailbox',
  },
  {
    name: 'a lost message row',
    sql: 'DELETE FROM message WHERE uid = 2',
    finds: 'content.refs',
    loses: ['mailbox.digest'],
  },
  {
    name: 'lost content',
    sql: 'DELETE FROM content WHERE content_id = 2',
    finds: 'message.content',
    loses: ['message.content'],
    takesMail: true,
  },
  { name: 'lost blobs', sql: 'DELETE FROM blob', finds: 'content.blob' },
  { name: 'misplaced blobs', sql: 'UPDATE blob SET offset = offset + 1', finds: 'body.damaged' },
  {
    name: 'changed header fields',
    sql: "UPDATE content SET prefix = CAST(x'4142' || prefix AS BLOB)",
    finds: 'content.crc',
    loses: ['content.crc'],
    takesMail: true,
  },
  {
    name: 'two of one email',
    sql: 'UPDATE message SET email_id = 1',
    finds: 'email.content',
    loses: ['mailbox.digest'],
  },
  { name: 'a lost address', sql: 'DELETE FROM address', finds: 'profile.address' },
  {
    name: 'a lost profile',
    sql: 'DELETE FROM profile',
    finds: 'account.profile',
    loses: ['account.profile'],
  },
  { name: 'a lost account', sql: 'DELETE FROM account', finds: 'profile.account' },
  {
    name: 'a flag that nobody set',
    sql: 'UPDATE message SET flags = flags | 4 WHERE uid = 1',
    finds: 'mailbox.digest',
    loses: ['mailbox.digest'],
  },
  {
    name: 'another UIDVALIDITY',
    sql: 'UPDATE mailbox SET uidvalidity = uidvalidity + 1',
    finds: 'mailbox.crc',
    loses: ['mailbox.crc'],
  },
  {
    name: 'another recipient',
    sql: "UPDATE queue SET recipient = 'fiend@surat.test'",
    finds: 'queue.row.crc',
    loses: ['queue.row.crc'],
  },
  {
    name: 'another password',
    sql: "UPDATE profile SET credential = replace(credential, 'test', 'tast')",
    finds: 'profile.crc',
    loses: ['profile.crc'],
  },
  {
    name: 'rights that nobody gave',
    sql: "UPDATE acl SET identifier = 'anyone'",
    finds: 'acl.crc',
    loses: ['acl.crc'],
  },
  {
    name: 'rights in a mailbox that is not there',
    sql: 'UPDATE acl SET mailbox_id = 99',
    finds: 'acl.mailbox',
  },
  {
    name: 'another annotation',
    sql: "UPDATE annotation SET value = x'4142'",
    finds: 'annotation.crc',
    loses: ['annotation.crc'],
  },
  {
    name: 'annotations of no mailbox',
    sql: 'UPDATE annotation SET mailbox_id = 99',
    finds: 'annotation.mailbox',
  },
  {
    name: 'another record',
    sql: 'UPDATE record SET value = \'"Hancur"\'',
    finds: 'record.crc',
    loses: ['record.crc'],
  },
  {
    name: 'another subscription',
    sql: "UPDATE subscription SET name = 'Sant' WHERE name = 'Sent'",
    finds: 'subscription.crc',
    loses: ['subscription.crc'],
  },
  {
    name: 'subscriptions of nobody',
    sql: 'UPDATE subscription SET account_id = 99',
    finds: 'subscription.account',
  },
  {
    name: 'the removal of a mailbox that stays',
    sql: 'INSERT INTO removed_mailbox VALUES (1, 1)',
    finds: 'removal.mailbox',
  },
  { name: 'torn journeys', sql: "UPDATE journey_part SET events = '{'", finds: 'journey.events' },
  { name: 'lost journeys', sql: 'DELETE FROM journey', finds: 'journey.part' },
  {
    name: 'no inbox',
    sql: 'UPDATE mailbox SET role = NULL',
    finds: 'mailbox.roles',
    loses: ['mailbox.crc'],
  },
];

async function begin(scratch: Scratch): Promise<string[]> {
  const store = await scratch.open();
  await addYou(store);
  const mailbox = mailboxId(1);
  const value = Buffer.from('A');
  await store.editMailbox(you, { kind: 'annotate', mailbox, entry: '/shared/comment', value });
  const rights = { identifier: 'friend@merpati.test', rights: 'lr' };
  await store.editMailbox(you, { kind: 'set-acl', mailbox, ...rights });
  await store.putRecords([{ kind: 'key', name: 'a', value: '"Hancock"' }], 0);
  await fill(store, texts);
  const inbox = await readInbox(store);
  await store.close();
  return inbox;
}

async function isClean(store: Store): Promise<void> {
  const { findings } = await store.check({ deep: true });
  assert.deepEqual(
    findings.filter((finding) => finding.severity === 'error'),
    [],
  );
}

async function everyText(store: Store): Promise<string[]> {
  const texts: string[] = [];
  for (const mailbox of await store.mailboxes(you, { hidden: true })) {
    const rows = await store.messages(you, mailbox.id, { fromUid: 1 as never, limit: 100 });
    for (const row of rows) {
      const chunks: Uint8Array[] = [];
      const body = await store.readMessage(you, row.content);
      if (body !== null)
        for await (const chunk of body.chunks()) chunks.push(Uint8Array.from(chunk));
      texts.push(Buffer.concat(chunks).toString('latin1'));
    }
  }
  return texts.sort();
}

for (const each of cases) {
  test(`repair: ${each.name}`, async () => {
    await using scratch = new Scratch();
    const inbox = await begin(scratch);
    const db = new DatabaseSync(storePaths(scratch.directory).database);
    db.exec(each.sql);
    db.close();
    let store = await scratch.open();
    const before = await store.check({ deep: true });
    const codes = before.findings.map((finding) => finding.code);
    assert.ok(codes.includes(each.finds), codes.join(' '));
    const report = await store.repair({});
    const lost = [...new Set(report.lost.map((loss) => loss.code))].sort();
    assert.deepEqual(lost, each.loses ?? []);
    await isClean(store);
    if (each.takesMail !== true) {
      assert.deepEqual(await everyText(store), [...inbox].sort(), 'every message is still there');
    }
    await fill(store, ['Subject: life goes on\r\n\r\n']);
    await store.close();
    store = await scratch.open();
    await isClean(store);
    assert.deepEqual((await store.repair({})).lost, []);
    await store.close();
  });
}

async function damage(
  scratch: Scratch,
  how: (file: string) => void,
): Promise<{ store: Store; report: RepairReport }> {
  const { segments } = storePaths(scratch.directory);
  for (const name of readdirSync(segments)) how(join(segments, name));
  const store = await scratch.open();
  return { store, report: await store.repair({}) };
}

test('repair: a flipped bit costs a bit, not a message', async () => {
  await using scratch = new Scratch();
  const inbox = await begin(scratch);
  const { store, report } = await damage(scratch, (file) => {
    const bytes = readFileSync(file);
    const at = bytes.indexOf('\r\nthree\r\n') + 2;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(file, bytes);
  });
  assert.deepEqual(
    report.lost.map((loss) => loss.code),
    ['body.damaged'],
  );
  const now = await readInbox(store);
  assert.deepEqual(
    now.map((text) => text.replace('\r\nuhree\r\n', '\r\nthree\r\n')),
    inbox,
  );
  const kept = readdirSync(storePaths(scratch.directory).quarantine);
  assert.equal(kept.length, 1, 'the damaged record is kept aside');
  await isClean(store);
  await store.close();
});

test('repair: a damaged record header loses nothing', async () => {
  await using scratch = new Scratch();
  const inbox = await begin(scratch);
  const { store, report } = await damage(scratch, (file) => {
    const bytes = readFileSync(file);
    bytes.fill(0xff, 8, 40);
    writeFileSync(file, bytes);
  });
  assert.deepEqual(report.lost, []);
  assert.deepEqual(await readInbox(store), inbox);
  await isClean(store);
  await store.close();
});

test('repair: a dead copy elsewhere is found', async () => {
  await using scratch = new Scratch();
  const inbox = await begin(scratch);
  const { store, report } = await damage(scratch, (file) => {
    const bytes = readFileSync(file);
    writeFileSync(file, Buffer.concat([Buffer.alloc(bytes.length), bytes]));
  });
  assert.deepEqual(report.lost, []);
  assert.deepEqual(await readInbox(store), inbox);
  await store.close();
});

test('repair: noise in the segment that grows is left behind', async () => {
  await using scratch = new Scratch();
  const inbox = await begin(scratch);
  const dying = await scratch.open();
  await dying.expunge(you, mailboxId(1), [uid(3)]);
  await dying.close();
  const { store, report } = await damage(scratch, (file) => {
    const bytes = readFileSync(file);
    const at = bytes.indexOf('\r\nthree\r\n') + 2;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(file, bytes);
  });
  assert.deepEqual(
    report.mended.map(({ code }) => code),
    ['segment.garbage'],
  );
  assert.deepEqual(report.lost, []);
  assert.deepEqual((await store.check({ deep: true })).findings, []);
  await fill(store, ['Subject: life goes on\r\n\r\n']);
  assert.deepEqual((await store.check({ deep: true })).findings, []);
  const left = inbox.filter((text) => !text.endsWith('\r\nthree\r\n'));
  assert.deepEqual((await readInbox(store)).slice(0, 3), left);
  await store.close();
});

test('repair: what is lost is called by its owner and its subject', async () => {
  await using scratch = new Scratch();
  await begin(scratch);
  const db = new DatabaseSync(storePaths(scratch.directory).database);
  db.exec('UPDATE message SET flags = 4 WHERE uid = 1; DELETE FROM content WHERE content_id = 2');
  db.close();
  const { store, report } = await damage(scratch, (file) => truncateSync(file, 0));
  assert.deepEqual(report.lost.map(({ where }) => where).sort(), [
    'a@sender.test to friend@surat.test, "Halo" (queue 1)',
    'you@merpati.test, INBOX (1/1)',
    'you@merpati.test, INBOX, "Halo" (1/1/1)',
    'you@merpati.test, INBOX, "Halo" (1/1/2)',
    'you@merpati.test, INBOX, "Halo" (1/1/3)',
    'you@merpati.test, INBOX, "Halo" (1/1/4)',
  ]);
  await store.close();
});

for (const [name, how] of [
  ['missing', (file: string) => rmSync(file)],
  ['empty', (file: string) => truncateSync(file, 0)],
] as const) {
  test(`repair: of a segment that is ${name} nothing can be saved, and it is said`, async () => {
    await using scratch = new Scratch();
    await begin(scratch);
    const { store, report } = await damage(scratch, how);
    assert.deepEqual(
      report.lost.map((loss) => loss.code).sort(),
      [...texts.map(() => 'body.damaged'), 'queue.blob'].sort(),
    );
    assert.deepEqual(await readInbox(store), []);
    const kept = readdirSync(storePaths(scratch.directory).quarantine);
    assert.equal(kept.length, 4, 'header fields and listing data are kept aside');
    await isClean(store);
    await fill(store, texts);
    assert.equal((await readInbox(store)).length, 4);
    await isClean(store);
    await store.close();
  });
}
