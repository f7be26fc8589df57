/**
 * Mail from other servers, from RCPT to the mailbox. RFC 5321 §3.9, §4.4, §4.5.1; RFC 3848;
 * RFC 3461 §5.2.2; RFC 6152; RFC 6531; RFC 9228 (Delivered-To).
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { accountId } from '@merpati/store/ids.ts';
import { readJourneyId } from '@merpati/store/journey.ts';
import type { Dialogue } from '../testing/dialogue.ts';
import { smtpHome, waitFor } from '../testing/smtp-home.ts';
import type { SmtpHome } from '../testing/smtp-home.ts';

const message = 'From: rina@surat.test\r\nSubject: Rice\r\n\r\nThe rice is ready.\r\n';

async function home(): Promise<SmtpHome> {
  const made = await smtpHome();
  await made.addDomain('merpati.test');
  return made;
}

describe('addressing', () => {
  test('accounts, +tags, domain aliases, letters of any size, quotes', async () => {
    await using world = await home();
    await world.addDomain('dove.test', { aliasOf: 'merpati.test' });
    const you = await world.addAccount('you@merpati.test');
    using client = await world.open();
    const addresses = [
      'you@merpati.test',
      'You@MERPATI.test',
      'you+rice@merpati.test',
      '"you"@merpati.test',
      'you@dove.test',
      'YOU+x+y@Dove.Test',
    ];
    for (const address of addresses) await client.deliver('rina@surat.test', address, message);
    const messages = await world.inbox(you);
    assert.equal(messages.length, addresses.length);
    const deliveredTo = messages.map((one) => /^Delivered-To: (.*)\r$/m.exec(one.toString())?.[1]);
    assert.deepEqual(deliveredTo, [
      'you@merpati.test',
      'you@merpati.test',
      'you+rice@merpati.test',
      'you@merpati.test',
      'you@merpati.test',
      'you+x+y@merpati.test',
    ]);
  });

  test('an alias of several, each account once; an alias of an alias; a circle', async () => {
    await using world = await home();
    const you = await world.addAccount('you@merpati.test');
    const friend = await world.addAccount('friend@merpati.test');
    await world.addAlias('team@merpati.test', 'you@merpati.test', 'friend@merpati.test');
    await world.addAlias(
      'all@merpati.test',
      'team@merpati.test',
      'you@merpati.test',
      'all@merpati.test',
    );
    await world.addAlias('round@merpati.test', 'round@merpati.test');
    using client = await world.open();
    await client.deliver('rina@surat.test', ['all@merpati.test', 'you@merpati.test'], message);
    assert.equal((await world.inbox(you)).length, 1);
    assert.equal((await world.inbox(friend)).length, 1);
    await client.say('MAIL FROM:<rina@surat.test>', 250);
    await client.say('RCPT TO:<round@merpati.test>', '550 5.1.1');
  });

  test('catch-all takes who is unknown, but no disguised relay', async () => {
    await using world = await smtpHome();
    await world.addDomain('merpati.test', { catchAll: 'you@merpati.test' });
    const you = await world.addAccount('you@merpati.test');
    using client = await world.open();
    await client.deliver('rina@surat.test', 'anything@merpati.test', message);
    assert.equal((await world.inbox(you)).length, 1);
    await client.say('MAIL FROM:<rina@surat.test>', 250);
    for (const local of ['x%example.com', 'example.com!x', '"x@example.com"']) {
      await client.say(`RCPT TO:<${local}@merpati.test>`, '550 5.7.1');
    }
  });

  test('postmaster is always there: its alias, else the oldest account', async () => {
    await using world = await home();
    const you = await world.addAccount('you@merpati.test');
    const friend = await world.addAccount('friend@merpati.test');
    using client = await world.open();
    await client.deliver('', 'postmaster@merpati.test', message);
    await client.deliver('', 'Postmaster', message);
    assert.equal((await world.inbox(you)).length, 2);
    await world.addAlias('postmaster@merpati.test', 'friend@merpati.test');
    await client.deliver('', 'postmaster@merpati.test', message);
    assert.equal((await world.inbox(friend)).length, 1);
  });

  test('closed and full mailboxes', async () => {
    await using world = await home();
    await world.addAccount('gone@merpati.test', { state: 'disabled' });
    await world.addAccount('full@merpati.test', { quotaBytes: 1000 });
    using client = await world.open();
    await client.say('MAIL FROM:<rina@surat.test> SIZE=1001', 250);
    await client.say('RCPT TO:<gone@merpati.test>', '550 5.2.1');
    await client.say('RCPT TO:<full@merpati.test>', '452 4.2.2');
    await client.say('RSET', 250);
    // Without SIZE it shows at the end.
    const text = `${message}${'x'.repeat(900)}\r\n`;
    const reply = await client.deliver('rina@surat.test', 'full@merpati.test', text);
    assert.deepEqual([reply.code, reply.enhanced], [452, '4.2.2']);
  });

  test('one full mailbox behind an alias waits in the queue, the others get theirs', async () => {
    await using world = await home();
    const you = await world.addAccount('you@merpati.test');
    const full = await world.addAccount('full@merpati.test', { quotaBytes: 10 });
    await world.addAccount('gone@merpati.test', { state: 'disabled' });
    await world.addAlias(
      'team@merpati.test',
      'you@merpati.test',
      'full@merpati.test',
      'gone@merpati.test',
    );
    using client = await world.open();
    const reply = await client.deliver('rina@surat.test', 'team@merpati.test', message);
    assert.equal(reply.code, 250);
    assert.equal((await world.inbox(you)).length, 1);
    assert.equal((await world.inbox(full)).length, 0);
    const rows = await world.home.store.queue({}, 10);
    assert.deepEqual(
      rows.map((row) => row.recipient),
      ['full@merpati.test'],
    );
  });

  test('an alias that leads elsewhere goes into the queue under the same sender', async () => {
    await using world = await home();
    const you = await world.addAccount('you@merpati.test');
    await world.addAlias('both@merpati.test', 'you@merpati.test', 'rina@surat.test');
    let woken = 0;
    world.home.wakeQueue = () => {
      woken += 1;
    };
    using client = await world.open();
    const reply = await client.deliver('budi@surat.test', 'both@merpati.test', message);
    assert.equal((await world.inbox(you)).length, 1);
    const [row, ...others] = await world.home.store.queue({}, 10);
    assert.ok(row);
    assert.equal(others.length, 0);
    assert.equal(woken, 1);
    assert.deepEqual(
      [row.recipient, row.domain, row.sender, row.orcpt],
      ['rina@surat.test', 'surat.test', 'budi@surat.test', 'rfc822;both@merpati.test'],
    );
    const journey = await journeyOf(world, reply.lines);
    const forwarded = journey.events.find((event) => event.code === 'route.forwarded');
    assert.deepEqual(forwarded?.args, { here: 1, elsewhere: 1 });
    assert.equal(forwarded?.rcpt, 'both@merpati.test');
  });
});

async function journeyOf(world: SmtpHome, lines: readonly string[]) {
  const id = readJourneyId(/^Ok: (\w{10})$/.exec(lines[0] ?? '')?.[1] ?? '');
  assert.ok(id);
  const journey = await world.home.store.journey(id);
  assert.ok(journey);
  return journey;
}

describe('what is stored', () => {
  test('trace fields, then the message octet for octet', async () => {
    await using world = await home();
    const you = await world.addAccount('you@merpati.test');
    using client = await world.open();
    const octets = Buffer.concat([
      Buffer.from('Subject: a\r\nX:\tb\r\n  c \r\n\r\n'),
      Buffer.from(Array.from({ length: 256 }, (_, i) => i).filter((i) => i !== 10 && i !== 13)),
      Buffer.from('\r\n.\r\n..\r\nno end'),
    ]);
    await client.envelope('rina@surat.test', 'you@merpati.test');
    await client.say('DATA', 354);
    client.raw(Buffer.from(octets.toString('latin1').replace(/^\./gm, '..'), 'latin1'));
    client.raw('\r\n.\r\n');
    await client.expect(250);
    const [stored = Buffer.alloc(0)] = await world.inbox(you);
    const prefix = stored.subarray(0, stored.length - octets.length - 2).toString();
    assert.deepEqual(stored.subarray(prefix.length), Buffer.concat([octets, Buffer.from('\r\n')]));
    const lines = prefix.split('\r\n');
    assert.deepEqual(lines.slice(0, 3), [
      'Return-Path: <rina@surat.test>',
      'Delivered-To: you@merpati.test',
      'Received: from client.example ([127.0.0.1])',
    ]);
    assert.match(lines[3] ?? '', /^\tby mx\.merpati\.test with ESMTP id \w{10}$/);
    const date = /^\tfor <you@merpati\.test>; \w{3}, \d{1,2} \w{3} \d{4} \d\d:\d\d:\d\d \+0000$/;
    assert.match(lines[4] ?? '', date);
    assert.deepEqual(lines.slice(5), ['']);
  });

  test('several recipients are not told of each other', async () => {
    await using world = await home();
    const you = await world.addAccount('you@merpati.test');
    await world.addAccount('friend@merpati.test');
    using client = await world.open();
    await client.deliver('rina@surat.test', ['you@merpati.test', 'friend@merpati.test'], message);
    const [stored = ''] = await world.inbox(you);
    assert.ok(!stored.toString().includes('friend@'));
  });

  test('a message without a header gets the empty line it needs', async () => {
    await using world = await home();
    const you = await world.addAccount('you@merpati.test');
    using client = await world.open();
    await client.deliver('rina@surat.test', 'you@merpati.test', 'just text\r\n');
    await client.deliver('rina@surat.test', 'you@merpati.test', '');
    await client.deliver('rina@surat.test', 'you@merpati.test', '\r\nbody\r\n');
    const texts = (await world.inbox(you)).map((one) =>
      one.toString().replace(/^[^]*?\+0000\r\n/, ''),
    );
    assert.deepEqual(texts, ['\r\njust text\r\n', '\r\n', '\r\nbody\r\n']);
  });

  test('the journey: what others claim, the connection, the message, the mailbox', async () => {
    await using world = await home();
    const you = await world.addAccount('you@merpati.test');
    using client = await world.open();
    const text = [
      'Received: from b.example by c.example; Sat, 21 Nov 2026 09:00:02 +0700',
      'Received: from a.example by b.example; Sat, 21 Nov 2026 09:00:01 +0700',
      'Date: Sat, 21 Nov 2026 09:00:00 +0700',
      'Message-ID: <rice@surat.test>',
      message,
    ].join('\r\n');
    const reply = await client.deliver('rina@surat.test', 'you@merpati.test', text);
    const { head, events } = await journeyOf(world, reply.lines);
    assert.equal(head.direction, 'in');
    assert.equal(head.sender, 'rina@surat.test');
    assert.equal(head.messageId, 'rice@surat.test');
    assert.deepEqual(head.recipients, ['you@merpati.test']);
    const codes = events.map((event) => `${event.stage} ${event.state} ${event.code}`);
    assert.deepEqual(codes, [
      'click claimed click.date',
      'receive claimed hop.claimed',
      'receive claimed hop.claimed',
      'receive ok receive.connected',
      'tls info receive.plain',
      'receive ok receive.message',
      'accept ok accept.ok',
      'store ok store.stored',
    ]);
    assert.deepEqual(events[1]?.args, { from: 'a.example', by: 'b.example' });
    assert.equal(events[3]?.args?.['hello'], 'client.example');
    assert.ok(await world.home.store.mayRead(accountId(you), head.id));
  });

  test('SMTPUTF8 from RCPT to the mailbox', async () => {
    await using world = await home();
    const you = await world.addAccount('mérpati@merpati.test');
    using client = await world.open();
    await client.say('MAIL FROM:<рина@сурат.test>', '553 5.6.7');
    await client.say('MAIL FROM:<рина@сурат.test> SMTPUTF8', 250);
    await client.say('RCPT TO:<Me\u0301rpati@merpati.test>', 250);
    await client.say('DATA', 354);
    client.raw('Subject: ящик\r\n\r\n.\r\n');
    await client.expect(250);
    const [stored = ''] = await world.inbox(you);
    assert.match(stored.toString(), /^Return-Path: <рина@сурат\.test>[^]*with UTF8SMTP id/);
  });
});

describe('loops', () => {
  test('a message that has passed too many servers', async () => {
    await using world = await home();
    await world.addAccount('you@merpati.test');
    using client = await world.open();
    const hops = 'Received: by a.example; Sat, 21 Nov 2026 09:00:01 +0700\r\n';
    const good = await client.deliver('a@b.example', 'you@merpati.test', hops.repeat(49) + message);
    assert.equal(good.code, 250);
    const bad = await client.deliver('a@b.example', 'you@merpati.test', hops.repeat(50) + message);
    assert.deepEqual([bad.code, bad.enhanced], [554, '5.4.6']);
  });

  test('a message that comes back to an alias which keeps a copy and forwards', async () => {
    await using world = await home();
    await world.addAccount('you@merpati.test');
    await world.addAlias('both@merpati.test', 'you@merpati.test', 'rina@surat.test');
    using client = await world.open();
    const text = `Delivered-To: you@merpati.test\r\n${message}`;
    const loop = await client.deliver('a@b.example', 'both@merpati.test', text);
    assert.deepEqual([loop.code, loop.enhanced], [554, '5.4.6']);
    const resent = await client.deliver('a@b.example', 'you@merpati.test', text);
    assert.equal(resent.code, 250);
  });
});

describe('notices of success', () => {
  test('delivered, expanded; none to an address of ours that a stranger uses', async () => {
    await using world = await home();
    await world.addAccount('you@merpati.test');
    await world.addAccount('friend@merpati.test');
    await world.addAlias('team@merpati.test', 'you@merpati.test', 'friend@merpati.test');
    const sender = await world.addAccount('rina@merpati.test');
    using stranger = await world.open();
    using client = await world.login('rina@merpati.test');
    const ask = async (client: Dialogue, from: string): Promise<void> => {
      await client.say(`MAIL FROM:<${from}> RET=HDRS ENVID=QQ+2B1`, 250);
      const orcpt = 'ORCPT=rfc822;You+2BX@merpati.test';
      await client.say(`RCPT TO:<you@merpati.test> NOTIFY=SUCCESS ${orcpt}`, 250);
      await client.say('RCPT TO:<team@merpati.test> NOTIFY=SUCCESS,FAILURE', 250);
      await client.say('RCPT TO:<friend@merpati.test> NOTIFY=NEVER', 250);
      await client.say('DATA', 354);
      client.raw('Subject: Rice\r\n\r\nThe rice is ready.\r\n.\r\n');
      await client.expect(250);
    };
    await ask(stranger, 'rina@merpati.test');
    await ask(stranger, '');
    await ask(client, 'rina@merpati.test');
    const notices = await waitFor(async () => {
      const all = await world.inbox(sender);
      return all.length > 0 ? all : null;
    });
    assert.equal(notices.length, 1);
    const text = notices[0]?.toString() ?? '';
    assert.match(text, /^Return-Path: <>\r\n/);
    assert.match(text, /Original-Envelope-Id: QQ\+1\r\n/);
    assert.match(text, /Original-Recipient: rfc822; ?You\+X@merpati\.test\r\n/);
    assert.match(text, /Action: delivered\r\n/);
    assert.match(text, /Action: expanded\r\n/);
    assert.doesNotMatch(text, /friend@merpati\.test/);
    assert.doesNotMatch(text, /The rice is ready/);
  });
});

describe('large messages', () => {
  for (const how of ['DATA', 'BDAT']) {
    test(`50 MB by ${how} in bounded memory`, async () => {
      await using world = await home();
      await world.addAccount('you@merpati.test');
      const block = Buffer.from(`${'x'.repeat(76)}\r\n`.repeat(840));
      const send = async (blocks: number): Promise<void> => {
        using client = await world.open();
        await client.envelope('rina@surat.test', 'you@merpati.test');
        if (how === 'DATA') await client.say('DATA', 354);
        else client.send(`BDAT ${14 + blocks * block.length} LAST`);
        client.raw('Subject: a\r\n\r\n');
        for (let i = 0; i < blocks; i += 1) {
          if (client.socket.write(block)) continue;
          await new Promise((resolve) => client.socket.once('drain', resolve));
        }
        if (how === 'DATA') client.raw('.\r\n');
        await client.expect(250);
      };
      await send(100);
      const beforeBytes = process.memoryUsage.rss();
      let peakBytes = 0;
      const watch = setInterval(() => {
        peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
      }, 10);
      await send(790);
      clearInterval(watch);
      const grownMb = (peakBytes - beforeBytes) / 1e6;
      assert.ok(grownMb < 100, `${grownMb} MB more`);
    });
  }
});
