/**
 * What we publish, against other people's programs: the zone file read by Knot's and BIND's own
 * checkers, the update sent by BIND's nsupdate to Knot (RFC 2136), and our check of a domain asking
 * two Knots that are right, wrong, late, or gone. Settings for mail programs, read by libxml2,
 * libplist and Python.
 */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { careForKeys, rotateKeys } from '../../packages/server/src/signing/key-care.ts';
import { makeGeneration, keyRecordText } from '../../packages/server/src/signing/keys.ts';
import { defaultConfig } from '../../packages/server/src/config/read.ts';
import { autoconfigXml } from '../../packages/server/src/domains/autoconfig.ts';
import { autodiscoverXml } from '../../packages/server/src/domains/autodiscover.ts';
import { checkDomain, type DomainCheck } from '../../packages/server/src/domains/check.ts';
import type { ClientFacts } from '../../packages/server/src/domains/client-facts.ts';
import { configuredFacts, domainFacts } from '../../packages/server/src/domains/facts.ts';
import { mobileconfig } from '../../packages/server/src/domains/mobileconfig.ts';
import { publishRecords } from '../../packages/server/src/domains/publish.ts';
import type { DomainFacts } from '../../packages/server/src/domains/records.ts';
import { dnsView } from '../../packages/server/src/domains/view.ts';
import { testHome } from '../../packages/server/src/testing/home.ts';
import { createTestWorld, type TestWorld } from '../../packages/server/src/testing/test-world.ts';
import { Folder, mustRun } from '../peers/machine.ts';
import { Knot, type KnotZone } from '../peers/knot.ts';
import { requireProgram } from '../programs.ts';

const domain = 'contoh.test';
const listening = { submissions: [':465'], imaps: [':993'], https: [':443'] };
const config = defaultConfig({
  hostname: `mail.${domain}`,
  listen: listening,
  publish: { addresses: ['203.0.113.5', '2001:db8::5'], ca: 'ca.test', ttl_s: 60 },
});

async function makeFacts(): Promise<DomainFacts> {
  const { keys } = await makeGeneration('202611a', 0);
  return {
    ...configuredFacts({ config }, domain),
    dkim: keys.map((key) => ({
      selector: key.selector,
      text: keyRecordText(key, false),
      level: 'must',
    })),
    keyHashes: [new Uint8Array(32).fill(7)],
  };
}

test('the checkers of Knot and BIND find nothing wrong with the zone', async (t) => {
  if (!requireProgram(t, 'kzonecheck', 'named-checkzone')) return;
  using folder = new Folder('zone');
  const { zone } = dnsView(await makeFacts());
  const soa = `${domain}. 60 IN SOA ns.${domain}. host.${domain}. 1 60 60 600 60`;
  const rest = [`${domain}. 60 IN NS ns.${domain}.`, `ns.${domain}. 60 IN A 203.0.113.53`];
  const file = folder.file('contoh.zone');
  writeFileSync(file, `${soa}\n${rest.join('\n')}\n${zone}`);
  await mustRun('kzonecheck', ['-o', `${domain}.`, file]);
  // BIND checks SPF's type, MX and SRV targets too.
  const { stdout } = await mustRun('named-checkzone', ['-i', 'local-sibling', domain, file]);
  assert.match(stdout, /OK\s*$/);
  assert.doesNotMatch(stdout, /warning|ignoring/i);
});

/** The world asks both servers of the zone, each at its port. */
async function worldWith(...knots: readonly Knot[]): Promise<TestWorld> {
  const addresses = knots.map((_knot, i) => `127.0.0.${101 + i}`);
  const world = await createTestWorld(
    {
      [domain]: addresses.map((_address, i) => ({ type: 'NS', target: `ns${i + 1}.${domain}` })),
      ...Object.fromEntries(
        addresses.map((address, i) => [`ns${i + 1}.${domain}`, [{ type: 'A', address }] as const]),
      ),
    },
    { dnsTimeoutMs: 2000 },
  );
  for (const [i, knot] of knots.entries()) {
    world.nameServers.set(addresses[i] ?? '', knot.port);
  }
  return world;
}

const startKnot = (records: readonly string[], updates = tsig): Promise<Knot> => {
  const zone: KnotZone = { name: domain, signed: false, records };
  return Knot.start([zone], updates);
};

const tsig = { name: 'merpati', secret: Buffer.alloc(32, 3).toString('base64') };

const stateOf = (check: DomainCheck, purpose: string, name?: string): string => {
  const found = check.sets.find(
    (one) => one.purpose === purpose && (name === undefined || one.name === name),
  );
  return `${found?.state} ${found?.reason}`;
};

test('nsupdate brings the records to Knot, and the check finds all of them', async (t) => {
  if (!requireProgram(t, 'nsupdate', 'knot')) return;
  const facts = await makeFacts();
  // Somebody else's, and an old one of ours.
  await using knot = await startKnot(['@ TXT "site-verification=1"', '_dmarc TXT "v=DMARC1; p=x"']);
  await using world = await worldWith(knot);
  const before = await checkDomain(world, facts);
  assert.equal(stateOf(before, 'mx'), 'missing absent');
  assert.equal(stateOf(before, 'dmarc'), 'wrong unreadable');
  assert.ok(before.problems >= 5);
  using folder = new Folder('nsupdate');
  const file = folder.file('update');
  writeFileSync(file, `server 127.0.0.1 ${knot.port}\n${dnsView(facts).update}`);
  await mustRun('nsupdate', ['-y', `hmac-sha256:${tsig.name}:${tsig.secret}`, file]);
  const after = await checkDomain(world, facts);
  const wrong = after.sets.filter(({ state }) => state !== 'right');
  assert.deepEqual(wrong, []);
  assert.equal(after.problems, 0);
  assert.equal(after.zone, domain);
  // Twice is as good as once, and nobody else's record has gone.
  await mustRun('nsupdate', ['-y', `hmac-sha256:${tsig.name}:${tsig.secret}`, file]);
  const again = await checkDomain(world, facts);
  assert.equal(again.problems, 0);
  const apex = await world.nameServer('127.0.0.101').query(domain, 'TXT');
  assert.equal(apex.kind === 'records' && apex.records.length, 2);
});

test('a home publishes by itself, and its keys rotate without anybody', async (t) => {
  if (!requireProgram(t, 'knot')) return;
  await using knot = await startKnot(['@ TXT "site-verification=1"']);
  await using world = await worldWith(knot);
  const place = `127.0.0.1:${knot.port}`;
  world.places.set(place, knot.port);
  const acme = { dns_server: place, dns_key_name: tsig.name, dns_key: tsig.secret };
  const publish = { ...config.publish, ttl_s: 1 };
  const merged = { hostname: config.hostname, publish, acme, queue: { expire_after_s: 60 } };
  await using there = await testHome({ world, config: merged });
  const { home } = there;
  await there.addDomain(domain);
  const states = async (): Promise<string[]> =>
    (await careForKeys(home, domain)).generations.map(({ id, state }) => `${id} ${state}`);
  const [first] = await states();
  assert.match(first ?? '', /a signing$/);
  assert.equal((await publishRecords(home, domain)).kind, 'done');
  const check = await checkDomain(home.world, await domainFacts(home, domain));
  assert.equal(check.problems, 0);
  await rotateKeys(home, domain);
  assert.match((await states()).join(), /a retired,.*b signing$/);
  const old = `${first?.split(' ')[0]}._domainkey.${domain}`;
  const ask = async () => (await world.nameServer('127.0.0.101').query(old, 'TXT')).kind;
  assert.equal(await ask(), 'records');
  // Not further ahead: Knot looks at the time of a signed update.
  world.aheadMs += 120_000;
  await states();
  assert.match((await states()).join(), /^\d+b signing$/);
  assert.notEqual(await ask(), 'records');
  // A server that does not know the key says so.
  const stranger = { ...home.config, acme: { ...home.config.acme, dns_key_name: 'other' } };
  const refused = await publishRecords({ ...home, config: stranger }, domain);
  assert.equal(refused.kind, 'failed');
  const off = { ...home.config, acme: { ...home.config.acme, dns_server: '' } };
  assert.equal((await publishRecords({ ...home, config: off }, domain)).kind, 'off');
});

test('wrong, doubled, spreading and silent', async (t) => {
  if (!requireProgram(t, 'knot')) return;
  const facts = await makeFacts();
  const lines = dnsView(facts)
    .zone.split('\n')
    .filter((line) => line.includes('\tIN\t') && !line.startsWith(';'));
  const without = (...types: RegExp[]) =>
    lines.filter((line) => !types.some((re) => re.test(line)));
  const old = Buffer.alloc(150, 1).toString('base64');
  await using first = await startKnot([
    ...without(/v=spf1/, /202611a\._/, /\tMX\t/, /TLSA/, /\tCAA\t/, /_imaps/),
    '@ TXT "v=spf1 mx include:_spf.lama.test ~all"',
    '@ TXT "v=spf1 -all"',
    `202611a._domainkey TXT "v=DKIM1; k=rsa; p=${old}"`,
    '@ MX 5 mx.lama.test.',
    `_25._tcp.mail TLSA 3 1 1 ${'09'.repeat(32)}`,
    '@ CAA 0 issue "lain.test"',
  ]);
  await using second = await startKnot(lines);
  await using world = await worldWith(first);
  const alone = await checkDomain(world, facts);
  assert.equal(stateOf(alone, 'spf'), 'wrong several');
  assert.equal(stateOf(alone, 'dkim', `202611a._domainkey.${domain}`), 'wrong differs');
  assert.equal(stateOf(alone, 'dkim', `202611a-ed._domainkey.${domain}`), 'right as-it-must-be');
  assert.equal(stateOf(alone, 'mx'), 'wrong differs');
  assert.equal(stateOf(alone, 'tlsa'), 'wrong differs');
  assert.equal(stateOf(alone, 'caa'), 'wrong differs');
  assert.equal(stateOf(alone, 'service', `_imaps._tcp.${domain}`), 'missing absent');
  const mx = alone.sets.find(({ purpose }) => purpose === 'mx');
  assert.deepEqual(mx?.difference, {
    expected: '⟦10 mail.contoh⟧.test.',
    found: '⟦5 mx.lama⟧.test.',
  });

  // The second server has it all already.
  await using both = await worldWith(first, second);
  const spreading = await checkDomain(both, facts);
  assert.equal(stateOf(spreading, 'mx'), 'spreading differs');
  const shown = spreading.sets.find(({ purpose }) => purpose === 'mx');
  assert.deepEqual(
    shown?.servers.map(({ server, state }) => `${server} ${state}`),
    [`ns1.${domain} wrong`, `ns2.${domain} right`],
  );

  // Of two servers one is enough to know; of none nothing is known.
  both.nameServers.set('127.0.0.101', 1);
  const halfDead = await checkDomain(both, facts);
  assert.equal(halfDead.problems, 0);
  both.nameServers.set('127.0.0.102', 1);
  const dead = await checkDomain(both, facts);
  assert.equal(stateOf(dead, 'mx'), 'unknown silent');
  assert.equal(dead.problems, dead.sets.length);
});

test('nobody knows the zone', async () => {
  await using world = await createTestWorld({});
  const check = await checkDomain(world, await makeFacts());
  assert.equal(check.zone, null);
  assert.ok(check.problems > 0);
});

const client: ClientFacts = {
  address: `"<rina&co>"@${domain}`,
  domain,
  host: `mail.${domain}`,
  services: configuredFacts({ config }, domain).services,
};

test('libxml2 reads what Thunderbird and Outlook are told', async (t) => {
  if (!requireProgram(t, 'xmllint')) return;
  const ask = async (xml: string, path: string): Promise<string> => {
    const { stdout } = await mustRun('xmllint', ['--nonet', '--xpath', path, '-'], { stdin: xml });
    return stdout.trim();
  };
  const thunderbird = autoconfigXml(client);
  const server = '/clientConfig[@version="1.1"]/emailProvider/incomingServer[@type="imap"]';
  assert.equal(await ask(thunderbird, `string(${server}/hostname)`), `mail.${domain}`);
  assert.equal(await ask(thunderbird, `string(${server}/port)`), '993');
  assert.equal(await ask(thunderbird, `string(${server}/socketType)`), 'SSL');
  assert.equal(await ask(thunderbird, 'count(//outgoingServer[@type="smtp"])'), '1');
  const outlook = autodiscoverXml(client);
  const login = '//*[local-name()="Protocol"][1]/*[local-name()="LoginName"]';
  assert.equal(await ask(outlook, `string(${login})`), client.address);
});

interface Profile {
  readonly PayloadType: string;
  readonly PayloadContent: readonly Readonly<Record<string, unknown>>[];
}

test('libplist and Python read what Apple is told', async (t) => {
  if (!requireProgram(t, 'plistutil', 'python3', 'xmllint')) return;
  using folder = new Folder('plist');
  const file = folder.file('mail.mobileconfig');
  writeFileSync(file, mobileconfig(client) ?? '');
  await mustRun('xmllint', ['--nonet', '--noout', file]);
  // libplist turns it into the binary form, which Python reads.
  const binary = folder.file('mail.bin');
  await mustRun('plistutil', ['-i', file, '-o', binary, '-f', 'bin']);
  const code = 'import json,plistlib,sys;print(json.dumps(plistlib.load(open(sys.argv[1],"rb"))))';
  const { stdout } = await mustRun('python3', ['-c', code, binary]);
  const read = JSON.parse(stdout) as Profile;
  assert.equal(read.PayloadType, 'Configuration');
  const [payload] = read.PayloadContent;
  assert.equal(payload?.['EmailAddress'], client.address);
  assert.equal(payload['IncomingMailServerPortNumber'], 993);
  assert.equal(payload['OutgoingMailServerUseSSL'], true);
});
