/**
 * Debian's Postfix as the other server, in both directions: it sends to us, we send to it; also
 * when it is slow, full, refuses, or is down, and when it comes back.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createTransport } from 'nodemailer';
import type { SendMailOptions } from 'nodemailer';
import { Dovecot } from '../peers/dovecot.ts';
import { readInbox, waitForMessage } from '../peers/inbox.ts';
import { Folder, freePort, makeCertificate, mustRun, waitFor } from '../peers/machine.ts';
import type { Certificate } from '../peers/machine.ts';
import { Merpati } from '../peers/merpati.ts';
import { Postfix } from '../peers/postfix.ts';
import { requireProgram, whyMissing } from '../programs.ts';
import type { Program } from '../programs.ts';

const needed: readonly Program[] = ['root', 'postfix', 'dovecot', 'dovecot-pop3', 'openssl'];
const isHere = needed.every((program) => whyMissing(program) === null);

const you = { user: 'you@merpati.test' };
const rina = { user: 'rina@surat.test' };
const budi = { user: 'budi@surat.test' };

/** surat.test: Postfix before Dovecot. merpati.test: ours. Each knows the way to the other. */
interface Neighbours {
  readonly postfix: Postfix;
  readonly surat: { readonly ports: { readonly pop3s: number }; readonly certificate: Certificate };
  readonly server: Merpati;
}

let here: Neighbours;
const stack = new AsyncDisposableStack();
let count = 0;

function makeSubject(): string {
  count += 1;
  return `Letter-${count}-${process.pid}`;
}

before(async () => {
  if (!isHere) return;
  const folder = stack.use(new Folder('neighbours'));
  const certificate = await makeCertificate(folder.path, ['mx.surat.test', 'localhost']);
  const postfixPort = await freePort();
  const server = stack.use(
    await Merpati.start({
      accounts: { [you.user]: 'merpati', 'full@merpati.test': 'merpati' },
      routes: { 'surat.test': postfixPort },
      settings: '[queue]\nretry_after_s = [1, 1, 2]\n',
    }),
  );
  const dovecot = stack.use(
    await Dovecot.start({
      users: { [rina.user]: 'merpati', [budi.user]: 'merpati' },
      certificate,
    }),
  );
  const postfix = stack.use(
    await Postfix.start({
      hostname: 'mx.surat.test',
      port: postfixPort,
      certificate,
      domains: {
        'surat.test': `lmtp:unix:${dovecot.lmtpSocket}`,
        'merpati.test': `smtp:[127.0.0.1]:${server.ports.smtp}`,
      },
      recipients: [rina.user, budi.user, '@merpati.test'],
      settings: { minimal_backoff_time: '1s', queue_run_delay: '1s' },
    }),
  );
  here = { postfix, surat: { ports: dovecot.ports, certificate }, server };
});

after(async () => {
  const bugs = isHere ? await here.server.bugs() : 0;
  await stack.disposeAsync();
  assert.equal(bugs, 0);
});

/** Hands a message to our submission service as `you`. */
async function submit(message: SendMailOptions): Promise<void> {
  const transport = createTransport({
    host: '127.0.0.1',
    port: here.server.ports.submissions,
    secure: true,
    auth: { user: you.user, pass: 'merpati' },
    tls: { rejectUnauthorized: false },
  });
  await transport.sendMail({ from: you.user, text: 'Rice.', ...message });
  transport.close();
}

/** Hands a message to Postfix, as somebody behind it would. */
async function post(to: string, text: string, from = rina.user): Promise<void> {
  const script = `import smtplib, sys
s = smtplib.SMTP('127.0.0.1', ${here.postfix.port}, timeout=30)
o = ['SMTPUTF8', 'BODY=8BITMIME'] if '@' in sys.argv[1] and not sys.argv[1].isascii() else []
s.sendmail(sys.argv[1], [sys.argv[2]], sys.stdin.buffer.read(), mail_options=o)
s.quit()`;
  await mustRun('python3', ['-c', script, from, to], { stdin: text.replaceAll('\n', '\r\n') });
}

async function queued(): Promise<readonly { readonly attempts: number }[]> {
  const connection = await here.server.control();
  const { rows } = await connection.call('queue.list', {});
  await connection.close();
  return rows;
}

describe('Postfix sends to us', () => {
  test('under TLS, and the message arrives as it was', async (t) => {
    if (!requireProgram(t, ...needed)) return;
    const subject = makeSubject();
    await post(you.user, `Subject: ${subject}\n\n.\n..two\nlast\n`);
    const message = await waitForMessage(here.server, you, subject);
    assert.match(message, /by mx\.merpati\.test .*with ESMTPS /s);
    assert.ok(message.endsWith('\r\n\r\n.\r\n..two\r\nlast\r\n'), message);
  });

  test('hundreds, on many connections: each is there once', async (t) => {
    if (!requireProgram(t, ...needed)) return;
    const present = (await readInbox(here.server, you)).length;
    await mustRun('smtp-source', [
      ...['-s', '10', '-m', '300', '-l', '3000', '-f', rina.user, '-t', you.user],
      `127.0.0.1:${here.postfix.port}`,
    ]);
    const messages = await waitFor(
      '300 messages',
      async () => {
        const all = await readInbox(here.server, you);
        return all.length >= present + 300 && here.postfix.spooled() === 0 && all;
      },
      60_000,
    );
    const ids = messages.map((message) => /^Message-Id: (.*)$/im.exec(message)?.[1]);
    assert.equal(messages.length, present + 300);
    assert.equal(new Set(ids).size, ids.length);
  });

  test('five megabytes', async (t) => {
    if (!requireProgram(t, ...needed)) return;
    const subject = makeSubject();
    const line = `${'0123456789'.repeat(7)}\n`;
    await post(you.user, `Subject: ${subject}\n\n${line.repeat(74_000)}`);
    const message = await waitForMessage(here.server, you, subject, 60_000);
    assert.equal(message.split('\r\n').filter((text) => text.startsWith('0123')).length, 74_000);
  });

  test('an address we do not know goes back to its sender', async (t) => {
    if (!requireProgram(t, ...needed)) return;
    const subject = makeSubject();
    await post('nobody@merpati.test', `Subject: ${subject}\n\nRice.\n`);
    const bounce = await waitForMessage(here.surat, rina, subject);
    assert.match(bounce, /550 5\.1\.1/);
    assert.match(bounce, /^Status: 5\.1\.1/m);
  });

  test('a full mailbox makes it wait, and is served when there is room', async (t) => {
    if (!requireProgram(t, ...needed)) return;
    const subject = makeSubject();
    const full = { user: 'full@merpati.test' };
    const connection = await here.server.control();
    await connection.call('account.edit', { address: full.user, quotaBytes: 10 });
    await post(full.user, `Subject: ${subject}\n\nRice.\n`);
    await waitFor('452 4.2.2', () => /status=deferred.*452 4\.2\.2/.test(here.postfix.log));
    await connection.call('account.edit', { address: full.user, quotaBytes: null });
    await here.postfix.flush();
    await waitForMessage(here.server, full, subject);
    await connection.close();
  });

  test('we are gone for a while: Postfix waits, then everything comes once', async (t) => {
    if (!requireProgram(t, ...needed)) return;
    const subject = makeSubject();
    await here.server.stop();
    for (const number of [1, 2, 3]) {
      await post(you.user, `Subject: ${subject} ${number}\n\nRice.\n`);
    }
    await waitFor('a vain attempt', () => /status=deferred.*refused/.test(here.postfix.log));
    await here.server.restart();
    await here.postfix.flush();
    await waitForMessage(here.server, you, `${subject} 3`, 30_000);
    await waitFor('an empty queue', () => here.postfix.spooled() === 0, 30_000);
    const own = (await readInbox(here.server, you)).filter((text) => text.includes(subject));
    assert.equal(own.length, 3);
  });
});

describe('we send to Postfix', () => {
  test('under TLS, and the message arrives as it was', async (t) => {
    if (!requireProgram(t, ...needed)) return;
    const subject = makeSubject();
    const content = Buffer.from(Array.from({ length: 70_000 }, (_, index) => (index * 7) % 256));
    await submit({ to: rina.user, subject, attachments: [{ filename: 'a.bin', content }] });
    const message = await waitForMessage(here.surat, rina, subject);
    assert.match(message, /using TLSv1\.3|with ESMTPS/);
    const attached = /filename=a\.bin\r\n\r\n([A-Za-z0-9+/=\r\n]+)/.exec(message)?.[1] ?? '';
    assert.deepEqual(Buffer.from(attached, 'base64'), content);
    assert.doesNotMatch(message, /^Bcc:/im);
  });

  test('two people in one transaction', async (t) => {
    if (!requireProgram(t, ...needed)) return;
    const subject = makeSubject();
    await submit({ to: [rina.user, budi.user], subject });
    await waitForMessage(here.surat, rina, subject);
    await waitForMessage(here.surat, budi, subject);
  });

  test('one of two is unknown there: the other has the message, the sender a report', async (t) => {
    if (!requireProgram(t, ...needed)) return;
    const subject = makeSubject();
    await submit({ to: [rina.user, 'nobody@surat.test'], subject });
    await waitForMessage(here.surat, rina, subject);
    const report = await waitForMessage(here.server, you, 'nobody@surat.test');
    assert.match(report, /^Return-Path: <>\r\n/m);
    assert.match(report, /multipart\/report; ?(?:\r\n\s)?.*report-type="?delivery-status/s);
    assert.match(report, /^Final-Recipient: rfc822; ?nobody@surat\.test\r\n/im);
    assert.match(report, /^Action: failed\r\n/im);
    assert.match(report, /^Status: 5\.1\.1\r\n/im);
    assert.match(report, /^Remote-MTA: dns; ?/im);
    assert.match(report, new RegExp(`^Subject: ${subject}\r$`, 'm'));
  });

  test('it asks to be patient with one recipient: it is tried again, alone', async (t) => {
    if (!requireProgram(t, ...needed)) return;
    const subject = makeSubject();
    const restrictions = `inline:{{${budi.user}=450 4.7.1 Greylisted, come back later}}`;
    await here.postfix.set({
      smtpd_recipient_restrictions: `check_recipient_access ${restrictions}`,
    });
    await submit({ to: [rina.user, budi.user], subject });
    await waitForMessage(here.surat, rina, subject);
    await waitFor('a second attempt', async () =>
      (await queued()).some((row) => row.attempts >= 2),
    );
    await here.postfix.set({ smtpd_recipient_restrictions: '' });
    await waitForMessage(here.surat, budi, subject);
    await queueIsEmpty();
    const rinas = (await readInbox(here.surat, rina)).filter((text) => text.includes(subject));
    assert.equal(rinas.length, 1);
  });

  test('it is full: 452 at MAIL, and the message arrives when there is room again', async (t) => {
    if (!requireProgram(t, ...needed)) return;
    const subject = makeSubject();
    await here.postfix.set({ queue_minfree: '9000000000000' });
    await submit({ to: rina.user, subject });
    await waitFor('a second attempt', async () =>
      (await queued()).some((row) => row.attempts >= 2),
    );
    assert.match(here.postfix.log, /not enough free space|452 4\.3\.1/i);
    await here.postfix.set({ queue_minfree: '0' });
    await waitForMessage(here.surat, rina, subject);
    await queueIsEmpty();
  });

  test('it is slow: the message arrives all the same, and others need not wait', async (t) => {
    if (!requireProgram(t, ...needed)) return;
    const subject = makeSubject();
    await here.postfix.set({ smtpd_recipient_restrictions: 'sleep 6' });
    await submit({ to: rina.user, subject });
    const local = makeSubject();
    await submit({ to: you.user, subject: local });
    await waitForMessage(here.server, you, local);
    const there = await readInbox(here.surat, rina);
    const isThere = there.some((one) => one.includes(subject));
    assert.ok(!isThere, 'a slow neighbour held up local mail');
    await waitForMessage(here.surat, rina, subject);
    await here.postfix.set({ smtpd_recipient_restrictions: '' });
    await queueIsEmpty();
  });

  test('it is down: the message waits, and arrives when it is back', async (t) => {
    if (!requireProgram(t, ...needed)) return;
    const subject = makeSubject();
    await here.postfix.stop();
    await submit({ to: rina.user, subject });
    await waitFor('a second attempt', async () =>
      (await queued()).some((row) => row.attempts >= 2),
    );
    await here.postfix.restart();
    // A host that could not be reached is left alone for 20 s.
    await waitForMessage(here.surat, rina, subject, 40_000);
    await queueIsEmpty();
  });

  test('we are killed while it is down: the message is not lost, and comes once', async (t) => {
    if (!requireProgram(t, ...needed)) return;
    const subject = makeSubject();
    await here.postfix.stop();
    await submit({ to: rina.user, subject });
    await here.server.crash();
    await here.postfix.restart();
    await here.server.restart();
    await waitForMessage(here.surat, rina, subject, 60_000);
    await queueIsEmpty();
    const own = (await readInbox(here.surat, rina)).filter((text) => text.includes(subject));
    assert.equal(own.length, 1);
  });

  test('the sender asked to hear of success: a report comes back', async (t) => {
    if (!requireProgram(t, ...needed)) return;
    const subject = makeSubject();
    await submit({
      to: rina.user,
      subject,
      dsn: { id: 'envelope-1', return: 'headers', notify: ['success'], recipient: rina.user },
    });
    await waitForMessage(here.surat, rina, subject);
    const report = await waitForMessage(here.server, you, 'envelope-1', 30_000);
    assert.match(report, /^Action: (delivered|relayed)\r\n/im);
    assert.match(report, /^Original-Envelope-Id: envelope-1\r\n/im);
  });

  async function queueIsEmpty(): Promise<void> {
    await waitFor('an empty queue', async () => (await queued()).length === 0, 20_000);
  }
});

describe('SMTPUTF8 through both', () => {
  test('from an address in UTF-8, by Postfix, to our mailbox and out of POP3', async (t) => {
    if (!requireProgram(t, ...needed)) return;
    const subject = makeSubject();
    const connection = await here.server.control();
    await connection.call('account.add', { address: 'żółw@merpati.test', password: 'merpati' });
    await connection.close();
    await post(
      'żółw@merpati.test',
      `From: Żółw <żółw@surat.test>\nSubject: ${subject} zażółć\n\nWilujeng énjing.\n`,
      'żółw@surat.test',
    );
    const owner = { user: 'żółw@merpati.test' };
    const message = await waitForMessage(here.server, owner, subject);
    const text = Buffer.from(message, 'latin1').toString('utf8');
    assert.match(text, /^Return-Path: <żółw@surat\.test>\r\n/m);
    assert.match(text, /zażółć\r\n/);
    assert.match(text, /with UTF8SMTPS?A? |with UTF8SMTP/);
    assert.ok(text.endsWith('Wilujeng énjing.\r\n'));
  });
});
