import assert from 'node:assert/strict';
import type { X509Certificate } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { once } from 'node:events';
import {
  expiredCertificate,
  goodCertificate,
  otherCertificate,
  testKey,
  testRoot,
} from '../testing/certificates.ts';
import { startScriptedSmtp, type ScriptedSmtp, type Said } from '../testing/scripted-smtp.ts';
import { SmtpClient, type SmtpClientOptions } from './client.ts';
import { contentOf, type Content } from './content.ts';
import type { Envelope } from './envelope.ts';
import { SmtpFault } from './fault.ts';
import { openSession } from './open-session.ts';
import type { RecipientResult } from './transaction.ts';

const good = { key: testKey, cert: goodCertificate };
const ca = [testRoot];
const hello = { helloName: 'client.test' };

const message = 'Subject: hi\r\n\r\n.dots\r\n..\r\nbye\r\n';
const bytes = (text: string) => Uint8Array.from(Buffer.from(text, 'utf8'));
const plain: Envelope = { from: 'a@b.test', recipients: [{ address: 'c@mx.test' }] };
const to = (...addresses: string[]): Envelope => ({
  from: 'a@b.test',
  recipients: addresses.map((address) => ({ address })),
});

async function greet(server: ScriptedSmtp, options: Partial<SmtpClientOptions> = {}) {
  const socket = connect(server.port, '127.0.0.1');
  await once(socket, 'connect');
  return SmtpClient.greet(socket, { ...hello, ...options });
}

async function ready(server: ScriptedSmtp, options: Partial<SmtpClientOptions> = {}) {
  const client = await greet(server, options);
  await client.hello();
  return client;
}

async function faultOf(promise: Promise<unknown>): Promise<SmtpFault> {
  const error: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof SmtpFault, String(error));
  return error;
}

const kinds = (results: readonly RecipientResult[]) =>
  results.map((result) => {
    if (result.kind === 'refused') return `${result.phase} ${result.reply.code}`;
    if (result.kind === 'broken') return `${result.fault.phase} ${result.fault.kind}`;
    return result.kind === 'unfit' ? `${result.reason} ${result.status}` : result.kind;
  });

test('a message by DATA, pipelined, with dots stuffed, byte for byte', async () => {
  await using server = await startScriptedSmtp();
  const client = await ready(server);
  const results = await client.send(to('c@mx.test', 'd@mx.test'), contentOf(bytes(message)));
  assert.deepEqual(kinds(results), ['accepted', 'accepted']);
  assert.ok(results[0]?.kind === 'accepted');
  assert.equal(results[0].reply.lines[0], `Ok: queued as ${message.length}`);
  assert.equal(server.messages[0]?.body.toString(), message);
  assert.deepEqual(server.messages[0]?.to, ['c@mx.test', 'd@mx.test']);
  await client.quit();
  const lines = client
    .takeTranscript()
    .map(({ dir, text }) => `${dir === 'in' ? '<' : '>'} ${text}`);
  assert.deepEqual(lines, [
    '< 220 mx.test ESMTP',
    '> EHLO client.test',
    '< 250-mx.test hello',
    '< 250-PIPELINING',
    '< 250-8BITMIME',
    '< 250-SMTPUTF8',
    '< 250-DSN',
    '< 250-SIZE 10000000',
    '< 250 ENHANCEDSTATUSCODES',
    `> MAIL FROM:<a@b.test> SIZE=${message.length}`,
    '> RCPT TO:<c@mx.test>',
    '> RCPT TO:<d@mx.test>',
    '> DATA',
    '< 250 2.1.0 Ok',
    '< 250 2.1.5 Ok',
    '< 250 2.1.5 Ok',
    '< 354 go ahead',
    `> (${message.length} octets of message)`,
    '> .',
    `< 250 2.0.0 Ok: queued as ${message.length}`,
    '> QUIT',
    '< 221 2.0.0 bye',
  ]);
});

test('by BDAT where CHUNKING is offered, after the answers to RCPT (RFC 3030 §2)', async () => {
  await using server = await startScriptedSmtp({
    extensions: ['PIPELINING', 'CHUNKING', '8BITMIME'],
    on: ({ verb, line }) => (verb === 'RCPT' && line.includes('no@') ? '550 5.1.1 no' : undefined),
  });
  const client = await ready(server);
  assert.deepEqual(kinds(await client.send(plain, contentOf(bytes(message)))), ['accepted']);
  assert.equal(server.messages[0]?.via, 'BDAT');
  assert.equal(server.messages[0]?.body.toString(), message);
  assert.deepEqual(kinds(await client.send(to('no@mx.test'), contentOf(bytes(message)))), [
    'rcpt 550',
  ]);
  const empty = await client.send(plain, contentOf(new Uint8Array(0)));
  assert.deepEqual(kinds(empty), ['accepted']);
  const heard = server.commands.map((line) => line.slice(3).split(' ')[0]);
  const expected = 'EHLO MAIL RCPT BDAT MAIL RCPT RSET MAIL RCPT BDAT';
  assert.equal(heard.join(' '), expected);
});

test('without PIPELINING every command waits; without EHLO there is HELO', async () => {
  await using server = await startScriptedSmtp({
    on: ({ verb, line }) => {
      if (verb === 'EHLO') return '502 5.5.2 what is that';
      return verb === 'RCPT' && line.includes('no@') ? '450 4.2.1 busy' : undefined;
    },
  });
  const client = await ready(server);
  const results = await client.send(to('no@mx.test', 'c@mx.test'), contentOf(bytes(message)));
  assert.deepEqual(kinds(results), ['rcpt 450', 'accepted']);
  assert.ok(server.commands.includes('1: MAIL FROM:<a@b.test>'), 'no SIZE for a server of 1982');
  assert.deepEqual(server.messages[0]?.to, ['c@mx.test']);
});

test('each recipient has his own verdict; RSET begins the next message when it must', async () => {
  await using server = await startScriptedSmtp({
    on: ({ verb, line, session }) => {
      if (verb === 'MAIL' && line.includes('<bad@')) return '550 5.7.1 not you';
      if (verb === 'RCPT' && line.includes('<no@')) return '550-5.1.1 nobody\r\n550 5.1.1 here';
      if (verb === 'RCPT' && line.includes('<full@')) return '452 4.2.2 full';
      return session === 1 ? undefined : 'close';
    },
  });
  const client = await ready(server);
  const content = contentOf(bytes(message));
  const mixed = await client.send(to('no@mx.test', 'c@mx.test', 'full@mx.test'), content);
  assert.deepEqual(kinds(mixed), ['rcpt 550', 'accepted', 'rcpt 452']);
  assert.ok(mixed[0]?.kind === 'refused');
  assert.deepEqual(mixed[0].reply.lines, ['nobody', 'here']);
  // MAIL refused: what the server then says to RCPT is not the reason.
  const forbidden = await client.send(
    { ...to('no@mx.test', 'c@mx.test'), from: 'bad@b.test' },
    content,
  );
  assert.deepEqual(kinds(forbidden), ['mail 550', 'mail 550']);
  const nobody = await client.send(to('no@mx.test'), content);
  assert.deepEqual(kinds(nobody), ['rcpt 550']);
  assert.deepEqual(kinds(await client.send(plain, content)), ['accepted']);
  assert.equal(server.messages.length, 2);
  assert.equal(server.sessions(), 1);
  const resets = server.commands.filter((line) => line.includes('RSET'));
  assert.equal(resets.length, 1, 'after a transaction that was opened and came to nothing');
});

test('354 although everybody was refused: nothing is sent (RFC 2920 §3.1)', async () => {
  await using server = await startScriptedSmtp({
    on: ({ verb }) => {
      if (verb === 'RCPT') return '550 5.1.1 no';
      return verb === 'DATA' ? '354 go on all the same' : undefined;
    },
  });
  const client = await ready(server);
  const results = await client.send(plain, contentOf(bytes(message)));
  assert.deepEqual(kinds(results), ['rcpt 550']);
  assert.ok(server.messages.every(({ body }) => body.length === 0));
  assert.ok(client.isOpen);
});

test('a large message is streamed, byte for byte, however it is cut', async () => {
  const line = `${'.x'.repeat(300)}\r\n`;
  const body = Buffer.from(`Subject: large\r\n\r\n${line.repeat(9000)}`);
  const content: Content = {
    size: body.length,
    async *chunks() {
      for (let at = 0; at < body.length; at += 99_991) yield body.subarray(at, at + 99_991);
    },
  };
  for (const extensions of [['PIPELINING'], ['PIPELINING', 'CHUNKING', '8BITMIME']]) {
    await using server = await startScriptedSmtp({ extensions });
    const client = await ready(server);
    assert.deepEqual(kinds(await client.send(plain, content)), ['accepted']);
    assert.ok(server.messages[0]?.body.equals(body));
  }
});

test('a slow reader slows us down, and memory stays bounded', async () => {
  let produced = 0;
  const size = 40 * 1024 * 1024;
  const chunk = Buffer.alloc(256 * 1024, 'a'.repeat(76) + '\r\n');
  const content: Content = {
    size,
    async *chunks() {
      for (produced = 0; produced < size; produced += chunk.length) yield chunk;
    },
  };
  await using server = await startScriptedSmtp({
    extensions: ['CHUNKING', '8BITMIME'],
    on: ({ verb, socket }) => {
      if (verb === 'RCPT') setImmediate(() => socket.pause());
      return undefined;
    },
  });
  const client = await ready(server, { timeouts: { blockMs: 300 } });
  const results = await client.send(plain, content);
  assert.deepEqual(kinds(results), ['body timeout']);
  assert.ok(produced < size / 2, `${produced} octets were read for a server that takes none`);
  assert.ok(!client.isOpen);
});

test('an answer before the end of the message ends it', async () => {
  const chunk = Buffer.alloc(256 * 1024, 'a'.repeat(76) + '\r\n');
  const content: Content = {
    size: chunk.length * 100,
    async *chunks() {
      for (let i = 0; i < 100; i += 1) {
        yield chunk;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
  };
  await using server = await startScriptedSmtp({
    extensions: ['CHUNKING', '8BITMIME'],
    on: ({ verb, socket }) => {
      if (verb === 'RCPT') setTimeout(() => socket.write('552 5.3.4 too much\r\n'), 50);
      return undefined;
    },
  });
  const client = await ready(server);
  const results = await client.send(plain, content);
  assert.deepEqual(kinds(results), ['body 552']);
  assert.ok(!client.isOpen);
});

test('what the server cannot take unchanged is not sent', async () => {
  const utf8 = { from: 'ä@b.test', smtputf8: true };
  const cases: [string[], Partial<Envelope>, string, string[]][] = [
    [[], {}, 'Subject: x\r\n\r\nbär\r\n', ['8bitmime 5.6.3']],
    [['8BITMIME'], {}, 'Subject: x\r\n\r\nbär\r\n', ['accepted']],
    [['8BITMIME'], { smtputf8: true }, 'Subject: bär\r\n\r\nx\r\n', ['smtputf8-header 5.6.9']],
    [['8BITMIME', 'SMTPUTF8'], { smtputf8: true }, 'Subject: bär\r\n\r\nx\r\n', ['accepted']],
    // Asked for, but not needed: any server will do.
    [['8BITMIME'], { smtputf8: true }, message, ['accepted']],
    [['8BITMIME'], utf8, message, ['smtputf8-address 5.6.7']],
    [['8BITMIME', 'SMTPUTF8'], utf8, message, ['accepted']],
    [[], { bodyType: '8bitmime' }, message, ['accepted']],
    [['8BITMIME'], {}, 'Subject: x\r\n\r\nbare\nlf\r\n', ['binarymime 5.6.3']],
    [['8BITMIME', 'CHUNKING'], {}, 'Subject: x\r\n\r\nbare\rcr\r\n', ['binarymime 5.6.3']],
    [['CHUNKING', 'BINARYMIME'], { bodyType: 'binarymime' }, 'S: x\r\n\r\na\n.\n\r', ['accepted']],
    [['8BITMIME'], { bodyType: 'binarymime' }, message, ['accepted']],
    [['SIZE 10'], {}, message, ['size 5.3.4']],
    [['SIZE 0'], {}, message, ['accepted']],
    [['SIZE'], {}, message, ['accepted']],
    [[], { requireTls: true }, message, ['requiretls 5.7.30']],
    [['REQUIRETLS'], { requireTls: true }, message, ['requiretls 5.7.30']],
    [[], { requireTls: true, from: '' }, message, ['accepted']],
    [[], { hold: { forS: 60 } }, message, ['hold 5.3.3']],
    [['FUTURERELEASE 3600 2030-01-01T00:00:00Z'], { hold: { forS: 60 } }, message, ['accepted']],
  ];
  for (const [extensions, over, text, expected] of cases) {
    await using server = await startScriptedSmtp({ extensions: ['PIPELINING', ...extensions] });
    const client = await ready(server);
    const results = await client.send({ ...plain, ...over }, contentOf(bytes(text)));
    assert.deepEqual(kinds(results), expected, JSON.stringify([extensions, over, text]));
    assert.equal(server.messages.length, expected[0] === 'accepted' ? 1 : 0);
    if (expected[0] === 'accepted') assert.equal(server.messages[0]?.body.toString(), text);
    assert.ok(client.isOpen, 'the session goes on');
  }
});

test('beyond ASCII: a domain goes as A-labels, a local part needs SMTPUTF8', async () => {
  await using server = await startScriptedSmtp({ extensions: ['PIPELINING', '8BITMIME'] });
  const client = await ready(server);
  const results = await client.send(
    to('c@bücher.test', 'ö@mx.test', 'd@mx.test'),
    contentOf(bytes(message)),
  );
  assert.deepEqual(kinds(results), ['accepted', 'smtputf8-address 5.6.7', 'accepted']);
  assert.deepEqual(server.messages[0]?.to, ['c@xn--bcher-kva.test', 'd@mx.test']);
});

test('a bare CR or LF in a large message never gets its final dot', async () => {
  const chunks = [
    bytes(`Subject: x\r\n\r\n${'a'.repeat(70_000)}`),
    bytes('\n.\r\nMAIL FROM:<evil@x>'),
  ];
  const content: Content = {
    size: chunks.reduce((sum, chunk) => sum + chunk.length, 0),
    async *chunks() {
      yield* chunks;
    },
  };
  await using server = await startScriptedSmtp({ extensions: ['PIPELINING', '8BITMIME'] });
  const client = await ready(server);
  assert.deepEqual(kinds(await client.send(plain, content)), ['binarymime 5.6.3']);
  assert.ok(!client.isOpen);
  assert.equal(server.messages.length, 0);
  assert.ok(!server.commands.some((line) => line.includes('evil')));
});

test('parameters go to those who know them', async () => {
  const envelope: Envelope = {
    from: 'a@b.test',
    recipients: [
      { address: 'c@mx.test', notify: ['success', 'failure'], orcpt: 'rfc822;c+2Bd@mx.test' },
      { address: 'd@mx.test', notify: ['never'], orcpt: 'utf-8;ö@mx.test' },
    ],
    envid: 'QQ+2B1',
    ret: 'hdrs',
    bodyType: '8bitmime',
    clickUs: 1_700_000_000_000_000,
    hold: { untilMs: Date.UTC(2030, 0, 2, 3, 4, 5) },
  };
  await using server = await startScriptedSmtp({
    extensions: ['8BITMIME', 'DSN', 'FUTURERELEASE 999 2031-01-01T00:00:00Z', 'XCLICK'],
  });
  const client = await ready(server);
  const eightBit = 'Subject: x\r\n\r\nbär\r\n';
  assert.deepEqual(kinds(await client.send(envelope, contentOf(bytes(eightBit)))), [
    'accepted',
    'accepted',
  ]);
  assert.deepEqual(server.commands.slice(1, 4), [
    '1: MAIL FROM:<a@b.test> BODY=8BITMIME RET=HDRS ENVID=QQ+2B1' +
      ' HOLDUNTIL=2030-01-02T03:04:05Z XCLICK=1700000000000000',
    '1: RCPT TO:<c@mx.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;c+2Bd@mx.test',
    // Without SMTPUTF8 the original address goes in ASCII. RFC 6533 §3.
    '1: RCPT TO:<d@mx.test> NOTIFY=NEVER ORCPT=utf-8;\\x{F6}@mx.test',
  ]);
  await assert.rejects(client.send(to('c@mx.test>\r\nDATA'), contentOf(bytes(message))), TypeError);
});

test('hostile and broken servers: one fault each, and no memory for them', async () => {
  const flood = Buffer.alloc(1024 * 1024, '250-and so on and on\r\n');
  const cases: [string, Said, string][] = [
    ['CONNECT', 'hang', 'timeout greeting'],
    ['CONNECT', 'close', 'closed greeting'],
    ['CONNECT', '554 5.3.2 go away', 'refused greeting'],
    ['CONNECT', '421 4.3.2 not now', 'refused greeting'],
    ['CONNECT', 'HTTP/1.1 400 Bad Request', 'protocol greeting'],
    ['CONNECT', bytes(`220 ${'x'.repeat(100_000)}`), 'protocol greeting'],
    ['CONNECT', bytes('220-a\r\n221 b\r\n'), 'protocol greeting'],
    ['EHLO', flood, 'protocol hello'],
    ['EHLO', 'close', 'closed hello'],
    ['EHLO', '421 4.3.2 not now', 'refused hello'],
    ['EHLO', '450 4.3.2 not now', 'refused hello'],
  ];
  for (const [when, said, expected] of cases) {
    await using server = await startScriptedSmtp({
      on: ({ verb }) => (verb === when ? said : undefined),
    });
    const timeouts = said === 'hang' ? { greetingMs: 100 } : {};
    const fault = await faultOf(ready(server, { timeouts }));
    assert.equal(`${fault.kind} ${fault.phase}`, expected, when);
  }
});

test('what breaks in a transaction is the result of those without a verdict', async () => {
  const cases: [string, Said, string][] = [
    ['MAIL', 'close', 'mail closed'],
    ['MAIL', 'hang', 'mail timeout'],
    ['RCPT', 'garbage', 'rcpt protocol'],
    ['RCPT', '354 what', 'rcpt protocol'],
    ['DATA', '250 thank you', 'data protocol'],
    ['DATA', '421 4.3.2 going down', 'data 421'],
    ['DATA', '451 4.3.0 not now', 'data 451'],
    ['MESSAGE', 'close', 'accept closed'],
    ['MESSAGE', 'hang', 'accept timeout'],
    ['MESSAGE', '554 5.6.0 I do not like it', 'body 554'],
    ['MESSAGE', '421 4.3.2 going down', 'body 421'],
  ];
  for (const extensions of [[], ['PIPELINING']]) {
    for (const [when, said, expected] of cases) {
      await using server = await startScriptedSmtp({
        extensions,
        on: ({ verb }) => (verb === when ? said : undefined),
      });
      const ms = when === 'MAIL' ? { mailMs: 100 } : { acceptMs: 100 };
      const client = await ready(server, { timeouts: said === 'hang' ? ms : {} });
      assert.deepEqual(
        kinds(await client.send(plain, contentOf(bytes(message)))),
        [expected],
        when,
      );
      if (/421|closed|timeout|protocol/.test(expected)) assert.ok(!client.isOpen, when);
    }
  }
});

test('the deadline is for the whole reply, however it dribbles in', async () => {
  await using server = await startScriptedSmtp({
    on: ({ verb, socket }) => {
      if (verb !== 'MAIL') return undefined;
      const timer = setInterval(
        () => (socket.destroyed ? clearInterval(timer) : socket.write('2')),
        20,
      );
      return 'hang';
    },
  });
  const client = await ready(server, { timeouts: { mailMs: 150 } });
  const startedMs = Date.now();
  assert.deepEqual(kinds(await client.send(plain, contentOf(bytes(message)))), ['mail timeout']);
  assert.ok(Date.now() - startedMs < 20_000);
});

test('broken off while the server thinks: whoever waits hears of it at once', async () => {
  const heard = Promise.withResolvers<void>();
  await using server = await startScriptedSmtp({
    on({ verb }) {
      if (verb !== 'MESSAGE') return undefined;
      heard.resolve();
      return 'hang';
    },
  });
  const client = await ready(server);
  const sending = client.send(plain, contentOf(bytes(message)));
  await heard.promise;
  client.destroy();
  assert.deepEqual(kinds(await sending), ['accept closed']);
});

test('a server that speaks unasked while idle is not used again', async () => {
  await using server = await startScriptedSmtp();
  const sockets: Socket[] = [];
  server.on = ({ socket }) => void sockets.push(socket);
  const client = await ready(server);
  assert.ok(client.isOpen);
  sockets[0]?.write('421 4.4.2 idle too long\r\n');
  for (let i = 0; i < 2000 && client.isOpen; i += 1) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.ok(!client.isOpen);
});

test('STARTTLS: the facts of the connection, and EHLO again', async () => {
  await using server = await startScriptedSmtp({ tls: good });
  const client = await ready(server);
  assert.ok(client.capabilities.startTls);
  const facts = await client.startTls({ host: 'mx.test', verify: true, ca });
  assert.equal(facts.protocol, 'TLSv1.3');
  assert.equal(facts.verifyError, null);
  assert.equal(facts.certificate?.subject, 'mx.test');
  assert.equal(facts.certificate?.issuer, 'Merpati test root');
  assert.ok(facts.certificate?.names.includes('mx.test'));
  assert.ok(!client.capabilities.startTls);
  assert.deepEqual(kinds(await client.send(plain, contentOf(bytes(message)))), ['accepted']);
  assert.ok(server.messages[0]?.tls);
  const secure = client.takeTranscript().filter(({ tls }) => tls);
  assert.match(secure[0]?.text ?? '', /^\(TLSv1\.3, .*; certificate of mx\.test by .* until 2120-/);
  assert.equal(secure[1]?.text, 'EHLO client.test');
});

test('another judge of certificates, who sees what was presented', async () => {
  await using server = await startScriptedSmtp({ tls: { key: testKey, cert: expiredCertificate } });
  const judged: string[] = [];
  const judge = (presented: readonly X509Certificate[]) => {
    judged.push(...presented.map(({ subject }) => subject));
    return judged.length > 1 ? 'seen before' : null;
  };
  const options = { host: 'any.test', verify: false, modern: true, judge };
  const first = await ready(server);
  assert.equal((await first.startTls(options)).verifyError, 'CERT_HAS_EXPIRED');
  const fault = await faultOf((await ready(server)).startTls(options));
  assert.deepEqual(judged, ['CN=mx.test', 'CN=mx.test']);
  assert.match(fault.message, /seen before/);
  assert.equal(fault.tls?.certificate?.subject, 'mx.test');
});

test('certificates: verified where asked for, named in the facts where not', async () => {
  const cases = [
    [goodCertificate, 'mx.test', undefined, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    [goodCertificate, 'elsewhere.test', ca, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    [otherCertificate, 'mx.test', ca, 'ERR_TLS_CERT_ALTNAME_INVALID'],
    [expiredCertificate, 'mx.test', ca, 'CERT_HAS_EXPIRED'],
    [goodCertificate, '127.0.0.1', ca, null],
  ] as const;
  for (const [cert, host, roots, expected] of cases) {
    await using server = await startScriptedSmtp({ tls: { key: testKey, cert } });
    const options = { host, ...(roots === undefined ? {} : { ca: roots }) };
    const loose = await ready(server);
    const facts = await loose.startTls({ ...options, verify: false });
    assert.equal(facts.verifyError, expected);
    assert.deepEqual(kinds(await loose.send(plain, contentOf(bytes(message)))), ['accepted']);
    const strict = await ready(server);
    const attempt = strict.startTls({ ...options, verify: true });
    if (expected === null) await attempt;
    else assert.equal((await faultOf(attempt)).kind, 'tls');
  }
});

test('STARTTLS that is refused, injected into, or no TLS at all', async () => {
  const cases: [Said, string][] = [
    ['454 4.7.0 not now', 'refused starttls'],
    [bytes('220 go\r\n250 injected\r\n'), 'protocol starttls'],
    [bytes('220 go\r\nthis is no TLS at all, whatever it says\r\n'), 'protocol starttls'],
    ['close', 'closed starttls'],
  ];
  for (const [said, expected] of cases) {
    await using server = await startScriptedSmtp({
      tls: good,
      on: ({ verb }) => (verb === 'STARTTLS' ? said : undefined),
    });
    const client = await ready(server);
    const fault = await faultOf(client.startTls({ host: 'mx.test', verify: false }));
    assert.equal(`${fault.kind} ${fault.phase}`, expected);
  }
  await using mute = await startScriptedSmtp({
    tls: good,
    on: ({ verb, socket }) => {
      if (verb !== 'STARTTLS') return undefined;
      socket.write('220 go\r\n');
      setTimeout(() => socket.write('no handshake\r\n'), 20);
      return 'hang';
    },
  });
  const fault = await faultOf((await ready(mute)).startTls({ host: 'mx.test', verify: false }));
  assert.equal(`${fault.kind} ${fault.phase}`, 'tls tls');
});

test('implicit TLS, and a session by name', async () => {
  await using server = await startScriptedSmtp({ tls: { ...good, implicit: true } });
  const session = { host: '127.0.0.1', port: server.port, security: 'implicit', ...hello } as const;
  const client = await openSession({ ...session, ca });
  assert.ok(client.tls !== null);
  assert.deepEqual(kinds(await client.send(plain, contentOf(bytes(message)))), ['accepted']);
  await client.quit();
  assert.equal((await faultOf(openSession(session))).kind, 'tls');
  assert.equal((await faultOf(openSession({ ...session, port: 1 }))).kind, 'connect');
});
