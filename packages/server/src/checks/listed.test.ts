/** Lists in the DNS, weights, and greylisting, over real sockets. RFC 5782 §5; RFC 6647. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { address, judgingHome, type JudgingHome, type Names } from '../testing/judging-home.ts';

const stranger = '127.0.0.66';
const letter = 'From: Rina <rina@contoh.test>\r\nSubject: Kabar\r\n\r\nHalo.\r\n';
const envelope = { sender: 'rina@contoh.test', recipients: ['you@merpati.test'] };

/** Alive: it holds its test entry, and not 127.0.0.1. */
const alive = (zone: string, ...listed: readonly string[]): Names =>
  Object.fromEntries(
    ['2.0.0.127', ...listed].map((labels) => [`${labels}.${zone}`, [address('127.0.0.2')]]),
  );
const block = { zone: 'bl.test', weight: 10 };
const allow = { zone: 'wl.test', kind: 'allow' as const };

async function codes(world: JudgingHome): Promise<string[]> {
  const events = await world.eventsOf(await world.send(stranger, envelope, letter));
  return events.map(({ code }) => code).filter((code) => /^(?:dnsbl|check)\./.test(code));
}

describe('lists', () => {
  test('who is on one goes to Junk; one of the good ones weighs against it', async () => {
    const zone = alive('bl.test', '66.0.0.127');
    await using world = await judgingHome(zone, { lists: [block] });
    assert.deepEqual(await codes(world), ['check.hello-nowhere', 'dnsbl.listed', 'check.weight']);
    assert.equal(await world.count(world.you, 'Junk'), 1);
    const both = { ...zone, ...alive('wl.test', '66.0.0.127') };
    await using mild = await judgingHome(both, { lists: [block, allow] });
    assert.deepEqual(await codes(mild), ['check.hello-nowhere', 'dnsbl.listed', 'dnsbl.allowed']);
    assert.equal(await mild.count(mild.you, 'INBOX'), 1);
  });

  test('one that refuses does so before the message; postmaster hears everybody', async () => {
    const why = 'see https://bl.test/?ip=127.0.0.66';
    await using world = await judgingHome(alive('bl.test', '66.0.0.127'), {
      lists: [{ ...block, refuse: true }],
    });
    const listed = world.names.get('66.0.0.127.bl.test') ?? [];
    const text = { type: 'TXT', strings: [Buffer.from(why)] } as const;
    world.names.set('66.0.0.127.bl.test', [...listed, text]);
    using client = await world.open({ from: stranger });
    await client.say('MAIL FROM:<rina@contoh.test>', 250);
    const refused = await client.say('RCPT TO:<you@merpati.test>', '550 5.7.1');
    assert.equal(refused.lines[0], `${stranger} is on the list bl.test: ${why}`);
    await client.say('RCPT TO:<postmaster@merpati.test>', 250);
  });

  test('one that is dead, lists everybody, or answers an error counts for nothing', async () => {
    const lists = ['dead.test', 'all.test', 'error.test'].map((zone) => ({ zone, refuse: true }));
    const names: Names = {
      '66.0.0.127.dead.test': [address('127.0.0.2')],
      ...alive('all.test', '1.0.0.127', '66.0.0.127'),
      ...alive('error.test'),
      '66.0.0.127.error.test': [address('127.255.255.254')],
    };
    await using world = await judgingHome(names, { lists });
    assert.deepEqual(await codes(world), [
      'check.hello-nowhere',
      'dnsbl.fault',
      'dnsbl.fault',
      'dnsbl.fault',
    ]);
  });

  test('answers that do not count, and a client that is nowhere', async () => {
    const lists = [{ ...block, answers: ['127.0.0.4/30'] }];
    await using world = await judgingHome(alive('bl.test', '66.0.0.127'), { lists });
    assert.deepEqual(await codes(world), ['check.hello-nowhere']);
    await using clean = await judgingHome(alive('bl.test'), { lists: [block] });
    assert.deepEqual(await codes(clean), ['check.hello-nowhere']);
  });
});

describe('greylisting', () => {
  const greylist = { greylist: true, greylist_wait_s: 60 };

  test('who comes back in time is remembered; who does not begins anew', async () => {
    await using world = await judgingHome({}, greylist);
    const attempt = async (from = stranger, to = 'you@merpati.test') => {
      using client = await world.open({ from });
      await client.say('MAIL FROM:<rina@contoh.test>', 250);
      client.send(`RCPT TO:<${to}>`);
      const reply = await client.reply();
      return `${reply.code} ${reply.enhanced}`;
    };
    assert.equal(await attempt(), '451 4.7.1');
    world.dns.aheadMs += 30_000;
    assert.equal(await attempt(), '451 4.7.1', 'too soon');
    world.dns.aheadMs += 40_000;
    assert.equal(await attempt(), '250 2.1.5');
    assert.equal(await attempt('127.0.0.67'), '250 2.1.5', 'a neighbour in the same network');
    assert.equal(await attempt('127.0.9.1'), '451 4.7.1', 'another network');
    assert.equal(await attempt(stranger, 'you+x@merpati.test'), '451 4.7.1', 'somebody else');
    assert.equal(await attempt(stranger, 'postmaster@merpati.test'), '250 2.1.5');
    assert.equal(await attempt('127.0.0.1'), '250 2.1.5', 'trusted');
    world.dns.aheadMs += 30 * 86_400_000;
    assert.equal(await attempt(), '250 2.1.5', 'a monthly letter');
    assert.equal(await attempt('127.0.9.1'), '451 4.7.1', 'came back far too late');
    world.dns.aheadMs += 40 * 86_400_000;
    assert.equal(await attempt(), '451 4.7.1', 'forgotten');
  });

  test('to whom one of ours has written, and who is on a good list, need not wait', async () => {
    const names = alive('wl.test', '66.0.0.127');
    await using world = await judgingHome(names, { ...greylist, lists: [allow] });
    assert.match(await world.send(stranger, envelope, letter), /^250/);
    using user = await world.login('you@merpati.test');
    const text = letter.replace('rina@contoh.test', 'you@merpati.test');
    await user.deliver('you@merpati.test', 'Tono@lain.test', text);
    const tono = { ...envelope, sender: 'tono@lain.test' };
    assert.match(await world.send('127.0.7.7', tono, letter), /^250/);
    using other = await world.open({ from: '127.0.7.7' });
    await other.say('MAIL FROM:<rina@contoh.test>', 250);
    await other.say('RCPT TO:<you@merpati.test>', '451 4.7.1');
  });
});
