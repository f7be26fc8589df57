/**
 * Mail from honest servers and from others, over real sockets: what SPF, DKIM, DMARC and ARC say of
 * it, what is done, and what is written down. RFC 7208, 6376, 9989, 8617, 8601, 7372, 7489, 8301,
 * 8463, 8616.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { domainToASCII } from 'node:url';
import { connect } from 'node:net';
import { readJourneyId } from '@merpati/store/journey.ts';
import { createAuthenticator } from '../accounts/authenticate.ts';
import { startImap } from '../imap/listeners.ts';
import { verdictOf as journeyVerdict } from '../journey/verdict.ts';
import { gatherJourney } from '../journey/view.ts';
import { startPop3 } from '../pop3/listeners.ts';
import type { DmarcOutcome } from '../reports/outcomes.ts';
import {
  address,
  judgingHome,
  pointer,
  type JudgingHome,
  type Names,
} from '../testing/judging-home.ts';
import {
  makeEd25519Key,
  makeRsaKey,
  sealLetter,
  signLetter,
  type Signing,
} from '../testing/signed-letter.ts';
import { waitFor } from '../testing/smtp-home.ts';

const rsa = makeRsaKey();
const ed25519 = makeEd25519Key();
const weak = makeRsaKey(768);
const list = makeRsaKey(1024);

/** Where the mail of contoh.test comes from, and somebody else. */
const honest = '127.0.0.20';
const stranger = '127.0.0.66';

const names: Names = {
  'contoh.test': `v=spf1 ip4:${honest} -all`,
  '_dmarc.contoh.test': 'v=DMARC1; p=reject; rua=mailto:dmarc@contoh.test',
  '2026._domainkey.contoh.test': rsa.record,
  'ed._domainkey.contoh.test': ed25519.record,
  'weak._domainkey.contoh.test': weak.record,
  '_dmarc.hati.test': 'v=DMARC1; p=quarantine',
  '_dmarc.lihat.test': 'v=DMARC1; p=none',
  's._domainkey.daftar.test': list.record,
  'client.example': [address(honest)],
  '20.0.0.127.in-addr.arpa': [pointer('client.example')],
};

const letter = [
  'From: Rina <rina@contoh.test>',
  'To: you@merpati.test',
  'Subject: Kabar',
  'Date: Sun, 22 Nov 2026 01:00:00 +0700',
  'Message-ID: <1@contoh.test>',
  '',
  'Nasi sudah matang.',
  '',
].join('\r\n');

const own = { domain: 'contoh.test', selector: '2026', key: rsa.key };
const sign = (over: Partial<Signing> = {}, text = letter) => signLetter(text, { ...own, ...over });
const rina = { sender: 'rina@contoh.test', recipients: ['you@merpati.test'] };

function codesOf(events: readonly { readonly code: string }[]): string[] {
  return events
    .map(({ code }) => code)
    .filter((code) => /^(?:spf|dkim|dmarc|arc|iprev)\./.test(code));
}

async function onlyMessage(world: JudgingHome, account: Parameters<JudgingHome['inbox']>[0]) {
  const [message, ...more] = await world.inbox(account);
  assert.ok(message !== undefined && more.length === 0, 'one message is expected');
  return message.toString();
}

/** The journey of what was refused, once it is written. */
async function refusedCodes({ home }: JudgingHome): Promise<string[]> {
  const head = await waitFor(async () => (await home.store.journeys({ limit: 1 }))[0] ?? null);
  return codesOf((await gatherJourney([home], { home, id: head.id }))?.events ?? []);
}

test('a good one: everything about it stands on top and in its journey', async () => {
  await using world = await judgingHome(names);
  const outcomes: DmarcOutcome[] = [];
  world.home.reports = { tls() {}, arrived() {}, dmarc: (one) => void outcomes.push(one) };
  const signed = sign({ selector: 'ed', key: ed25519.key }, sign());
  const reply = await world.send(honest, rina, signed);
  const events = await world.eventsOf(reply);
  assert.deepEqual(codesOf(events), [
    'iprev.pass',
    'spf.pass',
    'dkim.pass',
    'dkim.pass',
    'dmarc.pass',
  ]);
  const message = await onlyMessage(world, world.you);
  assert.ok(message.endsWith(signed), 'no octet of it was changed');
  const field = /^Authentication-Results: ((?:.*\r\n\t)*.*)\r\n/m.exec(message)?.[1] ?? '';
  const bits = field.split(/;\r\n\t/).map((line) => line.replaceAll(/\r\n\t /g, ' '));
  assert.equal(bits[0], 'mx.merpati.test');
  assert.equal(bits[1], `iprev=pass (client.example) policy.iprev=${honest}`);
  assert.equal(bits[2], 'spf=pass smtp.mailfrom=rina@contoh.test');
  assert.match(bits[3] ?? '', /^dkim=pass \(256 bits\) header.d=contoh.test header.s=ed /);
  assert.match(bits[4] ?? '', /header.a=rsa-sha256 header.b="?[A-Za-z0-9+/]{8}"?$/);
  assert.equal(bits[5], 'dmarc=pass (p=reject) header.from=contoh.test');
  assert.ok(message.indexOf('Authentication-Results') < message.indexOf('Received:'));
  const { sourceIp, disposition, aligned, headerFrom, envelopeTo } = outcomes[0] ?? {};
  assert.deepEqual(
    { sourceIp, disposition, aligned, headerFrom, envelopeTo },
    {
      sourceIp: honest,
      disposition: 'none',
      aligned: { spf: true, dkim: true },
      headerFrom: 'contoh.test',
      envelopeTo: 'merpati.test',
    },
  );
  const metrics = await world.home.metrics.registry.metrics();
  assert.match(metrics, /merpati_auth_results_total\{method="dkim",result="pass"\} 2/);
});

describe('forgeries', () => {
  const late = Math.floor(Date.now() / 1000);
  const cases: [what: string, letter: string, codes: string[]][] = [
    ['without a signature', letter, ['dkim.none']],
    ['with a body that was changed', sign().replace('matang', 'gosong'), ['dkim.fail']],
    [
      'with an expired signature',
      sign({ tags: [`t=${late - 90}`, `x=${late - 60}`] }),
      ['dkim.fail'],
    ],
    ['with a key that is too short', sign({ selector: 'weak', key: weak.key }), ['dkim.policy']],
    [
      'with more behind the signed part of the body',
      `${sign({ length: 20 })}Klik di sini.\r\n`,
      ['dkim.policy'],
    ],
    ['with a second From', `From: x@lihat.test\r\n${sign()}`, ['dkim.fail']],
    [
      'with the signature of somebody else',
      sign({ domain: 'daftar.test', selector: 's', key: list.key }),
      ['dkim.pass'],
    ],
  ];
  for (const [what, forged, dkim] of cases) {
    test(`${what} are refused`, async () => {
      await using world = await judgingHome(names);
      const reply = await world.send(stranger, { ...rina, sender: 'x@lain.test' }, forged);
      assert.match(reply, /^550 5\.7\.26 contoh\.test asks to refuse what it has not sent/);
      assert.deepEqual(await refusedCodes(world), [
        'iprev.permerror',
        'spf.none',
        ...dkim,
        'dmarc.reject',
      ]);
      assert.deepEqual(await world.inbox(world.you), []);
    });
  }

  test('go to Junk, are let through, or only observed, as the domain and we want it', async () => {
    const exceptions = [{ author: 'contoh.test', authentication: 'observe' as const }];
    await using world = await judgingHome(names, { exceptions });
    const from = (domain: string) => letter.replace('contoh.test', domain);
    const send = async (domain: string) => {
      const reply = await world.send(stranger, { ...rina, sender: '' }, from(domain));
      return codesOf(await world.eventsOf(reply)).at(-1);
    };
    assert.equal(await send('hati.test'), 'dmarc.quarantine');
    assert.deepEqual(
      [await world.count(world.you, 'Junk'), await world.count(world.you, 'INBOX')],
      [1, 0],
    );
    assert.equal(await send('lihat.test'), 'dmarc.fail');
    assert.equal(await send('contoh.test'), 'dmarc.observe');
    const below = from('bawah.contoh.test');
    assert.match(await world.send(stranger, { ...rina, sender: '' }, below), /^550 5\.7\.26/);
  });

  test('of twenty recipients each gets what holds for it', async () => {
    const exceptions = [{ recipient: 'bebas.test', authentication: 'observe' as const }];
    await using world = await judgingHome(names, { exceptions });
    await world.addDomain('bebas.test');
    const strict = Array.from({ length: 10 }, (_, i) => `a${i}@merpati.test`);
    const free = Array.from({ length: 10 }, (_, i) => `b${i}@bebas.test`);
    const ids = await Promise.all([...strict, ...free].map((one) => world.addAccount(one)));
    const reply = await world.send(
      stranger,
      { sender: '', recipients: [...strict, ...free] },
      letter,
    );
    assert.equal(codesOf(await world.eventsOf(reply)).at(-1), 'dmarc.quarantine');
    const junk = await Promise.all(ids.map((id) => world.count(id, 'Junk')));
    assert.deepEqual(junk, [...strict.map(() => 1), ...free.map(() => 0)]);
    const refused = await world.send(stranger, { sender: '', recipients: strict }, letter);
    assert.match(refused, /^550 5\.7\.26/);
  });
});

test('what goes to Junk is there for IMAP, not for POP3, and its journey says so', async () => {
  await using world = await judgingHome(names);
  const reply = await world.send(
    stranger,
    { ...rina, sender: '' },
    letter.replace('contoh.test', 'hati.test'),
  );
  const id = readJourneyId(/Ok: (\w+)$/.exec(reply)?.[1] ?? '');
  const view = await gatherJourney([world.home], { home: world.home, id: id! });
  const verdict = journeyVerdict(view!).lanes[0]?.verdict;
  assert.deepEqual(verdict, { kind: 'filed', account: 'you@merpati.test', mailbox: 'Junk' });
  const any = ['127.0.0.1:0'];
  const listen = { ...world.home.config.listen, imap: any, pop3: any };
  const home = { ...world.home, config: { ...world.home.config, listen } };
  const authenticator = createAuthenticator([home]);
  const imap = await startImap(home, authenticator, { plainAllowed: true });
  const pop3 = await startPop3(home, authenticator, { plainAllowed: true });
  try {
    const port = (running: { addresses: readonly { port: number }[] }) =>
      running.addresses[0]?.port;
    const said = await converse(port(imap) ?? 0, [
      'a LOGIN you@merpati.test merpati',
      'b SELECT Junk',
      'c FETCH 1 BODY[HEADER.FIELDS (AUTHENTICATION-RESULTS)]',
      'd LOGOUT',
    ]);
    assert.match(said, /\* 1 EXISTS/);
    assert.match(said, /dmarc=fail \(p=quarantine, put into Junk\) header\.from=hati\.test/);
    const popped = ['USER you@merpati.test', 'PASS merpati', 'STAT', 'QUIT'];
    assert.match(await converse(port(pop3) ?? 0, popped), /\r\n\+OK 0 0\r\n/);
  } finally {
    await Promise.all([imap.stop(), pop3.stop()]);
  }
});

/** Line by line, each after the answer to the one before; until the server closes. */
async function converse(port: number, lines: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const left = [...lines];
  let said = '';
  for await (const chunk of socket) {
    said += String(chunk);
    const isAnswered = /(?:^|\n)(?:\* OK|\+OK|[a-d] OK)[^\n]*\n$/.test(said);
    const next = isAnswered ? left.shift() : undefined;
    if (next !== undefined) socket.write(`${next}\r\n`);
  }
  return said;
}

test('a domain in letters of its own is the one that is published', async () => {
  const published = { ...names, '_dmarc.xn--80a1acny.test': 'v=DMARC1; p=reject' };
  await using world = await judgingHome(published);
  const text = letter.replace('contoh.test', 'почта.test');
  const reply = await world.send(stranger, { ...rina, sender: '' }, text);
  assert.match(reply, /^550 5\.7\.26 xn--80a1acny\.test asks/);
});

describe('mail that others pass on', () => {
  test('a forwarder that changes nothing: the signature speaks', async () => {
    await using world = await judgingHome(names);
    const reply = await world.send(stranger, rina, sign());
    assert.deepEqual(codesOf(await world.eventsOf(reply)).slice(1), [
      'spf.fail',
      'dkim.pass',
      'dmarc.pass',
    ]);
  });

  const seal = { domain: 'daftar.test', selector: 's', key: list.key };
  const changed = sign().replace('Subject: ', 'Subject: [daftar] ');
  const envelope = { ...rina, sender: 'daftar-bounces@daftar.test' };

  test('a list that changes it, and seals what it saw: believed when it is trusted', async () => {
    const sealed = sealLetter(changed, 'spf=pass; dkim=pass; dmarc=pass; arc=none', seal);
    await using unknown = await judgingHome(names);
    assert.match(await unknown.send(stranger, envelope, sealed), /^550 5\.7\.26/);
    await using world = await judgingHome(names, { trusted_forwarders: ['daftar.test'] });
    const reply = await world.send(stranger, envelope, sealed);
    const codes = codesOf(await world.eventsOf(reply));
    assert.deepEqual(codes.slice(-3), ['dkim.fail', 'arc.pass', 'dmarc.forwarder']);
    assert.equal(await world.count(world.you, 'INBOX'), 1);
  });

  test('a trusted list that saw it fail, or whose seal is broken, helps nobody', async () => {
    await using world = await judgingHome(names, { trusted_forwarders: ['daftar.test'] });
    const failed = sealLetter(changed, 'dmarc=fail; arc=none', seal);
    const broken = sealLetter(changed, 'dmarc=pass; arc=none', seal).replace('matang', 'gosong');
    for (const one of [failed, broken]) {
      assert.match(await world.send(stranger, envelope, one), /^550 5\.7\.26/);
    }
  });
});

describe('when the DNS is in trouble', () => {
  test('who wants forgeries refused gets an answer later; then it passes', async () => {
    await using world = await judgingHome(names);
    world.broken.add('2026._domainkey.contoh.test');
    const envelope = { ...rina, sender: '' };
    assert.match(
      await world.send(stranger, envelope, sign()),
      /^451 4\.7\.24 Whether contoh\.test/,
    );
    world.broken.clear();
    world.dns.aheadMs += 60_000;
    assert.match(await world.send(stranger, envelope, sign()), /^250 /);
  });

  test('a policy that nobody can ask for keeps nothing out', async () => {
    await using world = await judgingHome(names);
    world.broken.add('_dmarc.contoh.test');
    const reply = await world.send(stranger, { ...rina, sender: '' }, letter);
    assert.equal(codesOf(await world.eventsOf(reply)).at(-1), 'dmarc.temperror');
  });

  test('name servers that never answer cost one deadline, whatever they are asked', async () => {
    await using world = await judgingHome({}, { dns_timeout_s: 1 });
    world.dns.scriptedDns.answer = () => null;
    const reply = await world.send(stranger, rina, sign());
    assert.deepEqual(codesOf(await world.eventsOf(reply)), [
      'iprev.temperror',
      'spf.hello',
      'spf.temperror',
      'dkim.temperror',
      'dmarc.temperror',
    ]);
  });

  test('a policy that asks for ever is cut off', async () => {
    const bomb: Record<string, string> = {};
    for (let i = 0; i < 20; i += 1) {
      bomb[`s${i}.bom.test`] = `v=spf1 a:x${i}.bom.test include:s${i + 1}.bom.test -all`;
    }
    await using world = await judgingHome(bomb);
    const reply = await world.send(stranger, { ...rina, sender: 'x@s0.bom.test' }, letter);
    const found = (await world.eventsOf(reply)).find(({ code }) => code === 'spf.permerror');
    assert.equal(found?.args?.['why'], 'too many questions find nothing');
    assert.ok(world.dns.scriptedDns.asked.length < 30, world.dns.scriptedDns.asked.join());
  });
});

test('what our users hand in, and what trusted clients bring, is not judged', async () => {
  await using world = await judgingHome(names);
  using user = await world.login('you@merpati.test');
  const text = letter.replace('rina@contoh.test', 'you@merpati.test');
  const reply = await user.deliver('you@merpati.test', 'you@merpati.test', text);
  const submitted = await world.eventsOf(`250 ${reply.lines[0]}`);
  assert.deepEqual(codesOf(submitted), []);
  const local = await world.eventsOf(await world.send('127.0.0.1', rina, letter));
  assert.deepEqual(codesOf(local), []);
  for (const message of await world.inbox(world.you)) {
    assert.doesNotMatch(message.toString(), /^Authentication-Results/m);
  }
  await using off = await judgingHome(names, { authentication: 'off' });
  assert.deepEqual(codesOf(await off.eventsOf(await off.send(stranger, rina, letter))), []);
  assert.deepEqual(off.dns.scriptedDns.asked, []);
});

test('results in our name that are not ours are cut out, and nothing else', async () => {
  await using world = await judgingHome(names);
  const forged =
    'Authentication-Results: (hi) MX.merpati.test 1;\r\n dmarc=pass header.from=contoh.test\r\n';
  const theirs = 'Authentication-Results: mx.lain.test; spf=pass\r\n';
  // Signed with them: what comes in is what is verified.
  const text = `${theirs}${forged}${letter}`;
  const reply = await world.send(honest, rina, sign({}, text));
  const message = await onlyMessage(world, world.you);
  assert.ok(message.endsWith(`${theirs}${letter}`));
  assert.equal(message.match(/^Authentication-Results: mx\.merpati\.test;/gm)?.length, 1);
  const events = await world.eventsOf(reply);
  const cut = events.find(({ code }) => code === 'check.forged-results');
  assert.match(String(cut?.args?.['digest']), /^[0-9a-f]{64}$/);
  assert.ok(codesOf(events).includes('dkim.pass'));
});

describe('who is perhaps forged is not written to', () => {
  test('neither of success nor of a failure behind an alias', async () => {
    await using world = await judgingHome(names);
    await world.addAlias('both@merpati.test', 'you@merpati.test', 'tono@lain.test');
    using client = await world.open({ from: stranger });
    await client.say('MAIL FROM:<rina@contoh.test>', 250);
    await client.say('RCPT TO:<both@merpati.test> NOTIFY=SUCCESS,FAILURE', 250);
    await client.say('DATA', 354);
    client.raw(`${letter.replace('contoh.test', 'lihat.test')}.\r\n`);
    await client.expect(250);
    const rows = await world.home.store.queue({}, 100);
    assert.deepEqual(
      rows.map(({ recipient, notify }) => [recipient, notify]),
      [['tono@lain.test', ['never']]],
    );
  });
});

describe('what looks like somebody of us', () => {
  const cases: [from: string, ours: string][] = [
    ['bos@rnerpati.test', 'merpati.test'],
    ['bos@mail.merpat1.test', 'merpati.test'],
    [`bos@${domainToASCII('m\u0435rpati.test')}`, 'merpati.test'],
    ['bos@merpati.test.lain.example', 'merpati.test'],
    ['"you@merpati.test" <x@lain.example>', 'merpati.test'],
  ];
  for (const [from, ours] of cases) {
    test(from, async () => {
      await using world = await judgingHome(names);
      const text = letter.replace('Rina <rina@contoh.test>', from);
      const events = await world.eventsOf(
        await world.send(stranger, { ...rina, sender: '' }, text),
      );
      const found = events.find(({ code }) => code === 'check.look-alike');
      assert.equal(found?.args?.['ours'], ours);
    });
  }

  test('and what does not', async () => {
    await using world = await judgingHome(names);
    const text = letter.replace('rina@contoh.test', 'rina@perpati.test');
    const events = await world.eventsOf(await world.send(stranger, { ...rina, sender: '' }, text));
    assert.equal(
      events.find(({ code }) => code === 'check.look-alike'),
      undefined,
    );
  });
});
