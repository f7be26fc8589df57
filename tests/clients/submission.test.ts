/**
 * Real clients hand in mail: swaks, curl, msmtp, git, Python's smtplib, nodemailer; by STARTTLS and
 * by TLS from the first octet, with every mechanism they know. What was sent is read back by POP3.
 */

import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createTransport } from 'nodemailer';
import PostalMime from 'postal-mime';
import type { Attachment } from 'postal-mime';
import { readInbox, waitForMessage } from '../peers/inbox.ts';
import { Folder, runProgram } from '../peers/machine.ts';
import { Merpati } from '../peers/merpati.ts';
import { requireProgram } from '../programs.ts';
import { root } from '../tidy/tree.ts';

const you = { user: 'you@merpati.test' };
const friend = { user: 'friend@merpati.test' };
let server: Merpati;
let folder: Folder;
let count = 0;

function octetsOf({ content }: Attachment): Buffer {
  return typeof content === 'string' ? Buffer.from(content) : Buffer.from(content as Uint8Array);
}

/** A subject that only this message has. */
function makeSubject(): string {
  count += 1;
  return `Rice ${count} ${process.pid}`;
}

before(async () => {
  folder = new Folder('clients');
  server = await Merpati.start({
    accounts: { [you.user]: 'merpati', [friend.user]: 'merpati' },
  });
});
after(async () => {
  const bugs = await server.bugs();
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
  assert.equal(bugs, 0);
});

describe('swaks', () => {
  const swaks = (...args: string[]) =>
    runProgram('swaks', ['--server', '127.0.0.1', '--helo', 'client.test', ...args]);

  for (const [name, ...args] of [
    ['STARTTLS and PLAIN', 'submission', '--tls', '--auth', 'PLAIN'],
    ['STARTTLS and LOGIN', 'submission', '--tls', '--auth', 'LOGIN'],
    ['TLS from the first octet', 'submissions', '--tls-on-connect', '--auth', 'PLAIN'],
  ] as const) {
    test(`submission by ${name}, with an attachment`, async (t) => {
      if (!requireProgram(t, 'swaks')) return;
      const [port, ...more] = args;
      const subject = makeSubject();
      const file = folder.file('rice.bin');
      writeFileSync(file, Buffer.from(Array.from({ length: 3000 }, (_, index) => index % 256)));
      const sent = await swaks(
        ...['--port', String(server.ports[port]), '--au', you.user, '--ap', 'merpati', ...more],
        ...['--from', you.user, '--to', friend.user, '--header', `Subject: ${subject}`],
        ...['--attach', `@${file}`],
      );
      assert.equal(sent.code, 0, sent.stdout);
      const message = await waitForMessage(server, friend, subject);
      const { attachments } = await PostalMime.parse(Buffer.from(message, 'latin1'));
      assert.deepEqual(attachments.map(octetsOf), [readFileSync(file)]);
      assert.match(message, /^Return-Path: <you@merpati\.test>\r\n/m);
      assert.match(message, /with ESMTPSA/);
    });
  }

  test('a wrong password, and no password at all, send nothing', async (t) => {
    if (!requireProgram(t, 'swaks')) return;
    const port = ['--port', String(server.ports.submission), '--tls'];
    const envelope = ['--from', you.user, '--to', friend.user];
    const wrong = await swaks(
      ...port,
      '--auth',
      'PLAIN',
      '--au',
      you.user,
      '--ap',
      'x',
      ...envelope,
    );
    assert.notEqual(wrong.code, 0);
    assert.match(wrong.stdout, /535 5\.7\.8/);
    const none = await swaks(...port, ...envelope);
    assert.match(none.stdout, /530 5\.7\.0/);
  });

  test('credentials are not taken in clear', async (t) => {
    if (!requireProgram(t, 'swaks')) return;
    const sent = await swaks(
      ...['--port', String(server.ports.submission), '--auth', 'PLAIN', '--au', you.user],
      ...['--ap', 'merpati', '--from', you.user, '--to', friend.user],
    );
    assert.notEqual(sent.code, 0);
    assert.doesNotMatch(sent.stdout, /250-AUTH|AUTH PLAIN \S/);
  });

  test("another one's address as sender is refused", async (t) => {
    if (!requireProgram(t, 'swaks')) return;
    const login = ['--tls', '--auth', 'PLAIN', '--au', you.user, '--ap', 'merpati'];
    const port = ['--port', String(server.ports.submission), ...login];
    const envelope = await swaks(...port, '--from', friend.user, '--to', friend.user);
    assert.match(envelope.stdout, /55[03] 5\.7\.1/);
    const header = await swaks(
      ...[...port, '--from', you.user, '--to', friend.user],
      ...['--header', `From: Friend <${friend.user}>`],
    );
    assert.match(header.stdout, /55[04] 5\.7\.1/);
  });

  test('as a stranger on port 25: local mail is taken under TLS, relaying refused', async (t) => {
    if (!requireProgram(t, 'swaks')) return;
    const subject = makeSubject();
    const port = ['--port', String(server.ports.smtp), '--tls', '--from', 'rina@surat.test'];
    const local = await swaks(...port, '--to', you.user, '--header', `Subject: ${subject}`);
    assert.equal(local.code, 0, local.stdout);
    assert.match(await waitForMessage(server, you, subject), /with ESMTPS\b/);
    const foreign = await swaks(...port, '--to', 'someone@example.com');
    assert.match(foreign.stdout, /550 5\.7\.1/);
    const unknown = await swaks(...port, '--to', 'nobody@merpati.test');
    assert.match(unknown.stdout, /550 5\.1\.1/);
  });

  test('pipelining all of the envelope', async (t) => {
    if (!requireProgram(t, 'swaks')) return;
    const subject = makeSubject();
    const sent = await swaks(
      ...['--port', String(server.ports.smtp), '--pipeline', '--from', 'rina@surat.test'],
      ...['--to', `${you.user},${friend.user}`, '--header', `Subject: ${subject}`],
    );
    assert.equal(sent.code, 0, sent.stdout);
    await waitForMessage(server, you, subject);
    await waitForMessage(server, friend, subject);
  });
});

describe('curl', () => {
  for (const mechanism of ['PLAIN', 'LOGIN', '*']) {
    test(`smtps, AUTH ${mechanism}`, async (t) => {
      if (!requireProgram(t, 'curl')) return;
      const subject = makeSubject();
      const sent = await runCurl(
        ...[`smtps://localhost:${server.ports.submissions}/client.test`, '-T', '-'],
        ...['--login-options', `AUTH=${mechanism}`],
        subject,
      );
      assert.equal(sent.code, 0, sent.stderr);
      await waitForMessage(server, friend, subject);
    });
  }

  test('smtp with STARTTLS required', async (t) => {
    if (!requireProgram(t, 'curl')) return;
    const subject = makeSubject();
    const url = `smtp://localhost:${server.ports.submission}/client.test`;
    const sent = await runCurl(url, '-T', '-', '--ssl-reqd', subject);
    assert.equal(sent.code, 0, sent.stderr);
    await waitForMessage(server, friend, subject);
  });

  test('what it sent comes back byte for byte by pop3s', async (t) => {
    if (!requireProgram(t, 'curl')) return;
    const subject = makeSubject();
    const body = '.\r\n..\r\nplain\r\n\ttab, trailing space \r\n\r\n';
    const sent = await runCurl(
      `smtps://localhost:${server.ports.submissions}/client.test`,
      ...['-T', '-'],
      subject,
      body,
    );
    assert.equal(sent.code, 0, sent.stderr);
    const message = await waitForMessage(server, friend, subject);
    assert.ok(message.endsWith(`\r\n\r\n${body}`), message);
  });

  async function runCurl(url: string, ...more: string[]) {
    const isBody = more.at(-1)?.endsWith('\r\n') === true;
    const body = isBody ? (more.pop() ?? '') : 'Rice.\r\n';
    const subject = more.pop() ?? '';
    const head = `From: <${you.user}>\r\nTo: <${friend.user}>\r\nSubject: ${subject}\r\n`;
    return await runProgram(
      'curl',
      [
        ...['-sS', '--cacert', server.certificate.authorityFile, '--url', url, ...more],
        ...['-u', `${you.user}:merpati`, '--mail-from', you.user, '--mail-rcpt', friend.user],
      ],
      { stdin: `${head}\r\n${body}` },
    );
  }
});

describe('msmtp', () => {
  for (const mechanism of ['plain', 'login', 'scram-sha-256']) {
    test(`STARTTLS, ${mechanism}`, async (t) => {
      if (!requireProgram(t, 'msmtp')) return;
      const subject = makeSubject();
      const sent = await runMsmtp(mechanism, 'submission', `Subject: ${subject}\n\nRice.\n`);
      assert.equal(sent.code, 0, sent.stderr);
      await waitForMessage(server, friend, subject);
    });
  }

  test('TLS from the first octet, and Bcc that nobody sees', async (t) => {
    if (!requireProgram(t, 'msmtp')) return;
    const subject = makeSubject();
    const text = `Bcc: ${you.user}\nSubject: ${subject}\n\nRice.\n`;
    const sent = await runMsmtp('plain', 'submissions', text, '--remove-bcc-headers=off');
    assert.equal(sent.code, 0, sent.stderr);
    assert.doesNotMatch(await waitForMessage(server, friend, subject), /^Bcc:/im);
  });

  async function runMsmtp(
    mechanism: string,
    port: 'submission' | 'submissions',
    text: string,
    ...more: string[]
  ) {
    return await runProgram(
      'msmtp',
      [
        ...['--host=localhost', `--port=${server.ports[port]}`, '--tls=on'],
        ...[`--tls-starttls=${port === 'submission' ? 'on' : 'off'}`, `--auth=${mechanism}`],
        ...[`--tls-trust-file=${server.certificate.authorityFile}`, `--user=${you.user}`],
        ...['--passwordeval=echo merpati', `--from=${you.user}`, ...more, friend.user],
      ],
      { stdin: text, env: { HOME: folder.path } },
    );
  }
});

describe('git send-email', () => {
  /** Lines that look like the end of a message, or the beginning of another one. */
  const content = 'Zażółć\n.\n..\nFrom here on\n\ttabs  and blanks \nno end of line';

  for (const [way, encryption] of [
    ['submission', 'tls'],
    ['submissions', 'ssl'],
  ] as const) {
    test(`two patches by ${way}: they apply, octet for octet`, async (t) => {
      if (!requireProgram(t, 'git-send-email')) return;
      const subject = makeSubject();
      const patches = await makePatches(subject);
      const { code, stderr } = await git('author', [
        ...['send-email', '--confirm=never', '--suppress-cc=all', '--smtp-server=localhost'],
        ...[`--smtp-server-port=${server.ports[way]}`, `--smtp-encryption=${encryption}`],
        `--smtp-ssl-cert-path=${server.certificate.authorityFile}`,
        ...[`--smtp-user=${you.user}`, '--smtp-pass=merpati', `--to=${friend.user}`],
        ...patches,
      ]);
      assert.equal(code, 0, stderr);
      await assertApplies(subject);
    });
  }

  test('by merpati sendmail', async (t) => {
    if (!requireProgram(t, 'git-send-email')) return;
    const subject = makeSubject();
    const patches = await makePatches(subject);
    const command = join(root, 'packages/server/bin/merpati.js');
    const { code, stderr } = await git('author', [
      ...['send-email', '--confirm=never', '--suppress-cc=all', `--to=${friend.user}`],
      `--sendmail-cmd='${process.execPath}' '${command}' --data '${server.data}' sendmail`,
      ...patches,
    ]);
    assert.equal(code, 0, stderr);
    await assertApplies(subject);
  });

  async function makePatches(subject: string): Promise<string[]> {
    rmSync(folder.file('author'), { recursive: true, force: true });
    await mustGit('.', ['init', '-q', 'author']);
    writeFileSync(folder.file('author/rice.txt'), 'rice\n');
    await mustGit('author', ['add', '.']);
    await mustGit('author', ['commit', '-qm', 'begin']);
    for (const text of ['one\n', content]) {
      writeFileSync(folder.file('author/rice.txt'), text);
      const said = `${subject}\n\nżółw, ${text.length} letters\n.\nFrom here on\n`;
      await mustGit('author', ['commit', '-qam', said, '--cleanup=verbatim']);
    }
    const made = await mustGit('author', ['format-patch', '-2', '-o', folder.file('patches')]);
    return made.trim().split('\n');
  }

  /** As the other one gets them, on top of where both began. */
  async function assertApplies(subject: string): Promise<void> {
    const patches: string[] = [];
    for (const number of ['1/2', '2/2']) {
      patches.push(await waitForMessage(server, friend, `[PATCH ${number}] ${subject}`));
    }
    rmSync(folder.file('reader'), { recursive: true, force: true });
    await mustGit('.', ['clone', '-q', 'author', 'reader']);
    await mustGit('reader', ['reset', '-q', '--hard', 'HEAD~2']);
    for (const [index, message] of patches.entries()) {
      const file = folder.file(`patch-${index}.eml`);
      writeFileSync(file, message, 'latin1');
      await mustGit('reader', ['am', '-q', file]);
    }
    assert.equal(readFileSync(folder.file('reader/rice.txt'), 'utf8'), content);
    const said = ['log', '-2', '--format=%an %s%n%b'];
    assert.equal(await mustGit('reader', said), await mustGit('author', said));
  }

  async function git(where: string, args: readonly string[]) {
    const names = { NAME: 'Żółw', EMAIL: you.user };
    const people = Object.entries(names).flatMap(([name, value]) => [
      [`GIT_AUTHOR_${name}`, value],
      [`GIT_COMMITTER_${name}`, value],
    ]);
    const env = {
      ...{ HOME: folder.path, GIT_CONFIG_NOSYSTEM: '1' },
      ...(Object.fromEntries(people) as Record<string, string>),
    };
    return await runProgram('git', ['-C', folder.file(where), ...args], { env });
  }

  async function mustGit(where: string, args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await git(where, args);
    assert.equal(code, 0, `git ${args.join(' ')}: ${stderr}`);
    return stdout;
  }
});

describe('Python', () => {
  test('smtplib: STARTTLS, login, UTF-8 in the head, two attachments', async (t) => {
    if (!requireProgram(t, 'python3')) return;
    const subject = makeSubject();
    const script = `
import smtplib, ssl, sys
from email.message import EmailMessage
port, ca, subject = int(sys.argv[1]), sys.argv[2], sys.argv[3]
m = EmailMessage()
m['From'] = 'Żółw <you@merpati.test>'
m['To'] = 'friend@merpati.test'
m['X-Marker'] = subject
m['Subject'] = 'Zażółć'
m.set_content('Selamat pagi – naïve café\\n')
m.add_alternative('<p>Selamat pagi</p>', subtype='html')
octets = bytes(range(256))
m.add_attachment(octets, maintype='application', subtype='x-test', filename='bytes.bin')
m.add_attachment('catatan', filename='catatan – satu.txt')
with smtplib.SMTP('localhost', port, timeout=20) as s:
    s.starttls(context=ssl.create_default_context(cafile=ca))
    s.login('you@merpati.test', 'merpati')
    print(s.send_message(m))
`;
    const sent = await runPython(script, [
      String(server.ports.submission),
      server.certificate.authorityFile,
      subject,
    ]);
    assert.equal(sent.code, 0, sent.stderr);
    const message = await waitForMessage(server, friend, `X-Marker: ${subject}`);
    // It writes neither of the two: the server that takes the message in does.
    assert.match(message, /^Message-ID: <.+>\r\n/m);
    assert.match(message, /^Date: /m);
    const read = await PostalMime.parse(Buffer.from(message, 'latin1'));
    assert.equal(read.subject, 'Zażółć');
    assert.equal(read.from?.name, 'Żółw');
    assert.equal(read.text?.trim(), 'Selamat pagi – naïve café');
    assert.deepEqual(
      read.attachments.map(({ filename }) => filename),
      ['bytes.bin', 'catatan – satu.txt'],
    );
  });

  test('smtplib: some recipients refused, the others served', async (t) => {
    if (!requireProgram(t, 'python3')) return;
    const subject = makeSubject();
    const script = `
import smtplib, sys
s = smtplib.SMTP('localhost', int(sys.argv[1]), timeout=20)
refused = s.sendmail('rina@surat.test', ['friend@merpati.test', 'nobody@merpati.test'],
    'Subject: %s\\r\\n\\r\\nRice.\\r\\n' % sys.argv[2])
print(sorted(refused), refused['nobody@merpati.test'][0])
s.quit()
`;
    const sent = await runPython(script, [String(server.ports.smtp), subject]);
    assert.equal(sent.stdout.trim(), "['nobody@merpati.test'] 550", sent.stderr);
    await waitForMessage(server, friend, subject);
  });

  test('poplib: STLS, UIDL, TOP, UTF8, RETR, DELE', async (t) => {
    if (!requireProgram(t, 'python3')) return;
    const subject = makeSubject();
    const script = `
import poplib, smtplib, ssl, sys
smtp, pop, ca, subject = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
s = smtplib.SMTP('localhost', smtp, timeout=20)
text = 'Subject: %s\\r\\n\\r\\n.dots\\r\\n' % subject
s.sendmail('rina@surat.test', ['reader@merpati.test'], text)
s.quit()
p = poplib.POP3('localhost', pop, timeout=20)
p.stls(context=ssl.create_default_context(cafile=ca))
p.utf8()
p.user('reader@merpati.test'); p.pass_('merpati')
assert p.stat()[0] == 1, p.stat()
uid = p.uidl(1).split()[-1]
assert any(subject.encode() in line for line in p.top(1, 0)[1])
assert p.retr(1)[1][-1] == b'.dots', p.retr(1)
p.dele(1); p.rset(); p.dele(1); p.quit()
trust = ssl.create_default_context(cafile=ca)
p = poplib.POP3_SSL('localhost', int(sys.argv[5]), timeout=20, context=trust)
p.user('reader@merpati.test'); p.pass_('merpati')
print(p.stat()[0], len(uid) > 0)
p.quit()
`;
    const control = await server.control();
    await control.call('account.add', { address: 'reader@merpati.test', password: 'merpati' });
    const { smtp, pop3, pop3s } = server.ports;
    const { authorityFile } = server.certificate;
    const ran = await runPython(script, [smtp, pop3, authorityFile, subject, pop3s].map(String));
    assert.equal(ran.stdout.trim(), '0 True', ran.stderr);
  });

  async function runPython(script: string, args: readonly string[]) {
    return await runProgram('python3', ['-c', script, ...args]);
  }
});

describe('nodemailer', () => {
  test('a pool of connections, many messages at a time', async () => {
    const subject = makeSubject();
    const transport = createTransport({
      host: 'localhost',
      port: server.ports.submissions,
      secure: true,
      pool: true,
      maxConnections: 4,
      auth: { user: you.user, pass: 'merpati' },
      tls: { ca: readFileSync(server.certificate.authorityFile) },
    });
    await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        transport.sendMail({
          from: you.user,
          to: friend.user,
          subject: `${subject} number ${index}`,
          text: 'Rice.',
          attachments: [{ filename: 'a.bin', content: Buffer.alloc(5000, index) }],
        }),
      ),
    );
    transport.close();
    const inbox = await readInbox(server, friend);
    const own = inbox.filter((message) => message.includes(`${subject} number`));
    assert.equal(own.length, 40);
  });
});
