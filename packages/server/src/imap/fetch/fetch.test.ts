import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync, readdirSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startImapWorld, you } from '../testing/imap-world.ts';
import type { RawImap } from '../testing/imap-world.ts';

const multipart = (attachment: string): string =>
  'From: Rina <rina@surat.test>\r\nSubject: parts\r\n' +
  'Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\none\r\n--x\r\n' +
  'Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n' +
  `${attachment}\r\n--x--\r\n`;

/** Every octet up to the tagged end, and that without its tag. */
async function octets(client: RawImap, command: string): Promise<string> {
  const tag = client.begin(command);
  const lines: string[] = [];
  for (;;) {
    const line = await client.line();
    assert.notEqual(line, '', 'the server has hung up');
    if (line.startsWith(`${tag} `)) return `${lines.join('')}${line.slice(tag.length + 1)}`;
    lines.push(line);
  }
}

/** The literal behind this label. */
function literalOf(text: string, label: string): string {
  const at = text.indexOf(`${label} `);
  const found = /^~?\{(\d+)\}\r\n/.exec(text.slice(at + label.length + 1));
  assert.ok(at >= 0 && found !== null, `${label} in ${text.slice(0, 200)}`);
  const start = at + label.length + 1 + found[0].length;
  return text.slice(start, start + Number(found[1]));
}

test('a large message streams by, and is the same in all its pieces', async (t) => {
  const world = await startImapWorld(t);
  const content = Buffer.alloc(1_500_000, 'a\0bcdefghij');
  const lines = content.toString('base64').match(/.{1,76}/g)!;
  const message = multipart(lines.join('\r\n'));
  await world.deliver(you, message);
  const client = await world.enter();
  await client.ask('SELECT INBOX');

  const whole = await octets(client, 'FETCH 1 (BODY.PEEK[] BODY.PEEK[2] BODY.PEEK[1])');
  assert.ok(literalOf(whole, 'BODY[]') === message);
  assert.ok(literalOf(whole, 'BODY[2]') === lines.join('\r\n'));
  assert.equal(literalOf(whole, 'BODY[1]'), 'one');
  assert.ok(whole.endsWith(')\r\nOK Fetched\r\n'));

  const binary = await octets(client, 'FETCH 1 (BINARY.SIZE[2] BINARY.PEEK[2] FLAGS)');
  assert.ok(binary.includes(`BINARY.SIZE[2] ${content.length} `));
  assert.ok(binary.includes(`BINARY[2] ~{${content.length}}`));
  assert.ok(literalOf(binary, 'BINARY[2]') === content.toString('latin1'));

  const piece = await octets(client, 'FETCH 1 (BINARY.PEEK[2]<1499990.99> BODY.PEEK[2]<3.5>)');
  assert.equal(literalOf(piece, 'BINARY[2]<1499990>'), content.toString('latin1', 1_499_990));
  assert.equal(literalOf(piece, 'BODY[2]<3>'), lines[0].slice(3, 8));

  const shown = await octets(client, 'FETCH 1 (BODY.PEEK[1] PREVIEW)');
  assert.ok(shown.endsWith('PREVIEW "one")\r\nOK Fetched\r\n'));

  const head = await octets(client, 'FETCH 1 (BODY.PEEK[HEADER] BODY.PEEK[TEXT]<0.5>)');
  assert.equal(literalOf(head, 'BODY[TEXT]<0>'), '--x\r\n');
  assert.ok(message.startsWith(literalOf(head, 'BODY[HEADER]')));
  client.socket.destroy();
});

test('what the index has not read yet is told the same, from the message itself', async (t) => {
  const world = await startImapWorld(t);
  for (let number = 1; number <= 30; number += 1)
    await world.deliver(you, multipart(`AAE${number}`));
  const client = await world.enter();
  await client.ask('SELECT INBOX');
  const commands = [
    'FETCH 1:* (ENVELOPE BODYSTRUCTURE BODY)',
    'FETCH 1:* (BODY.PEEK[HEADER.FIELDS (Subject FROM X-None)])',
    'FETCH 1:* (PREVIEW)',
    'FETCH 1:* (THREADID)',
    'UID FETCH 1:* (BODYSTRUCTURE BODY.PEEK[HEADER])',
    'FETCH 1:* (THREADID BODY.PEEK[1] ENVELOPE PREVIEW)',
  ];
  const early: string[] = [];
  for (const command of commands) early.push(await octets(client, command));
  for (const text of early) assert.ok(text.includes('* 30 FETCH ('), text.slice(-100));
  await world.store.indexed(world.account(you));
  for (const [index, command] of commands.entries()) {
    assert.equal(await octets(client, command), early[index]);
  }
  assert.ok(early[1]!.includes('{48}\r\nFrom: Rina <rina@surat.test>\r\nSubject: parts\r\n\r\n)'));
  client.socket.destroy();
});

test('a message that is damaged on disk is named, and the others are told', async (t) => {
  const world = await startImapWorld(t);
  await world.deliver(you, 'Subject: one\r\n\r\nfirst\r\n');
  await world.deliver(you, 'Subject: two\r\n\r\nsecond\r\n');
  await world.deliver(you, 'Subject: three\r\n\r\nthird\r\n');
  spoil(world.directory, 'second');
  const client = await world.enter();
  await client.ask('SELECT INBOX');
  const told = await client.ask('FETCH 1:3 (UID BODY.PEEK[TEXT])');
  assert.deepEqual(told, [
    '* 1 FETCH (UID 1 BODY[TEXT] {7}',
    'first',
    ')',
    '* 3 FETCH (UID 3 BODY[TEXT] {7}',
    'third',
    ')',
    'NO [CORRUPTION] That message is damaged on disk; ask the postmaster',
  ]);
  assert.deepEqual(await client.ask('FETCH 2 (UID)'), ['* 2 FETCH (UID 2)', 'OK Fetched']);
  client.socket.destroy();
});

/** Turns a bit of this text where the bodies are. */
function spoil(directory: string, text: string): void {
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.parentPath.endsWith('segments')) continue;
    const path = join(entry.parentPath, entry.name);
    const bytes = readFileSync(path);
    const at = bytes.indexOf(text);
    if (at < 0) continue;
    // In its place: a file that is written anew is empty for a moment, and others read it too.
    const file = openSync(path, 'r+');
    writeSync(file, Uint8Array.of(bytes[at]! ^ 1), 0, 1, at);
    closeSync(file);
    return;
  }
  assert.fail(`${text} lies in no segment`);
}

test('messages that others have expunged are left out, and that is said', async (t) => {
  const world = await startImapWorld(t);
  for (let number = 0; number < 3; number += 1)
    await world.deliver(you, 'Subject: x\r\n\r\nhi\r\n');
  const [one, other] = [await world.enter(), await world.enter()];
  await one.ask('SELECT INBOX');
  await other.ask('SELECT INBOX');
  await other.ask('STORE 2 +FLAGS.SILENT (\\Deleted)');
  await other.ask('EXPUNGE');
  const told = await one.ask('FETCH 1:3 (UID)');
  assert.deepEqual(
    told.filter((line) => line.includes('FETCH (UID')),
    ['* 1 FETCH (UID 1)', '* 3 FETCH (UID 3)'],
  );
  assert.ok(told.at(-1)!.startsWith('OK [EXPUNGEISSUED]'));
  assert.ok(!told.some((line) => line.includes('EXPUNGE') && line.startsWith('*')));
  assert.deepEqual(await one.ask('NOOP'), ['* 2 EXPUNGE', '* 2 RECENT', 'OK Still here']);
  for (const client of [one, other]) client.socket.destroy();
});

test('the journey of a message hears who has read it, once', async (t) => {
  const world = await startImapWorld(t);
  await world.deliver(you, 'Subject: x\r\n\r\nhi\r\n');
  const client = await world.enter();
  await client.ask('ID ("name" "Surat")');
  await client.ask('SELECT INBOX');
  await client.ask('FETCH 1 (BODY.PEEK[HEADER] ENVELOPE)');
  for (let round = 0; round < 3; round += 1) await client.ask('FETCH 1 (BODY.PEEK[])');
  const [row] = await world.store.messages(
    world.account(you),
    (await world.store.mailbox(world.account(you), 'INBOX'))!.id,
    {
      fromUid: 1 as never,
      limit: 1,
    },
  );
  const readings = async () =>
    (await world.store.journey(row!.journey))!.events.filter(({ code }) => code === 'read.imap');
  for (let tries = 0; tries < 50 && (await readings()).length === 0; tries += 1) await delay(50);
  const events = await readings();
  assert.equal(events.length, 1);
  assert.match(JSON.stringify(events[0]?.args), /Surat/);
  client.socket.destroy();
});

test('a client that reads nothing holds bounded memory, and others go on', async (t) => {
  const world = await startImapWorld(t);
  await world.deliver(you, `Subject: large\r\n\r\n${'x'.repeat(8_000_000)}\r\n`);
  const slow = await world.enter();
  await slow.ask('SELECT INBOX');
  slow.socket.pause();
  const before = process.memoryUsage().arrayBuffers;
  for (let round = 0; round < 20; round += 1) slow.begin('FETCH 1 BODY.PEEK[]');
  const other = await world.enter();
  await other.ask('SELECT INBOX');
  for (let round = 0; round < 20; round += 1) {
    await delay(20);
    assert.deepEqual((await other.ask('FETCH 1 (UID)')).length, 2);
  }
  const grown = process.memoryUsage().arrayBuffers - before;
  assert.ok(grown < 24_000_000, `${grown} octets more`);
  for (const client of [slow, other]) client.socket.destroy();
});
