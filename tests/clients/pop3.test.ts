/**
 * Real clients take mail away by POP3: curl, Python's poplib, getmail6, fetchmail, mpop, in every
 * way of TLS and login they know. Our own client and its fetch are tried at Debian's Dovecot.
 */

import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Pop3Client } from '@merpati/client/pop3/client.ts';
import { fetchMail } from '@merpati/client/pop3/fetch.ts';
import { contentOf } from '@merpati/client/smtp/content.ts';
import { openSession } from '@merpati/client/smtp/open-session.ts';
import { Dovecot } from '../peers/dovecot.ts';
import { readInbox } from '../peers/inbox.ts';
import { Folder, makeCertificate, runProgram } from '../peers/machine.ts';
import { Merpati } from '../peers/merpati.ts';
import { requireProgram } from '../programs.ts';

const password = 'merpati';
/** One account for each test: none disturbs another. */
const users = [
  'curl',
  'curl-stls',
  'poplib',
  'poplib-stls',
  'getmail',
  'fetchmail',
  'mpop',
  'own',
] as const;
type User = (typeof users)[number];
const addressOf = (user: User) => `${user}@merpati.test`;

/** Dots at line starts, eight bits in body and header (SMTPUTF8), a megabyte of attachment. */
const mime = [
  'MIME-Version: 1.0',
  'Content-Type: text/plain; charset=utf-8',
  'Content-Transfer-Encoding: 8bit',
].join('\r\n');
const rina = 'From: rina@surat.test\r\n';
const messages: readonly string[] = [
  `${rina}Subject: Rice\r\n\r\nThe rice is ready.\r\n`,
  `${rina}Subject: Dots\r\n\r\n.\r\n..\r\n.a\r\n\r\n.\r\nlast\r\n`,
  `${rina}Subject: Eight\r\n${mime}\r\n\r\n${'żółw '.repeat(100)}\r\n`,
  'From: Żółw <rina@surat.test>\r\nSubject: Zażółć\r\n\r\nThe header is in UTF-8.\r\n',
  `${rina}Subject: Large\r\n\r\n${'QUJD'.repeat(19).concat('\r\n').repeat(14_000)}`,
];

let server: Merpati;
const folder = new Folder('pop3-clients');
after(() => folder[Symbol.dispose]());

async function deliver(user: User, wanted = messages): Promise<void> {
  await using client = await openSession({
    host: '127.0.0.1',
    port: server.ports.smtp,
    security: 'none',
    helloName: 'client.test',
  });
  const envelope = { from: 'rina@surat.test', recipients: [{ address: addressOf(user) }] };
  for (const message of wanted) {
    const results = await client.send(envelope, contentOf(Buffer.from(message)));
    assert.deepEqual(
      results.map(({ kind }) => kind),
      ['accepted'],
    );
  }
}

/** What a client has stored holds the message, in the line ends of this system. */
function assertHas(stored: readonly string[], wanted: readonly string[] = messages): void {
  assert.equal(stored.length, wanted.length);
  const local = (text: string) => text.replaceAll('\r\n', '\n').trimEnd();
  for (const message of wanted) {
    const [, ...body] = local(message).split('\n\n');
    const found = stored.filter((text) => local(text).endsWith(`\n\n${body.join('\n\n')}`));
    assert.equal(found.length, 1, message.slice(0, 60));
  }
}

function readFolder(path: string): string[] {
  return readdirSync(path).map((name) => readFileSync(join(path, name), 'utf8'));
}

async function inboxOf(user: User): Promise<string[]> {
  const texts = await readInbox(server, { user: addressOf(user) });
  return texts.map((text) => Buffer.from(text, 'latin1').toString('utf8'));
}

/** A program that takes one message from its input into a file of its own. */
function makeAgent(name: string): { readonly program: string; readonly taken: string } {
  const taken = folder.file(`${name}-taken`);
  mkdirSync(taken, { recursive: true });
  const program = folder.file(`${name}-take.sh`);
  writeFileSync(program, `#!/bin/sh\nexec cat > "$(mktemp ${taken}/XXXXXXXX)"\n`);
  chmodSync(program, 0o700);
  return { program, taken };
}

describe('real clients at our server', () => {
  before(async () => {
    server = await Merpati.start({
      accounts: Object.fromEntries(users.map((user) => [addressOf(user), password])),
    });
  });
  after(async () => {
    const bugs = await server.bugs();
    await server[Symbol.asyncDispose]();
    assert.equal(bugs, 0);
  });

  describe('curl', () => {
    const run = (user: User, args: readonly string[]) =>
      runProgram('curl', [
        ...['--silent', '--show-error', '--cacert', server.certificate.authorityFile],
        ...['--user', `${addressOf(user)}:${password}`, ...args],
      ]);
    const ways = [
      { user: 'curl', url: () => `pop3s://localhost:${server.ports.pop3s}/`, more: [] },
      {
        user: 'curl-stls',
        url: () => `pop3://localhost:${server.ports.pop3}/`,
        more: ['--ssl-reqd'],
      },
    ] as const;
    for (const { user, url, more } of ways) {
      test(`lists, reads, tops and deletes: ${user}`, async (t) => {
        if (!requireProgram(t, 'curl')) return;
        await deliver(user);
        const ask = async (path: string, ...args: readonly string[]) => {
          const ran = await run(user, [...more, ...args, `${url()}${path}`]);
          assert.equal(ran.code, 0, ran.stderr);
          return ran.stdout;
        };
        const listed = (await ask('')).trim().split(/\r?\n/);
        assert.equal(listed.length, messages.length);
        for (const login of ['AUTH=PLAIN', 'AUTH=LOGIN']) {
          for (const [index, message] of messages.entries()) {
            const text = await ask(String(index + 1), '--login-options', login);
            assert.ok(text.endsWith(message), `${login} ${index}`);
            assert.equal(Buffer.byteLength(text), Number(listed[index]?.split(' ')[1]));
          }
        }
        const ids = (await ask('', '--request', 'UIDL')).trim().split(/\r?\n/);
        assert.equal(new Set(ids.map((line) => line.split(' ')[1])).size, messages.length);
        assert.ok(!(await ask('', '--request', 'TOP 1 0')).includes('The rice'));
        await ask('2', '--request', 'DELE', '--list-only');
        assertHas(
          await inboxOf(user),
          messages.filter((_, index) => index !== 1),
        );
      });
    }
  });

  describe('poplib', () => {
    const script = `
import base64, json, poplib, ssl, sys
port, way, ca, user = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
context = ssl.create_default_context(cafile=ca)
if way == 'tls':
    pop = poplib.POP3_SSL('localhost', port, context=context)
else:
    pop = poplib.POP3('localhost', port)
    pop.stls(context)
capabilities = pop.capa()
pop.utf8()
pop.user(user)
pop.pass_('${password}')
count, octets = pop.stat()
texts = []
for number in range(1, count + 1):
    _, lines, _ = pop.retr(number)
    texts.append(base64.b64encode(b''.join(line + b'\\r\\n' for line in lines)).decode())
header = pop.top(2, 0)[1]
listed = [int(line.split()[1]) for line in pop.list()[1]]
ids = [line.decode() for line in pop.uidl()[1]]
assert pop.uidl(1).decode().split()[1:] == ids[0].split()
pop.noop()
pop.dele(1)
pop.rset()
assert pop.stat() == (count, octets)
pop.dele(1)
try:
    pop.retr(1)
    raise SystemExit('RETR of a deleted message')
except poplib.error_proto as error:
    refused = str(error)
pop.quit()
print(json.dumps({'capabilities': list(capabilities), 'texts': texts, 'listed': listed,
    'octets': octets, 'header': len(header), 'ids': ids}))
`;
    for (const way of ['tls', 'stls'] as const) {
      test(`every command it has, by ${way}`, async (t) => {
        if (!requireProgram(t, 'python3')) return;
        const user = way === 'tls' ? 'poplib' : 'poplib-stls';
        await deliver(user);
        const port = way === 'tls' ? server.ports.pop3s : server.ports.pop3;
        const args = ['-c', script, String(port), way, server.certificate.authorityFile];
        const ran = await runProgram('python3', [...args, addressOf(user)]);
        assert.equal(ran.code, 0, ran.stderr);
        const told = JSON.parse(ran.stdout) as {
          capabilities: string[];
          texts: string[];
          listed: number[];
          octets: number;
          ids: string[];
        };
        const texts = told.texts.map((text) => Buffer.from(text, 'base64'));
        for (const [index, message] of messages.entries()) {
          assert.ok(texts[index]?.toString('utf8').endsWith(message));
          assert.equal(texts[index]?.length, told.listed[index]);
        }
        assert.equal(
          told.octets,
          texts.reduce((sum, text) => sum + text.length, 0),
        );
        assert.equal(new Set(told.ids).size, messages.length);
        assert.ok(told.capabilities.includes('UTF8'));
        assertHas(await inboxOf(user), messages.slice(1));
      });
    }
  });

  test('getmail6, deleting', async (t) => {
    if (!requireProgram(t, 'getmail')) return;
    await deliver('getmail');
    const home = folder.file('getmail');
    mkdirSync(home);
    const { program, taken } = makeAgent('getmail');
    // Its own Maildir writer refuses to work for root.
    writeFileSync(
      join(home, 'rc'),
      `[retriever]
type = SimplePOP3SSLRetriever
server = localhost
port = ${server.ports.pop3s}
username = ${addressOf('getmail')}
password = ${password}
ca_certs = ${server.certificate.authorityFile}
[destination]
type = MDA_external
path = ${program}
allow_root_commands = true
[options]
delete = true
delivered_to = false
received = false
`,
      { mode: 0o600 },
    );
    const ran = await runProgram('getmail', ['--getmaildir', home, '--rcfile', 'rc']);
    assert.equal(ran.code, 0, `${ran.stdout}${ran.stderr}`);
    assertHas(readFolder(taken));
    assert.deepEqual(await inboxOf('getmail'), []);
  });

  test('fetchmail by unique-id: keeps, does not fetch twice, deletes', async (t) => {
    if (!requireProgram(t, 'fetchmail')) return;
    await deliver('fetchmail');
    const home = folder.file('fetchmail');
    mkdirSync(home);
    const { program, taken } = makeAgent('fetchmail');
    const run = async (keep: string) => {
      writeFileSync(
        join(home, 'rc'),
        `set invisible
poll localhost service ${server.ports.pop3s} protocol POP3 uidl no dns
  user "${addressOf('fetchmail')}" password "${password}" ${keep} no rewrite
  ssl sslcertck sslcertfile "${server.certificate.authorityFile}"
  mda "${program}"
`,
        { mode: 0o600 },
      );
      return runProgram('fetchmail', ['-f', join(home, 'rc'), '--nodetach', '--nosyslog'], {
        env: { FETCHMAILHOME: home },
      });
    };
    const first = await run('keep');
    assert.equal(first.code, 0, `${first.stdout}${first.stderr}`);
    assertHas(readFolder(taken));
    // 1: there was nothing new.
    const second = await run('keep');
    assert.equal(second.code, 1, `${second.stdout}${second.stderr}`);
    assertHas(readFolder(taken));
    const third = await run('nokeep fetchall');
    assert.equal(third.code, 0, `${third.stdout}${third.stderr}`);
    assert.deepEqual(await inboxOf('fetchmail'), []);
  });

  test('mpop into a Maildir, with each login, pipelining', async (t) => {
    if (!requireProgram(t, 'mpop')) return;
    await deliver('mpop');
    const home = folder.file('mpop');
    const methods = ['on', 'user', 'plain', 'login', 'scram-sha-256'];
    for (const method of methods) {
      const maildir = join(home, method);
      for (const name of ['cur', 'new', 'tmp']) mkdirSync(join(maildir, name), { recursive: true });
      writeFileSync(
        join(home, 'rc'),
        `account default
host localhost
port ${server.ports.pop3s}
tls on
tls_starttls off
tls_trust_file ${server.certificate.authorityFile}
auth ${method}
user ${addressOf('mpop')}
password ${password}
pipelining on
keep on
received_header off
uidls_file ${join(home, `uidls-${method}`)}
delivery maildir ${maildir}
`,
        { mode: 0o600 },
      );
      const ran = await runProgram('mpop', ['-C', join(home, 'rc')]);
      assert.equal(ran.code, 0, `${method}: ${ran.stdout}${ran.stderr}`);
      assertHas(readFolder(join(maildir, 'new')));
    }
  });

  test('unique-ids outlive a crash of the server, and DELE before QUIT does not', async () => {
    await deliver('own');
    const enter = async () => {
      const client = await Pop3Client.connect({
        host: 'localhost',
        port: server.ports.pop3s,
        security: 'implicit',
        trust: { ca: readFileSync(server.certificate.authorityFile) },
      });
      await client.login({ user: addressOf('own'), password });
      return client;
    };
    const before = await enter();
    const ids = await before.uidl();
    assert.equal(new Set(ids.values()).size, messages.length);
    await before.dele(1);
    await server.crash();
    await assert.rejects(before.quit(), { again: 'later' });
    await server.restart();
    const after = await enter();
    assert.deepEqual(await after.uidl(), ids);
    await after.quit();
  });
});

describe('our client at Dovecot', () => {
  const owner = 'rina@dovecot.test';

  async function startDovecot(): Promise<Dovecot> {
    const files = folder.file('dovecot');
    mkdirSync(files, { recursive: true });
    const certificate = await makeCertificate(files, ['localhost']);
    const dovecot = await Dovecot.start({ users: { [owner]: password }, certificate });
    for (const message of messages) await dovecot.save(owner, Buffer.from(message));
    return dovecot;
  }

  const connect = (dovecot: Dovecot, security: 'implicit' | 'stls') =>
    Pop3Client.connect({
      host: 'localhost',
      port: security === 'stls' ? dovecot.ports.pop3 : dovecot.ports.pop3s,
      security,
      trust: { ca: readFileSync(join(folder.file('dovecot'), 'certificate.pem')) },
    });

  test('every command, by STLS', async (t) => {
    if (!requireProgram(t, 'dovecot-pop3', 'root')) return;
    await using dovecot = await startDovecot();
    const client = await connect(dovecot, 'stls');
    await client.login({ user: owner, password });
    const { octets } = await client.stat();
    const sizes = await client.list();
    assert.equal(
      [...sizes.values()].reduce((sum, size) => sum + size, 0),
      octets,
    );
    assert.equal(new Set((await client.uidl()).values()).size, messages.length);
    for (const [index, message] of messages.entries()) {
      const pieces: Uint8Array[] = [];
      for await (const piece of await client.retr(index + 1)) pieces.push(piece);
      assert.equal(Buffer.concat(pieces).toString(), message);
    }
    const top: Uint8Array[] = [];
    for await (const piece of await client.top(2, 1)) top.push(piece);
    assert.equal(Buffer.concat(top).toString(), messages[1]?.split('..')[0]);
    await client.dele(1);
    await client.rset();
    await client.noop();
    await client.quit();
  });

  test('fetch with its pipelining, keeping and deleting', async (t) => {
    if (!requireProgram(t, 'dovecot-pop3', 'root')) return;
    await using dovecot = await startDovecot();
    const target = folder.file('fetched');
    const fetchOnce = async (keep: boolean) => {
      const client = await connect(dovecot, 'implicit');
      await client.login({ user: owner, password });
      return fetchMail(client, { folder: target, account: owner, keep, nowMs: Date.now() });
    };
    assert.equal((await fetchOnce(true)).stored.length, messages.length);
    assert.equal((await fetchOnce(true)).known, messages.length);
    assert.equal((await fetchOnce(false)).deleted, messages.length);
    assert.equal((await fetchOnce(false)).listed, 0);
    assert.deepEqual(readFolder(join(target, 'new')).sort(), [...messages].sort());
  });
});
