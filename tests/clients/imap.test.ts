/**
 * Real clients at our IMAP service: curl, Python's imaplib, imapflow, neomutt, imapfilter and
 * offlineimap, in the ways of TLS and login that they know. mbsync has a file of its own.
 */

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ImapFlow } from 'imapflow';
import { ImapClient, readWhole } from '@merpati/client/imap/client.ts';
import { Folder, mustRun, runProgram } from '../peers/machine.ts';
import { Merpati } from '../peers/merpati.ts';
import { requireProgram } from '../programs.ts';

const password = 'merpati';
/** One account for each test: none disturbs another. */
const users = ['curl', 'imaplib', 'imapflow', 'neomutt', 'imapfilter', 'offlineimap'] as const;
type User = (typeof users)[number];
const addressOf = (user: User) => `${user}@merpati.test`;

const head = (subject: string) =>
  `From: Rina <rina@surat.test>\r\nTo: you@merpati.test\r\nSubject: ${subject}\r\n` +
  `Date: Sat, 21 Nov 2026 09:00:00 +0700\r\nMessage-ID: <${subject.length}@surat.test>\r\n`;
const messages: readonly Buffer[] = [
  `${head('Rice')}\r\nThe rice is ready.\r\n`,
  `${head('Dots and {5}')}\r\n.\r\n..\r\n{5}\r\n\r\n)\r\nlast\r\n`,
  `${head('=?utf-8?q?=C5=BC=C3=B3=C5=82w?=')}MIME-Version: 1.0\r\nContent-Type: text/plain; ` +
    `charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n${'żółw '.repeat(100)}\r\n`,
  `${head('A part')}MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n` +
    '--b\r\nContent-Type: text/plain\r\n\r\nHello.\r\n--b\r\nContent-Type: application/pdf; ' +
    'name="a.pdf"\r\nContent-Disposition: attachment; filename="a.pdf"\r\n' +
    'Content-Transfer-Encoding: base64\r\n\r\nSGVsbG8=\r\n--b--\r\n',
].map((text) => Buffer.from(text));

let server: Merpati;
const folder = new Folder('imap-clients');

async function open(user: User): Promise<ImapClient> {
  const client = await ImapClient.connect({
    host: 'localhost',
    port: server.ports.imaps,
    security: 'implicit',
    trust: { ca: readFileSync(server.certificate.authorityFile) },
  });
  await client.login({ user: addressOf(user), password });
  return client;
}

async function fill(user: User): Promise<void> {
  await using client = await open(user);
  await client.append('INBOX', ...messages.map((content) => ({ octets: content.length, content })));
}

/** Every message of a mailbox with its flags, as we see it. */
async function look(user: User, mailbox: string): Promise<{ text: string; flags: string[] }[]> {
  await using client = await open(user);
  await client.select(mailbox, { readOnly: true });
  const found: { text: string; flags: string[] }[] = [];
  if (client.mailbox?.exists === 0) return found;
  for await (const { content } of client.download('1:*')) {
    found.push({ text: Buffer.from(await readWhole(content)).toString(), flags: [] });
  }
  let at = 0;
  for await (const { flags } of client.fetch('1:*', 'UID FLAGS')) {
    found[at]?.flags.push(...(flags ?? []));
    at += 1;
  }
  return found;
}

before(async () => {
  server = await Merpati.start({
    accounts: Object.fromEntries(users.map((user) => [addressOf(user), password])),
  });
});
after(async () => {
  const bugs = await server.bugs();
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
  assert.equal(bugs, 0);
});

test('curl appends, lists, reads, searches and stores, under TLS and STARTTLS', async (t) => {
  if (!requireProgram(t, 'curl', 'openssl')) return;
  const common = ['--silent', '--show-error', '--cacert', server.certificate.authorityFile];
  const login = ['--user', `${addressOf('curl')}:${password}`];
  const ways = [
    [`imaps://localhost:${server.ports.imaps}`],
    [`imap://localhost:${server.ports.imap}`, '--ssl-reqd'],
  ] as const;
  const file = folder.file('curl.eml');
  for (const [index, [url, ...tls]] of ways.entries()) {
    const ask = async (path: string, ...args: readonly string[]) => {
      const all = [...common, ...login, ...tls, ...args, `${url}/${path}`];
      return (await mustRun('curl', all)).stdout;
    };
    assert.match(await ask(''), /^\* LIST \([^)]*\\Sent[^)]*\) "\/" "?Sent"?\r$/m);
    for (const [number, message] of messages.entries()) {
      writeFileSync(file, message);
      await ask('INBOX', '--upload-file', file);
      const uid = index * messages.length + number + 1;
      assert.equal(await ask(`INBOX;UID=${uid}`), message.toString());
    }
    assert.equal(await ask('INBOX;UID=1;SECTION=TEXT'), 'The rice is ready.\r\n');
    assert.match(await ask('INBOX?SUBJECT%20rice'), /^\* SEARCH 1\b/);
    const stored = await ask('INBOX', '--request', 'STORE 1 +FLAGS (\\Flagged)');
    assert.match(stored, /^\* 1 FETCH \(.*\\Flagged/);
  }
  const wrong = ['--user', `${addressOf('curl')}:wrong`, ...common];
  const refused = await runProgram('curl', [...wrong, `${ways[0][0]}/INBOX`]);
  assert.equal(refused.code, 67, refused.stderr);
});

const imaplib = `
import imaplib, ssl, sys, time
host, port, tls_port, ca, user, password = sys.argv[1:7]
context = ssl.create_default_context(cafile=ca)
box = imaplib.IMAP4(host, int(port))
assert 'STARTTLS' in box.capabilities, box.capabilities
box.starttls(ssl_context=context)
box.login(user, password)
box.logout()
box = imaplib.IMAP4_SSL(host, int(tls_port), ssl_context=context)
box.authenticate('PLAIN', lambda _: b'\\0' + user.encode() + b'\\0' + password.encode())
def ok(answer):
    assert answer[0] == 'OK', answer
    return answer[1]
ok(box.create('"With space"'))
assert any(b'With space' in line for line in ok(box.list()))
count = int(ok(box.select('INBOX'))[0])
assert count == 4, count
texts = ok(box.fetch('1:*', '(UID RFC822.SIZE BODY.PEEK[])'))
sizes = [len(item[1]) for item in texts if isinstance(item, tuple)]
assert len(sizes) == 4, texts
assert ok(box.search(None, 'UNSEEN', 'SUBJECT', 'Rice'))[0] == b'1'
assert ok(box.uid('SEARCH', 'CHARSET', 'UTF-8', 'BODY', 'rice'))[0] == b'1'
ok(box.uid('STORE', '1', '+FLAGS.SILENT', '(\\\\Answered $Work)'))
assert b'$Work' in ok(box.fetch('1', '(FLAGS)'))[0]
ok(box.uid('COPY', '1:2', '"With space"'))
ok(box.uid('STORE', '4', '+FLAGS', '(\\\\Deleted)'))
assert ok(box.expunge()) == [b'4']
message = b'From: a@b\\r\\nSubject: new\\r\\n\\r\\nNew.\\r\\n'
ok(box.append('INBOX', '(\\\\Seen)', imaplib.Time2Internaldate(time.time()), message))
ok(box.noop())
assert box.response('EXISTS')[1][-1] == b'4'
ok(box.status('"With space"', '(MESSAGES UNSEEN)'))
ok(box.sort('(REVERSE ARRIVAL)', 'UTF-8', 'ALL'))
ok(box.thread('REFERENCES', 'UTF-8', 'ALL'))
ok(box.getquotaroot('INBOX'))
ok(box.close())
ok(box.rename('"With space"', 'Without'))
ok(box.delete('Without'))
box.logout()
print('done')
`;

test('Python: imaplib goes through all that it knows', async (t) => {
  if (!requireProgram(t, 'python3', 'openssl')) return;
  await fill('imaplib');
  const { imap, imaps } = server.ports;
  const place = ['localhost', String(imap), String(imaps), server.certificate.authorityFile];
  const args = ['-c', imaplib, ...place, addressOf('imaplib'), password];
  const ran = await runProgram('python3', args, { timeoutMs: 30_000 });
  assert.equal(ran.stdout, 'done\n', ran.stderr);
});

test('imapflow: structure, parts, flags, search, move, and IDLE', async () => {
  await fill('imapflow');
  const client = new ImapFlow({
    host: 'localhost',
    port: server.ports.imaps,
    secure: true,
    tls: { ca: readFileSync(server.certificate.authorityFile) },
    auth: { user: addressOf('imapflow'), pass: password },
    logger: false,
    qresync: true,
  });
  await client.connect();
  try {
    const listed = await client.list({ statusQuery: { messages: true, unseen: true } });
    assert.ok(listed.some((one) => one.specialUse === '\\Sent'));
    await client.mailboxCreate(['Proyek', 'Juli – Agustus']);
    await client.mailboxOpen('INBOX');
    const fetched = await client.fetchAll('1:*', {
      envelope: true,
      bodyStructure: true,
      flags: true,
      size: true,
      threadId: true,
    });
    assert.deepEqual(
      fetched.map(({ envelope }) => envelope?.subject),
      ['Rice', 'Dots and {5}', 'żółw', 'A part'],
    );
    assert.deepEqual(
      fetched.map(({ size }) => size),
      messages.map(({ length }) => length),
    );
    assert.equal(
      fetched[3]?.bodyStructure?.childNodes?.[1]?.dispositionParameters?.['filename'],
      'a.pdf',
    );
    const { content } = await client.download('4', '2', { uid: true });
    const chunks: Buffer[] = [];
    for await (const chunk of content) chunks.push(chunk as Buffer);
    assert.equal(Buffer.concat(chunks).toString(), 'Hello');
    await client.messageFlagsAdd('1:2', ['\\Seen', '$Penting'], { uid: true });
    assert.deepEqual(await client.search({ keyword: '$Penting' }, { uid: true }), [1, 2]);
    assert.deepEqual(await client.search({ body: 'rice' }, { uid: true }), [1]);
    const moved = await client.messageMove('2', 'Proyek/Juli – Agustus', { uid: true });
    assert.deepEqual(moved && [...(moved.uidMap ?? [])], [[2, 1]]);
    const heard = new Promise<number>((resolve) => {
      client.on('exists', ({ count }) => resolve(count));
    });
    const idling = client.idle();
    await fill('imapflow');
    assert.ok((await heard) > 3);
    await client.noop();
    await idling;
    assert.equal(client.mailbox && client.mailbox.exists, 7);
    await client.mailboxDelete('Proyek/Juli – Agustus');
    await client.logout();
  } finally {
    client.close();
  }
});

test('neomutt marks a message and saves it into another mailbox', async (t) => {
  if (!requireProgram(t, 'neomutt', 'script', 'openssl')) return;
  await fill('neomutt');
  const settings = `set ssl_ca_certificates_file=${server.certificate.authorityFile}
set ssl_force_tls=yes
set imap_user=${addressOf('neomutt')}
set imap_pass=${password}
set folder=imaps://localhost:${server.ports.imaps}/
set spoolfile=+INBOX
set header_cache=${folder.file('neomutt-cache')}
set confirmappend=no quit=yes delete=yes move=no sleep_time=0 wait_key=no prompt_after=no
push '<limit>~s Rice<enter><flag-message><save-message>=Archive<enter><sync-mailbox><quit>'
`;
  const file = folder.file('neomuttrc');
  writeFileSync(file, settings);
  // It wants a terminal.
  await mustRun('script', ['-qec', `neomutt -F ${file}`, '/dev/null'], {
    env: { TERM: 'xterm', HOME: folder.path },
    timeoutMs: 30_000,
  });
  const [saved] = await look('neomutt', 'Archive');
  assert.equal(saved?.text, messages[0]?.toString());
  assert.ok(saved?.flags.includes('\\Flagged'), saved?.flags.join());
  assert.equal((await look('neomutt', 'INBOX')).length, messages.length - 1);
});

test('imapfilter finds, flags and moves', async (t) => {
  if (!requireProgram(t, 'imapfilter', 'openssl')) return;
  await fill('imapfilter');
  const program = `options.timeout = 20
account = IMAP { server = 'localhost', port = ${server.ports.imaps}, ssl = 'auto',
  username = '${addressOf('imapfilter')}', password = '${password}' }
account:create_mailbox('Rice')
found = account.INBOX:contain_subject('rice') * account.INBOX:is_unseen()
found:mark_flagged()
found:move_messages(account.Rice)
large = account.INBOX:is_larger(300) + account.INBOX:contain_body('last')
large:copy_messages(account.Archive)
print(#found, #large)
`;
  const file = folder.file('filter.lua');
  writeFileSync(file, program);
  const args = ['-t', server.certificate.authorityFile, '-c', file];
  const ran = await mustRun('imapfilter', args, {
    env: { HOME: folder.path },
    timeoutMs: 30_000,
  });
  assert.match(ran.stdout, /^1\t3$/m);
  const [moved] = await look('imapfilter', 'Rice');
  assert.equal(moved?.text, messages[0]?.toString());
  assert.ok(moved?.flags.includes('\\Flagged'));
  assert.equal((await look('imapfilter', 'INBOX')).length, 3);
  assert.equal((await look('imapfilter', 'Archive')).length, 3);
});

describe('offlineimap', () => {
  const path = (...parts: readonly string[]) => join(folder.path, 'offlineimap', ...parts);

  function writeSettings(): string {
    const file = path('offlineimaprc');
    mkdirSync(path(), { recursive: true });
    const text = `[general]
accounts = A
ui = basic
metadata = ${path('state')}
socktimeout = 20
[Account A]
localrepository = L
remoterepository = R
[Repository L]
type = Maildir
localfolders = ${path('mail')}
[Repository R]
type = IMAP
remotehost = localhost
remoteport = ${server.ports.imaps}
ssl = yes
sslcacertfile = ${server.certificate.authorityFile}
remoteuser = ${addressOf('offlineimap')}
remotepass = ${password}
maxconnections = 2
`;
    writeFileSync(file, text);
    return file;
  }

  test('brings a mailbox here, and what changed here there', async (t) => {
    if (!requireProgram(t, 'offlineimap', 'openssl')) return;
    await fill('offlineimap');
    const file = writeSettings();
    const run = () =>
      // The system's Python, whichever one the machine's owner prefers.
      mustRun('offlineimap', ['-c', file, '-o'], {
        env: { PATH: '/usr/bin:/bin', HOME: folder.path },
        timeoutMs: 60_000,
      });
    await run();
    const inbox = (name: string) => path('mail', 'INBOX', name);
    const local = [...readdirSync(inbox('new')), ...readdirSync(inbox('cur'))];
    assert.equal(local.length, messages.length);
    writeFileSync(join(inbox('cur'), '1.new.here:2,FS'), 'Subject: From here\n\nHello.\n');
    await run();
    const there = await look('offlineimap', 'INBOX');
    const added = there.find(({ text }) => text.includes('From here'));
    assert.equal(there.length, messages.length + 1);
    assert.deepEqual(added?.flags.toSorted(), ['\\Flagged', '\\Seen']);
  });
});
