/** What the doctor finds, in worlds that are in order and in others. */

import assert from 'node:assert/strict';
import test from 'node:test';
import type { RecordData } from '@merpati/formats/dns/message.ts';
import { careForKeys, ensureKeys } from '../signing/key-care.ts';
import { keyRecordText } from '../signing/keys.ts';
import { testHome } from '../testing/home.ts';
import type { Zone } from '../testing/scripted-dns.ts';
import { createTestWorld } from '../testing/test-world.ts';
import { examineWords } from './examine-words.ts';
import type { Examined } from './operations/server-examine.ts';
import { perform } from './perform.ts';

const text = (value: string): RecordData => ({ type: 'TXT', strings: [Buffer.from(value)] });

const good: Zone = {
  'mx.merpati.test': [
    { type: 'A', address: '192.0.2.7' },
    { type: 'AAAA', address: '2001:db8::7' },
  ],
  '7.2.0.192.in-addr.arpa': [{ type: 'PTR', target: 'mx.merpati.test' }],
  [`7.${'0.'.repeat(23)}8.b.d.0.1.0.0.2.ip6.arpa`]: [{ type: 'PTR', target: 'mx.merpati.test' }],
  'contoh.id': [
    { type: 'MX', preference: 10, exchange: 'mx.merpati.test' },
    text('something else'),
    text('v=spf1 mx -all'),
  ],
  '_dmarc.contoh.id': [text('v=DMARC1; p=none')],
};

async function examine(
  zone: Zone,
  domain: string | null = 'contoh.id',
  { signed = true, isTrusted = true } = {},
): Promise<Examined> {
  await using world = await createTestWorld(zone, { dnsTimeoutMs: 500, signed });
  await using made = await testHome({ world: { dns: { ...world.dns, isTrusted } } });
  if (domain !== null) await made.addDomain(domain);
  const context = { homes: [made.home], lab: null, server: null } as const;
  const [examined] = (await perform(context, 'server.examine', {})) as Examined[];
  assert.ok(examined);
  return examined;
}

const troubles = ({ findings }: Examined) =>
  findings.filter(({ severity }) => severity !== 'ok').map(({ code }) => code);

test('all is well', async () => {
  const examined = await examine(good);
  assert.deepEqual(troubles(examined), []);
  const codes = examined.findings.map(({ code }) => code);
  assert.deepEqual(codes, [
    ...[
      'doctor.dns.host',
      'doctor.dns.ptr',
      'doctor.dns.ptr',
      'doctor.dns.dnssec',
      'doctor.dns.mx',
      'doctor.dns.policy',
      'doctor.dns.policy',
    ],
    ...['doctor.disk.room', 'doctor.queue.moves', 'doctor.store.whole'],
  ]);
});

test('without somebody to validate DNSSEC there is no DANE', async () => {
  const unsigned = await examine(good, 'contoh.id', { signed: false });
  assert.deepEqual(troubles(unsigned), ['doctor.dns.dnssec.unvalidated']);
  const untrusted = await examine(good, 'contoh.id', { isTrusted: false });
  assert.deepEqual(troubles(untrusted), ['doctor.dns.dnssec.untrusted']);
});

test('each trouble has its name', async () => {
  const table: [string, Zone, readonly string[]][] = [
    ['no address', { ...good, 'mx.merpati.test': [] }, ['doctor.dns.host.missing']],
    ['no way back', { ...good, '7.2.0.192.in-addr.arpa': [] }, ['doctor.dns.ptr.other']],
    [
      'mail goes elsewhere',
      { ...good, 'contoh.id': [{ type: 'MX', preference: 1, exchange: 'a.test' }] },
      ['doctor.dns.mx.elsewhere', 'doctor.dns.policy.missing'],
    ],
    ['nobody knows', { ...good, 'contoh.id': [text('v=spf1 -all')] }, ['doctor.dns.mx.missing']],
    [
      'two policies',
      { ...good, '_dmarc.contoh.id': [text('v=DMARC1; p=none'), text('v=DMARC1; p=reject')] },
      ['doctor.dns.policy.several'],
    ],
  ];
  for (const [name, zone, expected] of table) {
    assert.deepEqual(troubles(await examine(zone)), expected, name);
  }
  assert.deepEqual(troubles(await examine(good, null)), ['doctor.domains.none']);
});

test('keys that wait, keys that sign, records at the own servers of the zone', async () => {
  const servers: Zone = {
    'contoh.id': [...(good['contoh.id'] ?? []), { type: 'NS', target: 'ns.contoh.id' }],
    'merpati.test': [{ type: 'NS', target: 'ns.contoh.id' }],
    'ns.contoh.id': [{ type: 'A', address: '192.0.2.53' }],
  };
  const zone: Record<string, readonly RecordData[]> = { ...good, ...servers };
  await using world = await createTestWorld(zone, { signed: true });
  const dns = { ...world.dns, isTrusted: true };
  await using made = await testHome({ world: { ...world, dns } });
  const { home } = made;
  await made.addDomain('contoh.id');
  const { generations } = await ensureKeys(home, 'contoh.id');
  const context = { homes: [home], lab: null, server: null } as const;
  const codes = async () => {
    const [examined] = (await perform(context, 'server.examine', {})) as Examined[];
    return (examined?.findings ?? []).map(({ code }) => code);
  };
  const before = await codes();
  assert.ok(before.includes('doctor.dkim.waiting'), before.join(' '));
  assert.ok(before.includes('doctor.dns.records.wrong'));
  for (const { selector, ...key } of generations[0]?.keys ?? []) {
    const record = keyRecordText({ selector, ...key }, false);
    const strings = [record.slice(0, 200), record.slice(200)].map((one) => Buffer.from(one));
    zone[`${selector}._domainkey.contoh.id`] = [{ type: 'TXT', strings }];
  }
  await careForKeys(home, 'contoh.id');
  const after = await codes();
  assert.ok(after.includes('doctor.dkim.signs'), after.join(' '));
  assert.ok(after.includes('doctor.dns.records'), after.join(' '));
});

test('both languages name the same facts', () => {
  const names = (words: string) =>
    [...words.matchAll(/\{(\w+)\}/g)].map(([name]) => name).toSorted((a, b) => a.localeCompare(b));
  for (const { en, id } of Object.values(examineWords)) assert.deepEqual(names(id), names(en));
});
