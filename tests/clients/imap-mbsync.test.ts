/**
 * mbsync (isync) keeps a Maildir and an account in step, both ways, with 10,000 messages: it is
 * killed in the middle of each direction, runs again, and nothing is lost or doubled.
 */

import assert from 'node:assert/strict';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ImapClient } from '@merpati/client/imap/client.ts';
import { Daemon, Folder, mustRun } from '../peers/machine.ts';
import { Merpati } from '../peers/merpati.ts';
import { requireProgram } from '../programs.ts';

const user = 'you@merpati.test';
const password = 'merpati';
const many = 10_000;

const folder = new Folder('mbsync');
let server: Merpati;

before(async () => {
  server = await Merpati.start();
});
after(async () => {
  const bugs = await server.bugs();
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
  assert.equal(bugs, 0);
});

/** The settings of one device, with a Maildir of its own. */
function makeDevice(name: string): { readonly file: string; readonly inbox: string } {
  const near = folder.file(name);
  const inbox = join(near, 'INBOX');
  for (const part of ['cur', 'new', 'tmp']) mkdirSync(join(inbox, part), { recursive: true });
  const file = folder.file(`${name}.rc`);
  writeFileSync(
    file,
    `FSync no
IMAPAccount account
Host localhost
Port ${server.ports.imaps}
User ${user}
Pass ${password}
SSLType IMAPS
CertificateFile ${server.certificate.authorityFile}

IMAPStore far
Account account

MaildirStore near
Path ${near}/
Inbox ${inbox}
SubFolders Verbatim

Channel mail
Far :far:
Near :near:
Patterns INBOX
Create Both
Expunge Both
SyncState *
`,
  );
  return { file, inbox };
}

const sync = (file: string) => mustRun('mbsync', ['-c', file, '-a', '-q'], { timeoutMs: 120_000 });

/** Starts it and takes it away, without a word, as soon as so much has been done. */
async function syncAndKill(file: string, isEnough: () => Promise<boolean>): Promise<void> {
  await using daemon = new Daemon('mbsync', ['-c', file, '-a', '-q']);
  while (!(await isEnough())) {
    assert.equal(daemon.exit, null, `it ended by itself: ${daemon.said}`);
    await sleep(20);
  }
  daemon.kill('SIGKILL');
  await daemon.ended();
}

async function open(): Promise<ImapClient> {
  const client = await ImapClient.connect({
    host: 'localhost',
    port: server.ports.imaps,
    security: 'implicit',
    trust: { ca: readFileSync(server.certificate.authorityFile) },
  });
  await client.login({ user, password });
  return client;
}

const subjectOf = (head: string): string => /^Subject: (.*?)\r?$/m.exec(head)?.[1] ?? '';

/** Subjects of the account's inbox with their flags. */
async function there(): Promise<Map<string, string>> {
  await using client = await open();
  await client.select('INBOX', { readOnly: true });
  const found = new Map<string, string>();
  if (client.mailbox?.exists === 0) return found;
  const items = 'FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)]';
  for await (const { flags, sections } of client.fetch('1:*', items)) {
    const [head] = sections.values();
    const subject = subjectOf(Buffer.from(head ?? []).toString());
    assert.ok(!found.has(subject), `${subject} is there twice`);
    found.set(subject, (flags ?? []).toSorted().join(' '));
  }
  return found;
}

async function countThere(): Promise<number> {
  await using client = await open();
  return (await client.status('INBOX', ['MESSAGES'])).get('MESSAGES') ?? 0;
}

const filesIn = (inbox: string): string[] =>
  ['new', 'cur'].flatMap((part) => readdirSync(join(inbox, part)).map((name) => join(part, name)));

/** Subjects of a Maildir with the letters of their flags. */
function here(inbox: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const name of filesIn(inbox)) {
    const subject = subjectOf(readFileSync(join(inbox, name), 'utf8'));
    assert.ok(!found.has(subject), `${subject} is here twice`);
    found.set(subject, /:2,([A-Z]*)$/.exec(name)?.[1] ?? '');
  }
  return found;
}

function writeMany(inbox: string): void {
  for (let index = 0; index < many; index += 1) {
    const body = 'Something to read.\n'.repeat(1 + (index % 20));
    const head = `From: rina@surat.test\nSubject: Number ${index}\nMessage-ID: <${index}@x>\n`;
    const flags = index % 3 === 0 ? 'S' : '';
    writeFileSync(
      join(inbox, 'cur', `${1_700_000_000 + index}.${index}.here:2,${flags}`),
      `${head}\n${body}`,
    );
  }
}

describe(`mbsync with ${many} messages`, () => {
  test('up and killed, down to a second device and killed, then both ways', async (t) => {
    if (!requireProgram(t, 'mbsync', 'openssl')) return;
    const first = makeDevice('first');
    writeMany(first.inbox);
    await syncAndKill(first.file, async () => (await countThere()) > many / 5);
    const before = await countThere();
    assert.ok(before < many, 'killed too late to show anything');
    await sync(first.file);
    const up = await there();
    assert.equal(up.size, many);
    assert.equal(up.get('Number 3'), '\\Seen');
    assert.equal(up.get('Number 4'), '');

    const second = makeDevice('second');
    const isHalfHere = () => Promise.resolve(filesIn(second.inbox).length > many / 5);
    await syncAndKill(second.file, isHalfHere);
    assert.ok(filesIn(second.inbox).length < many, 'killed too late to show anything');
    await sync(second.file);
    assert.deepEqual([...here(second.inbox).keys()].toSorted(), [...up.keys()].toSorted());

    await changeBothWays(first.inbox);
    await sync(first.file);
    await sync(second.file);
    const last = await there();
    assert.equal(last.size, many - 2);
    assert.ok(!last.has('Number 10') && !last.has('Number 20'));
    assert.equal(last.get('Number 4'), '\\Flagged');
    assert.equal(last.get('Number 5'), '\\Answered');
    for (const device of [first, second]) {
      const local = here(device.inbox);
      assert.deepEqual([...local.keys()].toSorted(), [...last.keys()].toSorted());
      assert.deepEqual([local.get('Number 4'), local.get('Number 5')], ['F', 'R']);
    }
  });
});

/** One message flagged and one removed at each side. */
async function changeBothWays(inbox: string): Promise<void> {
  const find = (subject: string): string => {
    const name = filesIn(inbox).find(
      (one) => subjectOf(readFileSync(join(inbox, one), 'utf8')) === subject,
    );
    assert.ok(name);
    return join(inbox, name);
  };
  const flagged = find('Number 4');
  renameSync(flagged, flagged.replace(/:2,$/, ':2,F'));
  unlinkSync(find('Number 10'));
  await using client = await open();
  await client.select('INBOX');
  const [answered] = await client.search('HEADER Message-ID "<5@x>"');
  const [gone] = await client.search('HEADER Message-ID "<20@x>"');
  assert.ok(answered !== undefined && gone !== undefined);
  await client.store(String(answered), ['\\Answered'], { change: 'add' });
  await client.store(String(gone), ['\\Deleted'], { change: 'add' });
  await client.expunge(String(gone));
}
