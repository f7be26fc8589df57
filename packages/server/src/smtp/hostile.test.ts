/** What the worst of clients do. RFC 5321 §7; RFC 3207 §4.2; RFC 3030; RFC 1870 §6; RFC 9422. */

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, test } from 'node:test';
import { Dialogue } from '../testing/dialogue.ts';
import { smtpHome } from '../testing/smtp-home.ts';
import type { SmtpHome } from '../testing/smtp-home.ts';

async function home(config: NonNullable<Parameters<typeof smtpHome>[0]>['config'] = {}) {
  const made = await smtpHome({ config });
  await made.addDomain('merpati.test');
  const you = await made.addAccount('you@merpati.test');
  return { ...made, you };
}

/** The sequences that servers have been seen to take for the end of a message. */
const smugglingSequences = [
  '\n.\n',
  '\n.\r\n',
  '\n.\r',
  '\r.\r',
  '\r.\n',
  '\r.\r\n',
  '\r\n.\n',
  '\r\n.\r',
  '\r\n.\0\r\n',
  '\r\n\0.\r\n',
  '\r\r\n.\r\r\n',
  '\r\n.\r\r\n',
];

describe('smuggling', () => {
  test('no sequence but CRLF.CRLF ends a message, by DATA or by BDAT', async () => {
    await using world = await home();
    for (const sequence of smugglingSequences) {
      const inner =
        'MAIL FROM:<evil@surat.test>\r\nRCPT TO:<you@merpati.test>\r\nDATA\r\n\r\nevil\r\n';
      const text = `Subject: a\r\n\r\nx${sequence}${inner}`;
      using client = await world.open();
      await client.envelope('rina@surat.test', 'you@merpati.test');
      await client.say('DATA', 354);
      client.raw(`${text}.\r\n`);
      const hasNul = sequence.includes('\0');
      await client.expect(hasNul ? 250 : '550 5.6.0');
      if (!hasNul) await client.closed();
      using other = await world.open();
      await other.envelope('rina@surat.test', 'you@merpati.test');
      other.raw(`BDAT ${text.length} LAST\r\n${text}`);
      await other.expect(hasNul ? 250 : '550 5.6.0');
    }
    const messages = await world.inbox(world.you);
    assert.equal(messages.length, 4, 'two sequences with NUL, each by DATA and BDAT');
    for (const message of messages) assert.match(message.toString(), /^Return-Path: <rina@/);
  });

  test('BINARYMIME may have any octets', async () => {
    await using world = await home();
    using client = await world.open();
    await client.say('MAIL FROM:<rina@surat.test> BODY=BINARYMIME', 250);
    await client.say('RCPT TO:<you@merpati.test>', 250);
    await client.say('DATA', '503 5.5.1');
    const octets = Buffer.from('Subject: a\r\n\r\na\nb\rc\r\n.\r\nd');
    client.raw(Buffer.concat([Buffer.from(`BDAT ${octets.length}\r\n`), octets]));
    await client.expect(250);
    await client.say('BDAT 0 LAST', 250);
    const [stored = Buffer.alloc(0)] = await world.inbox(world.you);
    assert.deepEqual(stored.subarray(-octets.length), octets);
  });

  test('what is slipped in behind STARTTLS is dropped', async () => {
    await using world = await home();
    using client = await world.open();
    client.raw('STARTTLS\r\nRSET\r\nMAIL FROM:<evil@surat.test>\r\n');
    await client.expect(220);
    await client.startTls(world.ca);
    await client.say('EHLO client.example', 250);
    await client.say('RCPT TO:<you@merpati.test>', 503);
    await client.say('QUIT', 221);
  });
});

describe('commands', () => {
  test('lines that are too long, lines that end in LF, control characters', async () => {
    await using world = await home();
    using long = await world.open();
    long.raw(`NOOP ${'x'.repeat(5000)}`);
    await long.expect('500 5.5.2');
    await long.closed();
    using bare = await world.open();
    bare.raw('NOOP\nNOOP\n');
    await bare.expect('500 5.5.2');
    await bare.closed();
    using control = await world.open();
    control.raw('NOOP\0\r\nNOOP\x7f\r\nMAIL FROM:<a\tb@c.example>\r\n');
    control.raw(Buffer.from('NOOP \xff\xfe\r\n', 'latin1'));
    for (let i = 0; i < 4; i += 1) await control.expect('500 5.5.2');
    await control.say('NOOP', 250);
  });

  test('too many errors end the session; a list with some stale addresses does not', async () => {
    await using world = await home();
    using client = await world.open();
    for (let i = 0; i < 10; i += 1) await client.say('FLY', 500);
    client.send('FLY');
    await client.expect(500);
    await client.expect('421 4.7.0');
    await client.closed();
    using list = await world.open();
    await list.say('MAIL FROM:<rina@surat.test>', 250);
    for (let i = 0; i < 15; i += 1) {
      await world.addAccount(`reader${i}@merpati.test`);
      await list.say(`RCPT TO:<nobody${i}@merpati.test>`, '550 5.1.1');
      await list.say(`RCPT TO:<reader${i}@merpati.test>`, 250);
    }
    // One address that is known buys no guesses.
    using guess = await world.open();
    await guess.say('MAIL FROM:<rina@surat.test>', 250);
    for (let i = 0; i < 11; i += 1) {
      await guess.say(`RCPT TO:<you+${i}@merpati.test>`, 250);
      guess.send(`RCPT TO:<nobody${i}@merpati.test>`);
      await guess.expect(550);
    }
    await guess.expect(421);
    using harvest = await world.open();
    await harvest.say('MAIL FROM:<rina@surat.test>', 250);
    for (let i = 0; i < 10; i += 1) await harvest.say(`RCPT TO:<nobody${i}@merpati.test>`, 550);
    harvest.send('RCPT TO:<x@merpati.test>');
    await harvest.expect(550);
    await harvest.expect(421);
  });

  test('a hundred commands without a message', async () => {
    await using world = await home();
    using client = await world.open();
    client.send(...Array<string>(100).fill('NOOP'));
    for (let i = 0; i < 100; i += 1) await client.expect(250);
    await client.say('NOOP', '421 4.7.0');
    await client.closed();
  });

  test('more recipients than there may be', async () => {
    await using world = await home({ limits: { recipients_max: 100 } });
    using client = await world.open();
    assert.ok(client.received.includes('LIMITS RCPTMAX=100'));
    client.send('MAIL FROM:<rina@surat.test>');
    // RFC 5321 §4.5.3.1.10: the first hundred go out, the others are for a next message.
    client.send(...Array.from({ length: 250 }, (_, i) => `RCPT TO:<you+${i}@merpati.test>`));
    for (let i = 0; i < 101; i += 1) await client.expect(250);
    for (let i = 0; i < 150; i += 1) await client.expect('452 4.5.3');
    await client.say('DATA', 354);
    client.raw('Subject: a\r\n\r\n.\r\n');
    await client.expect(250);
    assert.equal((await world.inbox(world.you)).length, 1);
  });

  test('recipients without end', async () => {
    await using world = await home({ limits: { recipients_max: 100, errors_max: 3 } });
    using client = await world.open();
    client.send('MAIL FROM:<rina@surat.test>');
    client.send(...Array.from({ length: 1010 }, (_, i) => `RCPT TO:<you+${i}@merpati.test>`));
    for (let i = 0; i < 101; i += 1) await client.expect(250);
    for (let i = 0; i < 904; i += 1) await client.expect('452 4.5.3');
    await client.expect('421 4.7.0');
    await client.closed();
  });
});

describe('pipelining', () => {
  const script = [
    'EHLO client.example',
    'MAIL FROM:<rina@surat.test>',
    'RCPT TO:<you@merpati.test>',
    'RCPT TO:<nobody@merpati.test>',
    'DATA',
    'Subject: a',
    '',
    '..a dot',
    '.',
    'NOOP',
    'MAIL FROM:<rina@surat.test> BODY=BINARYMIME',
    'RCPT TO:<you@merpati.test>',
    'BDAT 14',
    'Subject: b\r\n',
    'BDAT 6 LAST',
    'x\ny\n\r\nRSET',
    'FLY',
    'QUIT',
    '',
  ].join('\r\n');

  test('the same session however it is cut', async () => {
    await using world = await home();
    const play = async (cuts: readonly number[]): Promise<string> => {
      using client = await Dialogue.connect({ port: world.ports.smtp });
      client.socket.setNoDelay(true);
      let at = 0;
      for (const cut of [...cuts, script.length]) {
        client.raw(script.slice(at, cut));
        at = cut;
        await sleep(1);
      }
      await client.closed();
      return client.received.replace(/Ok: \w{10}/g, 'Ok: id');
    };
    const whole = await play([]);
    const codes = [...whole.matchAll(/^(\d{3}) /gm)].map((match) => match[1]);
    assert.deepEqual(
      codes.map(Number),
      [220, 250, 250, 250, 550, 354, 250, 250, 250, 250, 250, 250, 250, 500, 221],
    );
    const sizes = [1, 2, 3, 7, 11, 13, 17, 29, 64];
    for (const size of sizes) {
      const cuts = Array.from({ length: Math.floor(script.length / size) }, (_, i) => i * size);
      assert.equal(await play(cuts), whole, `in pieces of ${size}`);
    }
    assert.equal((await world.inbox(world.you)).length, 2 * (sizes.length + 1));
  });

  test('replies to commands that came together leave together', async () => {
    await using world = await home();
    using client = await world.open();
    let packets = 0;
    client.socket.on('data', () => {
      packets += 1;
    });
    client.send(
      'MAIL FROM:<a@b.example>',
      'RCPT TO:<you@merpati.test>',
      'RCPT TO:<x@merpati.test>',
    );
    await client.expect(250);
    await client.expect(250);
    await client.expect(550);
    assert.equal(packets, 1);
  });
});

describe('size', () => {
  test('announced, and found too big at the end; the session goes on', async () => {
    await using world = await home({ limits: { message_bytes_max: 65_536 } });
    using client = await world.open();
    await client.say('MAIL FROM:<rina@surat.test> SIZE=65537', '552 5.3.4');
    const text = `Subject: a\r\n\r\n${'x'.repeat(998)}\r\n`.padEnd(0);
    const big = text + `${'x'.repeat(998)}\r\n`.repeat(70);
    const reply = await client.deliver('rina@surat.test', 'you@merpati.test', big);
    assert.deepEqual([reply.code, reply.enhanced], [552, '5.3.4']);
    const small = await client.deliver('rina@surat.test', 'you@merpati.test', text);
    assert.equal(small.code, 250);
    assert.equal((await world.inbox(world.you)).length, 1);
  });

  test('far too big ends the session', async () => {
    await using world = await home({ limits: { message_bytes_max: 65_536 } });
    using client = await world.open();
    const line = `${'x'.repeat(998)}\r\n`;
    const reply = await client.deliver('a@b.example', 'you@merpati.test', line.repeat(150));
    assert.deepEqual([reply.code, reply.enhanced], [552, '5.3.4']);
    await client.closed();
  });

  test('absurd chunks', async () => {
    await using world = await home();
    for (const size of ['52428801', '9'.repeat(15), '9'.repeat(40)]) {
      using client = await world.open();
      await client.envelope('rina@surat.test', 'you@merpati.test');
      await client.say(`BDAT ${size} LAST`, '552 5.3.4');
      await client.closed();
    }
    using client = await world.open();
    await client.envelope('rina@surat.test', 'you@merpati.test');
    client.raw('BDAT 3\r\na\r\n');
    await client.expect(250);
    await client.say('BDAT 52428798', '552 5.3.4');
    await client.closed();
    using malformed = await world.open();
    await malformed.say('BDAT -5', 501);
    await malformed.closed();
  });

  test('a header without end', async () => {
    await using world = await home();
    using client = await world.open();
    const reply = await client.deliver(
      'rina@surat.test',
      'you@merpati.test',
      `X: ${'y'.repeat(990)}\r\n`.repeat(300),
    );
    assert.deepEqual([reply.code, reply.enhanced], [552, '5.3.4']);
    await client.say('NOOP', 250);
  });

  test('a header that arrives octet by octet', async () => {
    await using world = await home();
    using client = await world.open();
    await client.envelope('rina@surat.test', 'you@merpati.test');
    await client.say('DATA', 354);
    client.socket.setNoDelay(true);
    for (const sign of 'Subject: slow\r\nX: y\r\n\r\nbody\r\n.\r\nQUIT\r\n') {
      client.raw(sign);
      await sleep(1);
    }
    await client.expect(250);
    await client.expect(221);
    const [stored = ''] = await world.inbox(world.you);
    assert.ok(stored.toString().endsWith('\r\nSubject: slow\r\nX: y\r\n\r\nbody\r\n'));
  });
});

describe('time', () => {
  test('a command that dribbles in has one deadline, however it dribbles', async () => {
    await using world = await home({ limits: { command_timeout_s: 1 } });
    using client = await world.open();
    const startedMs = performance.now();
    const dribble = setInterval(() => client.raw('x'), 100);
    try {
      await client.expect('421 4.4.2');
    } finally {
      clearInterval(dribble);
    }
    assert.ok(performance.now() - startedMs < 10_000);
    await client.closed();
  });

  test('a message has a deadline for each block and for the whole', async () => {
    await using world = await home({ limits: { data_timeout_s: 1 } });
    world.home.config.limits.transaction_timeout_s = 2;
    for (const everyMs of [0, 300]) {
      using client = await world.open();
      await client.envelope('rina@surat.test', 'you@merpati.test');
      await client.say('DATA', 354);
      const startedMs = performance.now();
      const dribble = everyMs > 0 ? setInterval(() => client.raw('x'), everyMs) : null;
      try {
        await client.expect('421 4.4.2');
      } finally {
        if (dribble !== null) clearInterval(dribble);
      }
      const tookMs = performance.now() - startedMs;
      assert.ok(tookMs < 10_000, `${tookMs} ms`);
    }
    assert.equal((await world.inbox(world.you)).length, 0);
  });

  test('300 slow connections do not delay an honest one', async () => {
    await using world = await home();
    const slow: Dialogue[] = [];
    for (let i = 0; i < 300; i += 1) slow.push(await Dialogue.connect({ port: world.ports.smtp }));
    const dribble = setInterval(() => {
      for (const one of slow) one.raw('N');
    }, 200);
    try {
      const startedMs = performance.now();
      using client = await world.open();
      const reply = await client.deliver('a@b.example', 'you@merpati.test', 'Subject: a\r\n\r\n');
      assert.equal(reply.code, 250);
      const tookMs = performance.now() - startedMs;
      assert.ok(tookMs < 5000, `${tookMs} ms`); // what others take for their banner
    } finally {
      clearInterval(dribble);
      for (const one of slow) one[Symbol.dispose]();
    }
  });

  test('a client that goes away in the middle leaves nothing behind', async () => {
    await using world = await home();
    for (const half of [
      'DATA\r\nSubject: a\r\n\r\nhalf a mess',
      'BDAT 1000 LAST\r\nSubject: a\r\n\r\nhalf',
    ]) {
      using client = await world.open();
      await client.envelope('rina@surat.test', 'you@merpati.test');
      client.raw(half);
      await sleep(50);
    }
    await sleep(50);
    assert.equal((await world.inbox(world.you)).length, 0);
    const report = await world.home.store.check({ deep: true });
    assert.deepEqual(report.findings, []);
  });

  test('a client that says everything and closes its side is still answered', async () => {
    await using world = await home();
    using client = await Dialogue.connect({ port: world.ports.smtp });
    client.raw('EHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<you@merpati.test>\r\nDATA\r\n');
    client.raw('Subject: a\r\n\r\n.\r\nQUIT\r\n');
    client.socket.end();
    for (const code of [220, 250, 250, 250, 354, 250, 221]) await client.expect(code);
    assert.equal((await world.inbox(world.you)).length, 1);
  });
});

describe('places', () => {
  test('connections of one address are limited, those of this machine only in all', async () => {
    await using world = await home({ limits: { connections_max: 5, connections_per_ip_max: 1 } });
    const open: Dialogue[] = [];
    for (let i = 0; i < 5; i += 1) open.push(await world.open({ from: `127.0.0.${i + 1}` }));
    using late = await Dialogue.connect({ port: world.ports.smtp });
    await late.expect('421 4.3.2');
    await late.closed();
    await open.pop()?.say('QUIT', 221);
    // The place is free when the server has seen the end, too.
    for (let isIn = false; !isIn;) {
      using next = await Dialogue.connect({ port: world.ports.smtp });
      isIn = (await next.reply()).code === 220;
    }
    for (const one of open) one[Symbol.dispose]();
  });

  test('the PROXY header is required from its networks, and its address counts', async () => {
    await using world = await home({
      proxy: { networks: ['127.0.0.9'] },
      limits: { connections_per_ip_max: 1 },
      // Strangers behind it would be asked about in the real DNS.
      checks: { authentication: 'off' },
    });
    const through = async (first: string, options = {}): Promise<Dialogue> =>
      Dialogue.connect({
        port: world.ports.smtp,
        from: '127.0.0.9',
        first: Buffer.from(first),
        ...options,
      });
    using client = await through('PROXY TCP4 192.0.2.7 198.51.100.1 4711 25\r\n');
    await client.expect(220);
    await client.say('EHLO client.example', 250);
    await client.deliver('a@b.example', 'you@merpati.test', 'Subject: a\r\n\r\n');
    const [stored = ''] = await world.inbox(world.you);
    assert.match(stored.toString(), /Received: from client\.example \(\[192\.0\.2\.7\]\)/);
    using second = await through('PROXY TCP4 192.0.2.7 198.51.100.1 4712 25\r\n');
    await second.expect(421);
    using missing = await through('EHLO client.example\r\n');
    await missing.closed();
    assert.equal(missing.received, '');
    using tls = await through('PROXY TCP6 2001:db8::7 2001:db8::8 1 465\r\n', {
      port: world.ports.submissions,
      ca: world.ca,
    });
    await tls.expect(220);
    using direct = await world.open();
    await direct.say('PROXY TCP4 192.0.2.7 198.51.100.1 4711 25', '500 5.5.1');
  });
});

describe('stopping', () => {
  test('idle sessions hear 421, a running message is finished', async () => {
    const world: SmtpHome & { you: Awaited<ReturnType<typeof home>>['you'] } = await home();
    try {
      using idle = await world.open();
      using busy = await world.open();
      await busy.envelope('rina@surat.test', 'you@merpati.test');
      await busy.say('DATA', 354);
      busy.raw('Subject: a\r\n\r\nhalf ');
      const stopped = world.stop();
      await idle.expect('421 4.3.2');
      await idle.closed();
      await assert.rejects(Dialogue.connect({ port: world.ports.smtp }));
      await sleep(100);
      busy.raw('and half\r\n.\r\n');
      await busy.expect(250);
      await busy.expect('421 4.3.2');
      await stopped;
      assert.equal((await world.inbox(world.you)).length, 1);
    } finally {
      await world[Symbol.asyncDispose]();
    }
  });
});

describe('faults of the lab', () => {
  test('each one shows', async () => {
    await using world = await home();
    const { faults } = world;
    faults.add('busy');
    using busy = await Dialogue.connect({ port: world.ports.smtp });
    await busy.expect('421 4.3.2');
    faults.delete('busy');
    faults.add('no-tls');
    using plain = await world.open();
    assert.ok(!plain.received.includes('STARTTLS'));
    await plain.say('STARTTLS', 502);
    faults.delete('no-tls');
    faults.add('full');
    await plain.say('MAIL FROM:<a@b.example>', '452 4.3.1');
    faults.delete('full');
    faults.add('greylist');
    await plain.say('MAIL FROM:<a@b.example>', 250);
    await plain.say('RCPT TO:<you@merpati.test>', '451 4.7.1');
    await sleep(2100);
    await plain.say('RCPT TO:<you@merpati.test>', 250);
    faults.delete('greylist');
    faults.add('slow');
    const startedMs = performance.now();
    await plain.say('NOOP', 250);
    assert.ok(performance.now() - startedMs > 1900);
    faults.delete('slow');
    faults.add('down');
    await assert.rejects(async () => {
      using down = await Dialogue.connect({ port: world.ports.smtp });
      await down.expect(220);
    });
  });
});
