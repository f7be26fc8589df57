/**
 * Mail from our users: logins, names, mended headers, limits. RFC 6409; RFC 4954; RFC 4422; RFC
 * 5802; RFC 7677; RFC 5929; RFC 9266; RFC 4865; RFC 8689; RFC 8314.
 */

import assert from 'node:assert/strict';
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { TLSSocket } from 'node:tls';
import { describe, test } from 'node:test';
import { createScramClient } from '@merpati/formats/sasl/scram.ts';
import type { ChannelBinding, ScramMechanism } from '@merpati/formats/sasl/scram.ts';
import type { Reply } from '@merpati/formats/smtp/reply.ts';
import { readJourneyId } from '@merpati/store/journey.ts';
import { makeAppPassword } from '../accounts/password.ts';
import { Dialogue } from '../testing/dialogue.ts';
import { smtpHome, waitFor } from '../testing/smtp-home.ts';
import type { SmtpHome } from '../testing/smtp-home.ts';

const message = [
  'From: You <you@merpati.test>',
  'Date: Sat, 21 Nov 2026 09:00:00 +0700',
  'Message-ID: <a@merpati.test>',
  '',
  'hello',
  '',
].join('\r\n');

async function home(options: Parameters<typeof smtpHome>[0] = {}): Promise<SmtpHome> {
  const made = await smtpHome(options);
  await made.addDomain('merpati.test');
  await made.addAccount('you@merpati.test');
  return made;
}

const base64 = (text: string | Uint8Array): string => Buffer.from(text).toString('base64');

async function scram(
  dialogue: Dialogue,
  mechanism: ScramMechanism,
  options: { password?: string; channelBinding?: ChannelBinding } = {},
): Promise<Reply> {
  const client = createScramClient({
    crypto: {
      hmac: (key, data) => createHmac('sha256', key).update(data).digest(),
      hash: (data) => createHash('sha256').update(data).digest(),
      pbkdf2: (password, salt, rounds) => pbkdf2Sync(password, salt, rounds, 32, 'sha256'),
    },
    mechanism,
    user: 'you@merpati.test',
    password: options.password ?? 'merpati',
    nonce: randomBytes(16).toString('hex'),
    channelBinding: options.channelBinding ?? null,
  });
  const first = await dialogue.say(`AUTH ${mechanism} ${base64(client.first())}`, 334);
  const challenge = Buffer.from(first.lines[0] ?? '', 'base64');
  dialogue.send(base64(await client.final(challenge)));
  const second = await dialogue.reply();
  if (second.code !== 334) return second;
  assert.ok(
    client.verify(Buffer.from(second.lines[0] ?? '', 'base64')),
    'the server proves itself',
  );
  dialogue.send('');
  return dialogue.reply();
}

describe('logging in', () => {
  test('on 587 only after STARTTLS', async () => {
    await using world = await home();
    using client = await Dialogue.open({ port: world.ports.submission });
    assert.ok(client.received.includes('250 FUTURERELEASE'));
    assert.ok(!client.received.includes('AUTH'));
    await client.say('MAIL FROM:<you@merpati.test>', '530 5.7.0');
    await client.say(`AUTH PLAIN ${base64('\0you@merpati.test\0merpati')}`, '530 5.7.0');
    await client.say('STARTTLS', 220);
    await client.startTls(world.ca);
    await client.say('AUTH PLAIN', '503 5.5.1');
    const ehlo = await client.say('EHLO client.example', 250);
    assert.ok(ehlo.lines.includes('AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN'));
    assert.ok(!ehlo.lines.includes('STARTTLS'));
    await client.say('STARTTLS', 502);
    await client.say('MAIL FROM:<you@merpati.test>', '530 5.7.0');
    await client.say(`AUTH PLAIN ${base64('\0you@merpati.test\0merpati')}`, '235 2.7.0');
    await client.say(`AUTH PLAIN ${base64('\0you@merpati.test\0merpati')}`, 503);
    const again = await client.say('EHLO client.example', 250);
    assert.ok(again.lines.includes('XCLICK'));
    assert.ok(!again.lines.some((line) => line.startsWith('AUTH')));
  });

  test('not at all on the port for other servers', async () => {
    await using world = await home();
    using client = await Dialogue.connect({ port: world.ports.smtp });
    await client.expect(220);
    await client.say('EHLO client.example', 250);
    await client.say('STARTTLS', 220);
    await client.startTls(world.ca);
    await client.say('EHLO client.example', 250);
    assert.ok(!client.received.includes('AUTH'));
    assert.ok(client.received.includes('REQUIRETLS'));
    await client.say(`AUTH PLAIN ${base64('\0you@merpati.test\0merpati')}`, 502);
  });

  test('PLAIN, LOGIN, SCRAM-SHA-256, cancelled and malformed', async () => {
    await using world = await home();
    const open = (): Promise<Dialogue> =>
      Dialogue.open({ port: world.ports.submissions, ca: world.ca });
    {
      using client = await open();
      await client.say('AUTH PLAIN', 334);
      await client.say(base64('\0YOU@merpati.test\0merpati'), 235);
    }
    {
      using client = await open();
      await client.say('AUTH LOGIN', 334);
      await client.say(base64('you@merpati.test'), 334);
      await client.say(base64('merpati'), 235);
    }
    {
      using client = await open();
      await client.say(`AUTH LOGIN ${base64('you@merpati.test')}`, 334);
      await client.say(base64('wrong'), '535 5.7.8');
      await client.say('AUTH LOGIN', 334);
      await client.say('*', 501);
      await client.say('AUTH PLAIN', 334);
      await client.say('not base64!', '501 5.5.2');
      await client.say(`AUTH PLAIN ${base64('nonsense')}`, '501 5.5.2');
      await client.say(`AUTH PLAIN ${base64('boss@merpati.test\0you@merpati.test\0merpati')}`, 501);
      await client.say('AUTH CRAM-MD5', '504 5.5.4');
      const reply = await scram(client, 'SCRAM-SHA-256', { password: 'wrong' });
      assert.deepEqual([reply.code, reply.enhanced], [535, '5.7.8']);
      assert.equal((await scram(client, 'SCRAM-SHA-256')).code, 235);
    }
  });

  test('SCRAM-SHA-256-PLUS over both bindings, and not over the channel of another', async () => {
    await using world = await home();
    for (const type of ['tls-exporter', 'tls-server-end-point', 'wrong']) {
      using client = await Dialogue.open({ port: world.ports.submissions, ca: world.ca });
      const { socket } = client;
      assert.ok(socket instanceof TLSSocket);
      const exported = socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0));
      const certificate = socket.getPeerX509Certificate();
      assert.ok(certificate);
      const channelBinding =
        type === 'tls-server-end-point'
          ? { type, data: createHash('sha256').update(certificate.raw).digest() }
          : { type: 'tls-exporter', data: type === 'wrong' ? randomBytes(32) : exported };
      const reply = await scram(client, 'SCRAM-SHA-256-PLUS', { channelBinding });
      assert.equal(reply.code, type === 'wrong' ? 535 : 235, type);
    }
  });

  test('app passwords; closed accounts', async () => {
    await using world = await home();
    const you = await world.addAccount('phone@merpati.test');
    const { password, credential } = await makeAppPassword();
    const edit = { account: you, label: 'phone', credential, nowMs: Date.now() };
    await world.home.store.editDirectory({ kind: 'app-password-add', ...edit });
    using client = await world.login('phone@merpati.test', password);
    await client.say('QUIT', 221);
    await waitFor(async () => (await world.home.store.appPasswords(you))[0]?.lastUsedMs ?? null);
    await world.addAccount('gone@merpati.test', { state: 'disabled' });
    using other = await Dialogue.open({ port: world.ports.submissions, ca: world.ca });
    await other.say(`AUTH PLAIN ${base64('\0gone@merpati.test\0merpati')}`, '535 5.7.13');
    await other.say(`AUTH PLAIN ${base64('\0gone@merpati.test\0wrong')}`, '535 5.7.8');
  });

  test('plain passwords without TLS: on loopback, and only when asked for', async () => {
    await using world = await home({ plainAllowed: true });
    using client = await Dialogue.open({ port: world.ports.submission });
    assert.ok(client.received.includes('AUTH SCRAM-SHA-256 PLAIN LOGIN'));
    await client.say(`AUTH PLAIN ${base64('\0you@merpati.test\0merpati')}`, 235);
  });

  test('unknown users and wrong passwords: the same answer after the same time', async () => {
    await using world = await home({ config: { limits: { errors_max: 100 } } });
    using client = await Dialogue.open({ port: world.ports.submissions, ca: world.ca });
    // The shortest of several: what this machine does besides makes any of them longer.
    const shortest: Record<string, number> = { you: Infinity, nobody: Infinity };
    const difference = (): number =>
      Math.abs((shortest['you'] ?? 0) - (shortest['nobody'] ?? Infinity));
    const answers = new Set<string>();
    for (let round = 0; round < 7 && !(round >= 3 && difference() < 30); round += 1) {
      for (const name of ['you', 'nobody']) {
        const startedMs = performance.now();
        client.send(`AUTH PLAIN ${base64(`\0${name}@merpati.test\0wrong${round}`)}`);
        const reply = await client.reply();
        shortest[name] = Math.min(shortest[name] ?? Infinity, performance.now() - startedMs);
        answers.add(JSON.stringify(reply));
      }
    }
    assert.equal(answers.size, 1);
    assert.ok(difference() < 30, JSON.stringify(shortest));
  });

  test('after so many failures an account waits, known or not; others do not', async () => {
    await using world = await home();
    await world.addAccount('friend@merpati.test');
    for (const name of ['you@merpati.test', 'nobody@merpati.test']) {
      using client = await Dialogue.open({ port: world.ports.submissions, ca: world.ca });
      for (let i = 0; i < 8; i += 1) {
        await client.say(`AUTH PLAIN ${base64(`\0${name}\0wrong`)}`, 535);
      }
      const reply = await client.say(`AUTH PLAIN ${base64(`\0${name}\0merpati`)}`, '454 4.7.0');
      assert.match(reply.lines[0] ?? '', /try again in \d+ s/);
    }
    using client = await world.login('friend@merpati.test');
    await client.say('QUIT', 221);
  });
});

describe('who sends in whose name', () => {
  test('MAIL FROM: own address, +tag, alias; nobody else’s', async () => {
    await using world = await home();
    await world.addAccount('boss@merpati.test');
    await world.addAlias('sales@merpati.test', 'you@merpati.test');
    using client = await world.login('you@merpati.test');
    for (const address of ['you@merpati.test', 'You+list@Merpati.test', 'sales@merpati.test', '']) {
      await client.say(`MAIL FROM:<${address}>`, 250);
      await client.say('RSET', 250);
    }
    for (const address of ['boss@merpati.test', 'x@merpati.test', 'you@example.com']) {
      await client.say(`MAIL FROM:<${address}>`, '550 5.7.1');
    }
  });

  test('From, Sender and all of several', async () => {
    await using world = await home();
    await world.addAlias('sales@merpati.test', 'you@merpati.test');
    using client = await world.login('you@merpati.test');
    const send = async (head: string): Promise<number> =>
      (await client.deliver('you@merpati.test', 'you@merpati.test', `${head}\r\n\r\nx\r\n`)).code;
    assert.equal(await send('From: Sales <sales@merpati.test>'), 250);
    assert.equal(await send('From: =?utf-8?q?You?= (me) <"you"@merpati.test>'), 250);
    assert.equal(await send('From: boss@example.com'), 550);
    assert.equal(await send('From: you@merpati.test, boss@example.com'), 550);
    assert.equal(await send('From: you@merpati.test\r\nFrom: boss@example.com'), 550);
    assert.equal(await send('From: you@merpati.test\r\nSender: boss@example.com'), 550);
    assert.equal(await send('from : "you@merpati.test" <boss@example.com>'), 550);
    assert.equal(await send('From:'), 550);
    assert.equal(await send('From: nobody in particular'), 550);
  });
});

describe('what is mended', () => {
  test('missing From, Date and Message-ID are added above; Bcc is cut', async () => {
    await using world = await home();
    const friend = await world.addAccount('friend@merpati.test');
    using client = await world.login('you@merpati.test');
    const text = [
      'To: friend@merpati.test',
      'BCC: x@example.com,',
      '\ty@example.com',
      'Subject: a',
      'Bcc : z@example.com',
      'Resent-Bcc: w@example.com',
      '',
      'Bcc: stays here',
      '',
    ].join('\r\n');
    await client.deliver('you@merpati.test', 'friend@merpati.test', text);
    const [stored = ''] = await world.inbox(friend);
    const lines = stored.toString().split('\r\n');
    const rest = lines.slice(lines.findIndex((line) => line.startsWith('From: ')));
    assert.equal(rest[0], 'From: <you@merpati.test>');
    assert.match(rest[1] ?? '', /^Date: \w{3}, \d{1,2} \w{3} \d{4}/);
    assert.match(rest[2] ?? '', /^Message-ID: <\w{10}@merpati\.test>$/);
    assert.deepEqual(rest.slice(3), [
      'To: friend@merpati.test',
      'Subject: a',
      '',
      'Bcc: stays here',
      '',
    ]);
    assert.ok(!/[xyzw]@example/.test(stored.toString()));
    const [entry] = await world.home.store.mailboxes(friend);
    assert.equal(entry?.total, 1);
  });

  test('a header in which a Bcc could hide is refused', async () => {
    await using world = await home();
    using client = await world.login('you@merpati.test');
    const send = async (text: string): Promise<number> =>
      (await client.deliver('you@merpati.test', 'you@merpati.test', text)).code;
    assert.equal(
      await send('Subject: a\r\nno field\r\nnor this\r\nBcc: x@example.com\r\n\r\nx\r\n'),
      550,
    );
    assert.equal(await send(' folded first\r\nSubject: a\r\n\r\nx\r\n'), 550);
    assert.equal(await send(`${'X: y\r\n'.repeat(2001)}Bcc: x@example.com\r\n\r\nx\r\n`), 550);
    assert.equal(await send('Subject: only a header\r\n'), 250);
  });

  test('Received tells the client, or does not on request', async () => {
    await using world = await home();
    const you = await world.addAccount('shy@merpati.test', { hideClientAddress: true });
    using client = await world.login('you@merpati.test');
    await client.deliver('you@merpati.test', 'shy@merpati.test', message);
    using shy = await world.login('shy@merpati.test');
    await shy.deliver('shy@merpati.test', 'shy@merpati.test', message.replaceAll('you@', 'shy@'));
    const [open = '', hidden = ''] = await world.inbox(you);
    assert.match(
      open.toString(),
      /Received: from client\.example \(\[127\.0\.0\.1\]\)\r\n\tby [^ ]+ with ESMTPSA id \w+\r\n/,
    );
    assert.match(open.toString(), /\r\n\tfor <shy@merpati\.test>\r\n\ttls TLS_\w+; /);
    assert.match(hidden.toString(), /Received: by mx\.merpati\.test with ESMTPSA id/);
    assert.ok(!hidden.toString().includes('127.0.0.1'));
  });
});

describe('limits and times', () => {
  test('messages and new recipients of a day', async () => {
    await using world = await smtpHome();
    await world.addDomain('merpati.test');
    const limits = { messagesPerDay: 3, newRecipientsPerDay: 2 };
    await world.addAccount('you@merpati.test', { limits });
    using client = await world.login('you@merpati.test');
    const send = (to: string[]): Promise<Reply> => client.deliver('you@merpati.test', to, message);
    assert.equal((await send(['a@example.com', 'b@example.com'])).code, 250);
    const third = await send(['c@example.com']);
    assert.deepEqual([third.code, third.enhanced], [452, '4.7.28']);
    assert.match(third.lines[0] ?? '', /try again in \d+ h/);
    assert.equal((await send(['A@example.com'])).code, 250);
    assert.equal((await send(['b@example.com'])).code, 250);
    assert.equal((await send(['b@example.com'])).code, 452);
    assert.equal((await world.home.store.queue({}, 10)).length, 4);
  });

  test('without limits of its own an account has those of the configuration', async () => {
    await using world = await smtpHome();
    await world.addDomain('merpati.test');
    const limits = { messagesPerDay: null, newRecipientsPerDay: null };
    await world.addAccount('you@merpati.test', { limits });
    using client = await world.login('you@merpati.test');
    const send = (to: string): Promise<Reply> => client.deliver('you@merpati.test', [to], message);
    world.home.config.limits.messages_per_day = 1;
    assert.equal((await send('a@example.com')).code, 250);
    assert.equal((await send('a@example.com')).code, 452);
    world.home.config.limits.messages_per_day = 2;
    assert.equal((await send('a@example.com')).code, 250);
    assert.equal((await send('a@example.com')).code, 452);
  });

  test('FUTURERELEASE: the message waits in the queue, for people here too', async () => {
    await using world = await home();
    using client = await world.login('you@merpati.test');
    const ehlo = await client.say('EHLO client.example', 250);
    const offered = ehlo.lines.find((line) => line.startsWith('FUTURERELEASE')) ?? '';
    assert.match(offered, /^FUTURERELEASE 31622400 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    const send = async (parameter: string): Promise<void> => {
      await client.say(`MAIL FROM:<you@merpati.test> ${parameter}`, 250);
      await client.say('RCPT TO:<rina@surat.test>', 250);
      await client.say('RCPT TO:<you@merpati.test>', 250);
      await client.say('DATA', 354);
      client.raw(`${message}.\r\n`);
      await client.expect(250);
    };
    const beforeMs = Date.now();
    await send('HOLDFOR=3600');
    const until = new Date(beforeMs + 7_200_000).toISOString();
    await send(`HOLDUNTIL=${until}`);
    const rows = await world.home.store.queue({}, 10);
    const dueIn = rows.map((row) => Math.round((row.dueMs - beforeMs) / 60_000));
    assert.deepEqual(
      dueIn.toSorted((a, b) => a - b),
      [60, 60, 120, 120],
    );
    await client.say('MAIL FROM:<you@merpati.test> HOLDFOR=31622401', '501 5.5.4');
    using server = await world.open();
    await server.say('MAIL FROM:<a@b.example> HOLDFOR=10', '555 5.5.4');
  });

  test('the moment of the click, as our own programs tell it', async () => {
    await using world = await home();
    using client = await world.login('you@merpati.test');
    const clickUs = Date.now() * 1000 - 123_456;
    await client.say(`MAIL FROM:<you@merpati.test> XCLICK=${clickUs}`, 250);
    await client.say('RCPT TO:<rina@surat.test>', 250);
    await client.say('DATA', 354);
    client.raw(`${message}.\r\n`);
    const reply = await client.expect(250);
    const id = readJourneyId((reply.lines[0] ?? '').slice(4));
    assert.ok(id);
    const journey = await world.home.store.journey(id);
    assert.equal(journey?.head.direction, 'out');
    const codes = journey?.events.map((event) => event.code);
    assert.deepEqual(codes, [
      'click.told',
      'receive.connected',
      'receive.tls',
      'submit.login',
      'submit.message',
      'check.author',
      'accept.ok',
      'queue.queued',
    ]);
    assert.equal(journey?.events[0]?.atUs, clickUs);
    // A Date that we had to write ourselves tells of no click.
    const undated = await client.deliver(
      'you@merpati.test',
      'rina@surat.test',
      'Subject: b\r\n\r\n',
    );
    const second = readJourneyId((undated.lines[0] ?? '').slice(4));
    assert.ok(second);
    const events = (await world.home.store.journey(second))?.events ?? [];
    assert.equal(events[0]?.code, 'receive.connected');
    using server = await world.open();
    await server.say(`MAIL FROM:<a@b.example> XCLICK=${clickUs}`, '555 5.5.4');
  });

  test('REQUIRETLS needs TLS and travels on', async () => {
    await using world = await home();
    using client = await world.login('you@merpati.test');
    await client.say('MAIL FROM:<you@merpati.test> REQUIRETLS', 250);
    await client.say('RCPT TO:<rina@surat.test>', 250);
    await client.say('DATA', 354);
    client.raw(`${message}.\r\n`);
    await client.expect(250);
    const nowMs = Date.now() + 1000;
    const [item] = await world.home.store.claim({
      nowMs,
      leaseMs: 1000,
      itemsMax: 1,
      skipDomains: [],
    });
    assert.equal(item?.message.requireTls, true);
    using server = await world.open();
    await server.say('MAIL FROM:<a@b.example> REQUIRETLS', '555 5.5.4');
  });
});
