/**
 * Certificates from Pebble, by each kind of proof, renewed and shown while sessions go on. RFC
 * 8555; RFC 8737; RFC 2136 and RFC 8945 with Knot; RFC 7671 §8.1.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { test, type TestContext } from 'node:test';
import type { RecordData } from '../../packages/formats/src/dns/message.ts';
import {
  certificateFindings,
  certificateViews,
} from '../../packages/server/src/admin/certificate-findings.ts';
import { keyHash } from '../../packages/server/src/certificates/keys.ts';
import { ServedCertificates, namesOf } from '../../packages/server/src/certificates/served.ts';
import { keyHashes } from '../../packages/server/src/certificates/shown.ts';
import { defaultConfig } from '../../packages/server/src/config/read.ts';
import type { Home } from '../../packages/server/src/home.ts';
import { openAuthority } from '../../packages/server/src/lab/authority.ts';
import { silentLog } from '../../packages/server/src/observe/log.ts';
import { openHome, runHome, type Running } from '../../packages/server/src/serve.ts';
import { createTestWorld, type TestWorld } from '../../packages/server/src/testing/test-world.ts';
import { freePort } from '../peers/machine.ts';
import { Knot } from '../peers/knot.ts';
import { Pebble, type PebbleOptions } from '../peers/pebble.ts';
import { requireProgram } from '../programs.ts';

type Acme = Parameters<typeof defaultConfig>[0]['acme'];
type Zone = Record<string, RecordData[]>;

const here: RecordData = { type: 'A', address: '127.0.0.1' };
const dayMs = 86_400_000;

interface Setting {
  readonly home: Home;
  readonly running: Running;
  readonly world: TestWorld;
  readonly zone: Zone;
  readonly pebble: Pebble | null;
  /** Names of the certificate that is shown for a name. */
  readonly shown: (name: string) => string[];
}

interface SettingOptions {
  readonly acme?: Acme;
  readonly pebble?: Partial<PebbleOptions>;
  /** Instead of Pebble. */
  readonly directory?: (ca: { certificate: string; key: string }) => Promise<string>;
}

async function start(t: TestContext, options: SettingOptions = {}): Promise<Setting> {
  const folder = mkdtempSync(join(tmpdir(), 'merpati-acme-'));
  const zone: Zone = { 'mx.merpati.test': [here], 'acme.test': [here] };
  const authority = await openAuthority(folder, Date.now());
  const world = await createTestWorld(zone, { trust: [authority.certificate] });
  const [httpPort, tlsPort] = [await freePort(), await freePort()];
  const issued = await authority.issue(['acme.test', 'localhost'], Date.now());
  const { address, port } = world.scriptedDns.server;
  const dnsServer = `${address}:${port}`;
  const pebble =
    options.directory === undefined
      ? await Pebble.start({ issued, httpPort, tlsPort, dnsServer, ...options.pebble })
      : null;
  const directory = (await options.directory?.(issued)) ?? `https://acme.test:${pebble?.port}/dir`;
  const { port: at } = new URL(directory);
  world.places.set(`127.0.0.1:${at}`, Number(at));
  const any = ['127.0.0.1:0'];
  const config = defaultConfig({
    hostname: 'mx.merpati.test',
    data: join(folder, 'data'),
    listen: {
      imaps: any,
      http: [],
      https: [`127.0.0.1:${tlsPort}`],
      acme: [`127.0.0.1:${httpPort}`],
    },
    acme: { terms_agreed: true, directory, contact: ['tono@merpati.test'], ...options.acme },
  });
  const home = await openHome(config, world, { log: silentLog() });
  const running = await runHome(home);
  t.after(async () => {
    await running.stop();
    await pebble?.[Symbol.asyncDispose]();
    await world[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
    assert.equal((await home.metrics.bugs.get()).values[0]?.value ?? 0, 0);
  });
  const shown = (name: string) => namesOf(served(home).certificate(name));
  return { home, running, world, zone, pebble, shown };
}

function served({ tls }: Home): ServedCertificates {
  assert.ok(tls instanceof ServedCertificates);
  return tls;
}

async function addDomain({ home, zone }: Setting, domain: string, names: readonly string[]) {
  for (const name of names) zone[`${name}.${domain}`] = [here];
  const made = { name: domain, aliasOf: null, catchAll: null, createdMs: Date.now() };
  assert.ok((await home.store.editDirectory({ kind: 'domain-put', domain: made })).ok);
}

async function work({ home }: Setting, renew: string | null = null) {
  const results = (await home.certificates?.work(renew)) ?? [];
  return results.map(({ id, result, code }) => [id, result, ...(code ? [code] : [])].join(' '));
}

test('http-01: the host first, then domains; sessions go on through renewals', async (t) => {
  if (!requireProgram(t, 'pebble')) return;
  const setting = await start(t, { pebble: { noncesRefused: 15 } });
  const { home, world, running, shown } = setting;
  assert.deepEqual(await work(setting), ['mx.merpati.test kept'], 'the first came by itself');
  assert.deepEqual(shown('mx.merpati.test'), ['mx.merpati.test']);

  await addDomain(setting, 'contoh.test', ['mail', 'mta-sts', 'autoconfig']);
  setting.zone['autodiscover.contoh.test'] = [{ type: 'A', address: '192.0.2.1' }];
  assert.deepEqual(await work(setting), ['mx.merpati.test kept', 'contoh.test renewed']);
  const names = ['mail.contoh.test', 'mta-sts.contoh.test', 'autoconfig.contoh.test'];
  assert.deepEqual(shown('mta-sts.contoh.test').toSorted(), names.toSorted());
  assert.deepEqual(shown('other.test'), ['mx.merpati.test']);

  const views = await certificateViews(home);
  const told = views.map(({ id, source, trouble }) => [id, source, trouble]);
  assert.deepEqual(told, [
    ['mx.merpati.test', 'acme', null],
    ['contoh.test', 'acme', null],
  ]);
  const codes = async () => (await certificateFindings(home)).map((one) => one.code);
  assert.deepEqual(await codes(), ['doctor.certificate.good', 'doctor.certificate.good']);
  const port = running.addresses.find((one) => one.protocol === 'imaps')?.port ?? 0;
  const old = await openImap(port);
  world.aheadMs += 85 * dayMs;
  assert.deepEqual(await codes(), ['doctor.certificate.ends', 'doctor.certificate.ends']);
  assert.deepEqual(await work(setting), ['mx.merpati.test renewed', 'contoh.test renewed']);
  const young = await openImap(port);
  assert.notEqual(young.fingerprint, old.fingerprint);
  for (const { say } of [old, young]) assert.match(await say('a NOOP'), /^a OK /);
  const before = young.fingerprint;
  assert.deepEqual(await work(setting, 'mail.contoh.test'), [
    'mx.merpati.test renewed',
    'contoh.test renewed',
  ]);
  assert.notEqual((await openImap(port)).fingerprint, before);
  const metrics = await home.metrics.registry.metrics();
  assert.match(metrics, /merpati_certificate_expires_seconds\{name="mx\.merpati\.test"\} \d{6}/);
  assert.match(metrics, /merpati_certificate_orders_total\{result="ok"\} 6/);
});

interface Imap {
  readonly fingerprint: string;
  readonly say: (line: string) => Promise<string>;
}

async function openImap(port: number): Promise<Imap> {
  const socket: TLSSocket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
  socket.setEncoding('latin1');
  const [greeting] = (await once(socket, 'data')) as [string];
  assert.match(greeting, /^\* OK /);
  const { fingerprint256 } = socket.getPeerCertificate();
  return {
    fingerprint: fingerprint256,
    async say(line) {
      socket.write(`${line}\r\n`);
      const [said] = (await once(socket, 'data')) as [string];
      return said;
    },
  };
}

test('tls-alpn-01, with an account of the authority', async (t) => {
  if (!requireProgram(t, 'pebble')) return;
  const key = Buffer.alloc(32, 7).toString('base64url');
  const setting = await start(t, {
    pebble: { externalKeys: { 'kid-1': key } },
    acme: { challenge: 'tls-alpn-01', eab_key_id: 'kid-1', eab_key: key },
  });
  assert.deepEqual(await work(setting), ['mx.merpati.test kept']);
  assert.deepEqual(setting.shown('x'), ['mx.merpati.test']);
  await addDomain(setting, 'contoh.test', ['mail', 'mta-sts']);
  assert.deepEqual((await work(setting))[1], 'contoh.test renewed');
});

test('an account of the authority is wanted, and there is none', async (t) => {
  if (!requireProgram(t, 'pebble')) return;
  const setting = await start(t, { pebble: { externalKeys: { 'kid-1': 'AAAA' } } });
  const failed = 'mx.merpati.test failed acme.external-account-required';
  await work(setting);
  assert.deepEqual(await work(setting), ['mx.merpati.test later']);
  assert.deepEqual(await work(setting, ''), [failed]);
});

test('dns-01: by DNS UPDATE, signed', async (t) => {
  if (!requireProgram(t, 'pebble', 'knot')) return;
  const secret = Buffer.alloc(32, 9).toString('base64');
  const zones = [{ name: 'merpati.test', signed: false, records: ['mx A 127.0.0.1'] }];
  await using knot = await Knot.start(zones, { name: 'acme-key', secret });
  const setting = await start(t, {
    pebble: { dnsServer: `127.0.0.1:${knot.port}` },
    acme: {
      challenge: 'dns-01',
      dns_server: `127.0.0.1:${knot.port}`,
      dns_key_name: 'ACME-key',
      dns_key: secret,
    },
  });
  const { world, zone } = setting;
  zone['merpati.test'] = [{ type: 'NS', target: 'ns.merpati.test' }];
  zone['ns.merpati.test'] = [here];
  world.places.set(`127.0.0.1:${knot.port}`, knot.port);
  world.nameServers.set('127.0.0.1', knot.port);
  await work(setting);
  world.aheadMs += dayMs;
  await work(setting);
  assert.deepEqual(setting.shown('x'), ['mx.merpati.test']);
  const after = await world.nameServer('127.0.0.1').query('_acme-challenge.mx.merpati.test', 'TXT');
  assert.equal(after.kind, 'nxdomain', 'nothing is left behind');

  Object.assign(setting.home.config.acme, { dns_key: Buffer.alloc(32, 1).toString('base64') });
  assert.deepEqual(await work(setting, ''), ['mx.merpati.test failed acme.dns-update']);
});

test('a name that cannot be proven does not keep the others from theirs', async (t) => {
  if (!requireProgram(t, 'pebble')) return;
  const setting = await start(t);
  const { home, world, zone } = setting;
  await work(setting);
  await addDomain(setting, 'contoh.test', ['mail']);
  // Here it leads to us; where the authority asks, it leads elsewhere.
  Object.assign(home.config.publish, { addresses: ['127.0.0.1', '127.0.0.2'] });
  zone['mta-sts.contoh.test'] = [{ type: 'A', address: '127.0.0.2' }];
  assert.deepEqual(await work(setting), ['mx.merpati.test kept', 'contoh.test renewed']);
  assert.deepEqual(setting.shown('mail.contoh.test'), ['mail.contoh.test']);
  assert.deepEqual((await work(setting))[1], 'contoh.test later', 'it is not tried all the time');

  // The only name of a domain: a failure, and waits that grow.
  zone['mail.surat.test'] = [{ type: 'A', address: '127.0.0.2' }];
  await addDomain(setting, 'surat.test', []);
  assert.deepEqual((await work(setting))[2], 'surat.test failed acme.connection');
  assert.deepEqual((await work(setting))[2], 'surat.test later');
  world.aheadMs += 12 * 60_000;
  assert.deepEqual((await work(setting))[2], 'surat.test failed acme.connection');
  world.aheadMs += 12 * 60_000;
  assert.deepEqual((await work(setting))[2], 'surat.test later', 'the wait has doubled');
});

/** RFC 7671 §8.1. */
test('TLSA records: a key is shown when the DNS has told of it for long enough', async (t) => {
  if (!requireProgram(t, 'pebble')) return;
  const setting = await start(t);
  const { home, world, zone } = setting;
  await work(setting);
  const shownKey = () => keyHash(served(home).certificate('mx.merpati.test')).toString('hex');
  const first = shownKey();
  const publish = (hashes: readonly Uint8Array[]) => {
    zone['_25._tcp.mx.merpati.test'] = hashes.map((data) => ({
      type: 'TLSA',
      usage: 3,
      selector: 1,
      matching: 1,
      data,
    }));
  };
  const [current, next] = await keyHashes(home);
  assert.ok(current && next);
  assert.equal(Buffer.from(current).toString('hex'), first);
  const codes = async () => (await certificateFindings(home)).map((one) => one.code);
  publish([next]);
  world.aheadMs += 61_000;
  assert.ok((await codes()).includes('doctor.certificate.key.missing'));
  publish([current]);
  world.aheadMs += 301_000;
  assert.ok((await codes()).includes('doctor.certificate.key.next'));
  world.aheadMs += 65 * dayMs;
  assert.deepEqual(await work(setting), ['mx.merpati.test renewed']);
  assert.equal(shownKey(), first, 'the next one is not published');

  publish([current, next]);
  world.aheadMs += 301_000;
  assert.deepEqual(await work(setting), ['mx.merpati.test later'], 'caches know the old ones');
  world.aheadMs += 601_000;
  assert.deepEqual(await work(setting), ['mx.merpati.test renewed']);
  assert.equal(shownKey(), Buffer.from(next).toString('hex'));
  const [now, coming] = await keyHashes(home);
  assert.deepEqual(now && Buffer.from(now), Buffer.from(next));
  assert.notDeepEqual(coming, next);
});

test('an authority that has had enough of us, or talks nonsense', async (t) => {
  const type = 'urn:ietf:params:acme:error:rateLimited';
  const isBusy = { value: false };
  const setting = await start(t, {
    async directory(issued) {
      const server = createServer({ cert: issued.certificate, key: issued.key }, (asked, said) => {
        const { port } = server.address() as AddressInfo;
        const url = `https://acme.test:${port}/dir`;
        const listing = { newNonce: url, newAccount: url, newOrder: url };
        if (asked.method === 'GET') {
          said.setHeader('replay-nonce', 'a').end(JSON.stringify(listing));
        } else if (isBusy.value) {
          said.writeHead(429, { 'retry-after': '172800' }).end(JSON.stringify({ type }));
        } else said.end('{"status":"hungry"}');
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      t.after(() => server.close());
      return `https://acme.test:${(server.address() as AddressInfo).port}/dir`;
    },
  });
  const { home, world } = setting;
  await work(setting);
  world.aheadMs += dayMs;
  assert.deepEqual(await work(setting), ['mx.merpati.test failed acme.nonsense']);
  isBusy.value = true;
  world.aheadMs += dayMs;
  assert.deepEqual(await work(setting), ['mx.merpati.test failed acme.rate-limited']);
  world.aheadMs += 1.5 * dayMs;
  assert.deepEqual(await work(setting), ['mx.merpati.test later'], 'as it has asked for');
  world.aheadMs += 0.6 * dayMs;
  assert.deepEqual(await work(setting), ['mx.merpati.test failed acme.rate-limited']);
  const { issuer, subject } = served(home).certificate(null);
  assert.equal(issuer, subject, 'the one for the meantime is shown');
});
