import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { contentOf } from '@merpati/client/smtp/content.ts';
import {
  expiredCertificate,
  goodCertificate,
  testKey,
  testRoot,
} from '@merpati/client/testing/certificates.ts';
import {
  startScriptedSmtp,
  type ScriptedSmtp,
  type ScriptedSmtpOptions,
} from '@merpati/client/testing/scripted-smtp.ts';
import type { RecordData } from '@merpati/formats/dns/message.ts';
import type { QueueMessage } from '@merpati/store/contract.ts';
import { openStore } from '@merpati/store/sqlite/open.ts';
import { configSchema } from '../config/schema.ts';
import { createMetrics } from '../observe/metrics.ts';
import type { Zone } from '../testing/scripted-dns.ts';
import { createTestWorld } from '../testing/test-world.ts';
import { Delivery, type Delivered } from './deliver.ts';
import { findRoute } from './find-route.ts';
import { deliveryLimits } from './limits.ts';
import type { Outgoing } from './outgoing.ts';

const mx = (preference: number, exchange: string): RecordData => ({
  type: 'MX',
  preference,
  exchange,
});
const a = (address: string): RecordData => ({ type: 'A', address });
const aaaa = (address: string): RecordData => ({ type: 'AAAA', address });

const message: QueueMessage = {
  sender: 'you@merpati.test',
  prefix: new Uint8Array(0),
  envid: null,
  ret: null,
  bodyType: '7bit',
  smtputf8: false,
  requireTls: false,
  submittedBy: null,
};
const text = Buffer.from('Subject: hi\r\n\r\nhello\r\n');

function outgoing(recipients: string[], over: Partial<QueueMessage> = {}): Outgoing {
  return {
    message: { ...message, ...over },
    recipients: recipients.map((address) => ({ address, notify: [], orcpt: null })),
    content: contentOf(text),
  };
}

interface Setting {
  readonly zone?: Zone;
  readonly config?: object;
  /** For tests in which the DNS does not answer. */
  readonly dnsTimeoutMs?: number;
  /** Address → server. */
  readonly servers?: Record<string, ScriptedSmtpOptions | 'refuse' | 'silent'>;
}

/** A world with servers in it, and how to send there. */
async function setUp(setting: Setting) {
  const { zone = {}, dnsTimeoutMs } = setting;
  const world = await createTestWorld(zone, {
    trust: [testRoot],
    ...(dnsTimeoutMs === undefined ? {} : { dnsTimeoutMs }),
  });
  const servers = new Map<string, ScriptedSmtp>();
  for (const [address, options] of Object.entries(setting.servers ?? {})) {
    if (typeof options === 'string') {
      world.places.set(address, options);
    } else {
      const server = await startScriptedSmtp(options);
      servers.set(address, server);
      world.places.set(address, server.port);
    }
  }
  const config = configSchema.parse({ hostname: 'mx.merpati.test', ...setting.config });
  const directory = mkdtempSync(join(tmpdir(), 'merpati-delivery-'));
  const store = await openStore({ directory, nowMs: world.nowMs() });
  const delivery = new Delivery({
    config,
    world,
    store,
    metrics: createMetrics(),
    reports: null,
  });
  return {
    world,
    delivery,
    server: (address: string) => servers.get(address) as ScriptedSmtp,
    async send(domain: string, mail = outgoing([`c@${domain}`]), override: string | null = null) {
      const route = await findRoute({ config, world, domain, override });
      if (route.kind === 'none') {
        const events = [route.event];
        return { verdicts: [route.failure], events, isUntried: false } satisfies Delivered;
      }
      const delivered = await delivery.deliver(mail, route);
      return { ...delivered, events: [route.event, ...delivered.events] };
    },
    async [Symbol.asyncDispose]() {
      await delivery.close();
      await store.close();
      rmSync(directory, { recursive: true });
      for (const server of servers.values()) await server[Symbol.asyncDispose]();
      await world[Symbol.asyncDispose]();
    },
  };
}

const kinds = ({ verdicts }: Delivered) =>
  verdicts.map((verdict) =>
    verdict.kind === 'delivered' ? 'delivered' : `${verdict.again} ${verdict.status}`,
  );
const codes = ({ events }: Delivered) => events.map(({ code }) => code);

test('to the MX host; the journey tells each step', async () => {
  await using there = await setUp({
    zone: { 'surat.test': [mx(10, 'mx.surat.test')], 'mx.surat.test': [a('127.0.1.1')] },
    servers: { '127.0.1.1': { tls: { key: testKey, cert: goodCertificate } } },
  });
  const done = await there.send('surat.test');
  assert.deepEqual(kinds(done), ['delivered']);
  assert.deepEqual(codes(done), [
    'dns.mx.found',
    'connect.ok',
    'tls.unverified',
    'smtp.dialogue',
    'smtp.accepted',
  ]);
  const [found, , tls, dialogue, accepted] = done.events;
  assert.deepEqual(found?.args, {
    domain: 'surat.test',
    hosts: ['10 mx.surat.test'],
    ttl: 300,
    dnssec: false,
  });
  // The certificate is of mx.test: encrypted all the same.
  assert.equal(tls?.args?.error, 'ERR_TLS_CERT_ALTNAME_INVALID');
  assert.equal(tls?.state, 'info');
  const mail = dialogue?.lines?.find((line) => line.text.startsWith('MAIL FROM:'));
  assert.ok(mail?.tls);
  assert.equal(accepted?.rcpt, 'c@surat.test');
  assert.match(String(accepted?.args?.reply), /^250 2\.0\.0 Ok/);
  assert.ok(there.server('127.0.1.1').messages[0]?.tls);
});

test('no MX: the domain itself; no domain, null MX, nothing usable, ourselves: never', async () => {
  await using there = await setUp({
    zone: {
      'plain.test': [a('127.0.1.1')],
      'null.test': [mx(0, '')],
      'empty.test': [],
      'number.test': [mx(10, '192.0.2.1')],
      'gone.test': [mx(10, 'nowhere.test')],
      'loop.test': [mx(5, 'MX.merpati.test'), mx(10, 'mx.other.test')],
      'backup.test': [mx(5, 'mx.first.test'), mx(10, 'mx.merpati.test'), mx(20, 'mx.other.test')],
      'mx.first.test': [a('127.0.1.9')],
      'mx.other.test': [a('127.0.1.1')],
      'alias.test': [{ type: 'CNAME', target: 'plain.test' }],
    },
    servers: { '127.0.1.1': {}, '127.0.1.9': 'refuse' },
  });
  const cases = [
    ['plain.test', 'delivered', 'dns.mx.implicit'],
    ['alias.test', 'delivered', 'dns.mx.implicit'],
    ['none.test', 'never 5.1.2', 'dns.nxdomain'],
    ['null.test', 'never 5.1.10', 'dns.mx.null'],
    ['empty.test', 'never 5.4.4', 'dns.mx.implicit'],
    ['number.test', 'never 5.4.4', 'dns.mx.unusable'],
    ['gone.test', 'never 5.4.4', 'dns.mx.found'],
    ['loop.test', 'never 5.4.6', 'route.loop'],
    ['[127.0.1.1]', 'delivered', 'route.literal'],
    ['[IPv6:2001:db8::zz]', 'never 5.1.3', 'route.literal.bad'],
    // We are second: only the first is asked, for those behind us would send it back.
    ['backup.test', 'later 4.4.1', 'dns.mx.found'],
  ] as const;
  for (const [domain, expected, code] of cases) {
    const done = await there.send(domain);
    assert.deepEqual(kinds(done), [expected], domain);
    assert.equal(done.events[0]?.code, code, domain);
  }
  assert.ok(there.world.dialled.filter((place) => place === '127.0.1.9:25').length === 1);
});

test('the journey says whether the MX records are signed, and whether anybody looked', async () => {
  const zone = { 'surat.test': [mx(10, 'mx.surat.test')] };
  const config = configSchema.parse({ hostname: 'mx.merpati.test' });
  await using plain = await createTestWorld(zone);
  await using signed = await createTestWorld(zone, { signed: true });
  const untrusted = { ...signed, dns: { ...plain.dns, isTrusted: false } };
  for (const [world, code, isTrusted] of [
    [plain, 'dns.mx.found', false],
    [signed, 'dns.mx.signed', true],
    [untrusted, 'dns.mx.unchecked', false],
  ] as const) {
    const found = await findRoute({ config, world, domain: 'surat.test', override: null });
    assert.ok(found.kind === 'hosts');
    assert.equal(found.event.code, code);
    assert.equal(found.isTrusted, isTrusted);
  }
});

test('the DNS in trouble: later', async () => {
  await using there = await setUp({ zone: { 'mx.test': [] }, dnsTimeoutMs: 300 });
  there.world.scriptedDns.answer = () => null;
  const done = await there.send('surat.test');
  assert.deepEqual(kinds(done), ['later 4.4.3']);
  assert.equal(done.events[0]?.args?.reason, 'timeout');
});

test('hosts by preference, equals by chance, the next one when one fails', async () => {
  const zone = {
    'surat.test': [mx(20, 'c.test'), mx(10, 'a.test'), mx(10, 'b.test')],
    'a.test': [a('127.0.1.1')],
    'b.test': [a('127.0.1.2')],
    'c.test': [a('127.0.1.3')],
  };
  const busy: ScriptedSmtpOptions = {
    on: ({ verb }) => (verb === 'CONNECT' ? '421 busy' : undefined),
  };
  await using there = await setUp({
    zone,
    servers: { '127.0.1.1': 'refuse', '127.0.1.2': busy, '127.0.1.3': {} },
  });
  const done = await there.send('surat.test');
  assert.deepEqual(kinds(done), ['delivered']);
  assert.equal(there.world.dialled.at(-1), '127.0.1.3:25');
  assert.equal(there.world.dialled.length, 3);
  const firsts = new Set<string>();
  for (let i = 0; i < 60; i += 1) {
    const config = configSchema.parse({});
    const route = await findRoute({
      config,
      world: there.world,
      domain: 'surat.test',
      override: null,
    });
    assert.ok(route.kind === 'hosts');
    assert.equal(route.hosts[2]?.name, 'c.test');
    firsts.add(route.hosts[0]?.name ?? '');
  }
  assert.deepEqual([...firsts].toSorted(), ['a.test', 'b.test']);
});

test('IPv6 and IPv4 are raced: a silent address costs a moment, not a timeout', async () => {
  await using there = await setUp({
    zone: { 'surat.test': [mx(10, 'a.test')], 'a.test': [aaaa('2001:db8::1'), a('127.0.1.1')] },
    servers: { '2001:db8::1': 'silent', '127.0.1.1': {} },
  });
  const startedMs = Date.now();
  const done = await there.send('surat.test');
  assert.deepEqual(kinds(done), ['delivered']);
  assert.ok(Date.now() - startedMs < deliveryLimits.connectTimeoutMs);
  assert.deepEqual(there.world.dialled, ['2001:db8::1:25', '127.0.1.1:25']);
});

test('a host that cannot be reached is left alone for a while', async () => {
  await using there = await setUp({
    zone: { 'surat.test': [mx(10, 'a.test')], 'a.test': [a('127.0.1.1')] },
    servers: { '127.0.1.1': 'refuse' },
  });
  assert.deepEqual(kinds(await there.send('surat.test')), ['later 4.4.1']);
  const second = await there.send('surat.test');
  assert.deepEqual(kinds(second), ['later 4.4.1']);
  assert.ok(codes(second).includes('connect.avoided'));
  assert.equal(there.world.dialled.length, 1);
  there.world.aheadMs = 30_000;
  await there.send('surat.test');
  assert.equal(there.world.dialled.length, 2);
  there.delivery.trouble.forgetAll();
  await there.send('surat.test');
  assert.equal(there.world.dialled.length, 3);
});

test('recipients have verdicts of their own; a later one is tried at the next host', async () => {
  const says: Record<string, string> = {
    no: '550 5.1.1 no such user',
    grey: '451 4.7.1 greylisted',
  };
  const on: ScriptedSmtpOptions['on'] = ({ verb, line }) =>
    verb === 'RCPT' ? says[/<(\w+)@/.exec(line)?.[1] ?? ''] : undefined;
  await using there = await setUp({
    zone: {
      'surat.test': [mx(10, 'a.test'), mx(20, 'b.test')],
      'a.test': [a('127.0.1.1')],
      'b.test': [a('127.0.1.2')],
    },
    servers: { '127.0.1.1': { on }, '127.0.1.2': { on } },
  });
  const mail = outgoing(['no@surat.test', 'c@surat.test', 'grey@surat.test']);
  const done = await there.send('surat.test', mail);
  assert.deepEqual(kinds(done), ['never 5.1.1', 'delivered', 'later 4.7.1']);
  assert.deepEqual(
    there.server('127.0.1.2').commands.filter((line) => line.includes('RCPT')),
    ['1: RCPT TO:<grey@surat.test>'],
  );
  const refused = done.events.filter(({ code }) => code === 'smtp.refused');
  assert.deepEqual(
    refused.map(({ rcpt, state }) => `${rcpt} ${state}`),
    ['no@surat.test fail', 'grey@surat.test warn', 'grey@surat.test warn'],
  );
});

test('a server that has had enough recipients gets the rest in the next transaction', async () => {
  let inThis = 0;
  const on: ScriptedSmtpOptions['on'] = ({ verb }) => {
    if (verb === 'MAIL') inThis = 0;
    if (verb === 'RCPT' && (inThis += 1) > 3) return '452 4.5.3 too many';
    return undefined;
  };
  const zone = { 'surat.test': [a('127.0.1.1')], 'limits.test': [a('127.0.1.2')] };
  await using there = await setUp({
    zone,
    servers: {
      '127.0.1.1': { on },
      '127.0.1.2': { extensions: ['PIPELINING', 'LIMITS RCPTMAX=4'] },
    },
  });
  const people = Array.from({ length: 10 }, (_, i) => `p${i}@surat.test`);
  const done = await there.send('surat.test', outgoing(people));
  assert.deepEqual(new Set(kinds(done)), new Set(['delivered']));
  assert.deepEqual(
    there.server('127.0.1.1').messages.map(({ to }) => to.length),
    [3, 3, 3, 1],
  );
  await there.send('limits.test', outgoing(people));
  assert.deepEqual(
    there.server('127.0.1.2').messages.map(({ to }) => to.length),
    [4, 4, 2],
  );
});

test('connections are used again, and a dead one is noticed', async () => {
  await using there = await setUp({
    zone: { 'surat.test': [a('127.0.1.1')] },
    servers: { '127.0.1.1': {} },
  });
  for (let i = 0; i < 5; i += 1) {
    assert.deepEqual(kinds(await there.send('surat.test')), ['delivered']);
  }
  const server = there.server('127.0.1.1');
  assert.equal(server.sessions(), 1);
  const sixth = await there.send('surat.test');
  assert.ok(codes(sixth).includes('connect.reused'));
  assert.equal(there.delivery.pool.idleCount, 1);
  // It closes at the very moment of the next MAIL.
  server.on = ({ verb, session }) => (verb === 'MAIL' && session === 1 ? 'close' : undefined);
  const seventh = await there.send('surat.test');
  assert.deepEqual(kinds(seventh), ['delivered']);
  assert.equal(server.sessions(), 2);
  assert.ok(!codes(seventh).includes('connect.reused'));
});

test('no answer after the last octet: no other host, one duplicate is enough', async () => {
  const on: ScriptedSmtpOptions['on'] = ({ verb }) => (verb === 'MESSAGE' ? 'close' : undefined);
  await using there = await setUp({
    zone: {
      'surat.test': [mx(10, 'a.test'), mx(20, 'b.test')],
      'a.test': [a('127.0.1.1')],
      'b.test': [a('127.0.1.2')],
    },
    servers: { '127.0.1.1': { on }, '127.0.1.2': {} },
  });
  const done = await there.send('surat.test');
  assert.deepEqual(kinds(done), ['later 4.4.2']);
  const [verdict] = done.verdicts;
  assert.ok(verdict?.kind === 'failed' && verdict.mayBeThere);
  assert.equal(there.world.dialled.length, 1);
});

test('opportunistic TLS that fails: in the clear, and the journey says why', async () => {
  const broken: ScriptedSmtpOptions = {
    tls: { key: testKey, cert: goodCertificate },
    on: ({ verb, session, socket }) => {
      if (verb !== 'STARTTLS' || session > 1) return undefined;
      setTimeout(() => socket.write('this is no handshake\r\n'), 20);
      socket.write('220 go\r\n');
      return 'hang';
    },
  };
  const unwilling: ScriptedSmtpOptions = {
    tls: { key: testKey, cert: goodCertificate },
    on: ({ verb }) => (verb === 'STARTTLS' ? '454 4.7.0 TLS not available' : undefined),
  };
  const zone = {
    'broken.test': [a('127.0.1.1')],
    'unwilling.test': [a('127.0.1.2')],
    'without.test': [a('127.0.1.3')],
    'expired.test': [a('127.0.1.4')],
  };
  const servers = {
    '127.0.1.1': broken,
    '127.0.1.2': unwilling,
    '127.0.1.3': {},
    '127.0.1.4': { tls: { key: testKey, cert: expiredCertificate } },
  };
  await using there = await setUp({ zone, servers });
  const first = await there.send('broken.test');
  assert.deepEqual(kinds(first), ['delivered']);
  assert.equal(there.server('127.0.1.1').messages[0]?.tls, false);
  const told = codes(first).filter((code) => code.startsWith('tls.'));
  assert.deepEqual(told, ['tls.failed', 'tls.cleartext']);
  assert.deepEqual(codes(await there.send('unwilling.test')).slice(2, 3), ['tls.refused']);
  assert.deepEqual(codes(await there.send('without.test')).slice(2, 3), ['tls.none']);
  const expired = await there.send('expired.test');
  assert.deepEqual(kinds(expired), ['delivered']);
  assert.equal(expired.events[2]?.args?.error, 'CERT_HAS_EXPIRED');
});

test('a route that requires TLS gets it, with the right certificate, or waits', async () => {
  const good = { tls: { key: testKey, cert: goodCertificate } };
  const zone = { 'mx.test': [a('127.0.1.1')], 'other.test': [a('127.0.1.1')] };
  const routes = (host: string, tls: string) => ({
    routes: [{ domain: '*', host, port: 587, tls }],
  });
  const cases = [
    ['mx.test', 'require', good, 'delivered'],
    ['other.test', 'require', good, 'later 4.7.5'],
    ['mx.test', 'require', {}, 'later 4.7.10'],
    ['mx.test', 'off', good, 'delivered'],
    ['mx.test', 'implicit', { tls: { ...good.tls, implicit: true } }, 'delivered'],
  ] as const;
  for (const [host, tls, server, expected] of cases) {
    await using there = await setUp({
      zone,
      config: routes(host, tls),
      servers: { '127.0.1.1:587': server },
    });
    const done = await there.send('anywhere.test');
    assert.deepEqual(kinds(done), [expected], `${host} ${tls}`);
    assert.equal(done.events[0]?.code, 'route.set');
    const isTls = there.server('127.0.1.1:587').messages[0]?.tls;
    if (expected === 'delivered') assert.equal(isTls, tls !== 'off');
  }
});

test('a smarthost with a login; the password is nowhere in the journey', async () => {
  const tls = { key: testKey, cert: goodCertificate };
  await using there = await setUp({
    zone: { 'mx.test': [a('127.0.1.1')] },
    config: {
      routes: [
        { domain: 'direct.test', host: '127.0.1.2' },
        { domain: '.inner.test', host: '127.0.1.2' },
        {
          domain: '*',
          host: 'mx.test',
          port: 587,
          tls: 'require',
          username: 'us',
          password: 'hush',
        },
      ],
    },
    servers: {
      '127.0.1.1:587': {
        tls,
        extensions: ['PIPELINING', 'AUTH PLAIN'],
        on: ({ verb, line }) => {
          if (verb !== 'AUTH') return undefined;
          const given = Buffer.from(line.split(' ')[2] ?? '', 'base64').toString();
          return given === '\0us\0hush' ? '235 2.7.0 in' : '535 5.7.8 no';
        },
      },
      '127.0.1.2': {},
    },
  });
  const done = await there.send('anywhere.test');
  assert.deepEqual(kinds(done), ['delivered']);
  assert.ok(codes(done).includes('connect.login'));
  const journey = JSON.stringify(done.events);
  assert.ok(journey.includes('AUTH PLAIN [secret]'));
  assert.ok(
    !journey.includes('hush') && !journey.includes(Buffer.from('\0us\0hush').toString('base64')),
  );
  await there.send('direct.test');
  await there.send('deep.inner.test');
  assert.equal(there.server('127.0.1.2').messages.length, 2);
  // A person has sent these items another way.
  await there.send('direct.test', outgoing(['c@direct.test']), 'mx.test:587');
  assert.equal(there.server('127.0.1.1:587').messages.length, 2);
  const mistyped = await there.send('direct.test', outgoing(['c@direct.test']), 'no host at all');
  assert.deepEqual(kinds(mistyped), ['later 4.3.5']);
});

test('REQUIRETLS: trusted way, good certificate, offered, or never (RFC 8689 §4.2.1)', async () => {
  const tls = { key: testKey, cert: goodCertificate };
  const routes = [{ domain: '*', host: 'mx.test' }];
  const zone = { 'mx.test': [a('127.0.1.1')], 'surat.test': [mx(1, 'mx.test')] };
  const cases = [
    [{ tls, extensions: ['REQUIRETLS'] }, { routes }, 'delivered'],
    [{ tls, extensions: [] }, { routes }, 'never 5.7.30'],
    [{ extensions: ['REQUIRETLS'] }, { routes }, 'never 5.7.10'],
    [
      { tls: { ...tls, cert: expiredCertificate }, extensions: ['REQUIRETLS'] },
      { routes },
      'never 5.7.10',
    ],
    // By MX, and nobody has signed the MX.
    [{ tls, extensions: ['REQUIRETLS'] }, {}, 'never 5.7.30'],
  ] as const;
  for (const [server, config, expected] of cases) {
    await using there = await setUp({ zone, config, servers: { '127.0.1.1': server } });
    const mail = outgoing(['c@surat.test'], { requireTls: true });
    assert.deepEqual(kinds(await there.send('surat.test', mail)), [expected]);
    // A bounce goes its way all the same.
    if (!('routes' in config)) {
      const bounce = outgoing(['c@surat.test'], { requireTls: true, sender: '' });
      assert.deepEqual(kinds(await there.send('surat.test', bounce)), ['delivered']);
    }
  }
});

test('refused by the whole host: 521 is for good (RFC 7504 §4), 554 may pass', async () => {
  const zone = {
    'a.test': [a('127.0.1.1')],
    'b.test': [a('127.0.1.2')],
    'c.test': [a('127.0.1.3')],
  };
  const greet = (said: string): ScriptedSmtpOptions => ({
    on: ({ verb }) => (verb === 'CONNECT' ? said : undefined),
  });
  await using there = await setUp({
    zone,
    servers: {
      '127.0.1.1': greet('521 5.3.2 no mail here'),
      '127.0.1.2': greet('554 5.7.1 you are on a list'),
      '127.0.1.3': { name: 'mx.merpati.test' },
    },
  });
  assert.deepEqual(kinds(await there.send('a.test')), ['never 5.3.2']);
  const listed = await there.send('b.test');
  assert.deepEqual(kinds(listed), ['later 4.7.1']);
  assert.deepEqual(
    listed.events.at(-1)?.lines?.map(({ text }) => text),
    ['554 5.7.1 you are on a list'],
  );
  // It calls itself by our name: that is us.
  assert.deepEqual(kinds(await there.send('c.test')), ['never 5.4.6']);
});

test('a stop in the middle: who was not spoken of was not tried', async () => {
  const heard = Promise.withResolvers<void>();
  await using there = await setUp({
    zone: { 'a.test': [a('127.0.1.1')], 'b.test': [a('127.0.1.2')] },
    servers: {
      '127.0.1.1': 'silent',
      '127.0.1.2': {
        on({ verb }) {
          if (verb !== 'MESSAGE') return undefined;
          heard.resolve();
          return 'hang';
        },
      },
    },
  });
  const dialling = there.send('a.test');
  const sending = there.send('b.test');
  await heard.promise;
  // It would wait ten minutes for the other server's word, and half a minute for the silent one.
  there.delivery.abort();
  const [one, other] = await Promise.all([dialling, sending]);
  assert.ok(one.isUntried);
  assert.ok(!other.isUntried);
  assert.deepEqual(kinds(other), ['later 4.4.2']);
});
