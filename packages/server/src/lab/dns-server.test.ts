import assert from 'node:assert/strict';
import { connect } from 'node:net';
import test from 'node:test';
import {
  emptyMessage,
  rcodes,
  readDnsMessage,
  typeCodes,
  writeDnsMessage,
  type DnsMessage,
} from '@merpati/formats/dns/message.ts';
import { defaultConfig } from '../config/read.ts';
import { createResolver } from '../dns/resolver.ts';
import { configuredFacts } from '../domains/facts.ts';
import { answerTo, startDnsServer } from './dns-server.ts';
import type { DnsFault } from '../admin/lab-control.ts';
import { createZone, type LabHost } from './zone.ts';

function host(hostname: string, address: string, ...domains: readonly string[]): LabHost {
  const listen = { imaps: [':993'] };
  const config = defaultConfig({ hostname, listen, publish: { addresses: [address] } });
  const dkim = [
    { selector: 'long', text: `v=DKIM1; p=${'A'.repeat(1500)}`, level: 'must' },
  ] as const;
  return {
    hostname,
    address,
    facts: async () => domains.map((name) => ({ ...configuredFacts({ config }, name), dkim })),
  };
}

const hosts = [
  host('mx.merpati.test', '127.0.0.11', 'merpati.test'),
  host('mx.surat.test', '127.0.0.12', 'surat.test', 'b.test'),
];

function ask(name: string, type: number, more: Partial<DnsMessage> = {}): DnsMessage {
  return { ...emptyMessage, id: 7, questions: [{ name, type, class: 1 }], ...more };
}

test('our own resolver gets from it what mail needs', async (t) => {
  const faults = new Map<string, ReadonlySet<DnsFault>>();
  const server = await startDnsServer(createZone(hosts, faults), { address: '127.0.0.1', port: 0 });
  t.after(() => server.stop());
  let nowMs = 0;
  const resolver = createResolver({
    servers: [{ address: '127.0.0.1', port: server.port }],
    timeoutMs: 100,
    nowMs: () => (nowMs += 5000),
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
  });
  const mx = await resolver.query('surat.test', 'MX');
  assert.deepEqual(mx.kind === 'records' && mx.records, [
    { type: 'MX', preference: 10, exchange: 'mx.surat.test' },
  ]);
  const a = await resolver.query('MX.surat.TEST', 'A');
  assert.deepEqual(a.kind === 'records' && a.records, [{ type: 'A', address: '127.0.0.12' }]);
  const back = await resolver.query('12.0.0.127.in-addr.arpa', 'PTR');
  assert.deepEqual(back.kind === 'records' && back.records, [
    { type: 'PTR', target: 'mx.surat.test' },
  ]);
  assert.equal((await resolver.query('mx.surat.test', 'AAAA')).kind, 'nodata');
  // Longer than one string, and than an answer by UDP.
  const key = await resolver.query('long._domainkey.b.test', 'TXT');
  assert.ok(key.kind === 'records' && key.records[0]?.type === 'TXT');
  assert.equal(Buffer.concat(key.records[0].strings).length, 1511);
  const nowhere = await resolver.query('_pop3._tcp.b.test', 'SRV');
  assert.deepEqual(nowhere.kind === 'records' && nowhere.records, [
    { type: 'SRV', priority: 0, weight: 0, port: 0, target: '' },
  ]);
  assert.equal((await resolver.query('test', 'MX')).kind, 'nodata');
  assert.equal((await resolver.query('gmail.com', 'MX')).kind, 'nxdomain');
  faults.set('surat.test', new Set(['dns-servfail']));
  assert.deepEqual(await resolver.query('surat.test', 'MX'), { kind: 'error', reason: 'servfail' });
  faults.set('surat.test', new Set(['dns-timeout']));
  assert.deepEqual(await resolver.query('surat.test', 'MX'), { kind: 'error', reason: 'timeout' });
  faults.set('surat.test', new Set(['dns-nxdomain']));
  assert.equal((await resolver.query('mx.surat.test', 'A')).kind, 'nxdomain');
  faults.clear();
  assert.equal((await resolver.query('surat.test', 'MX')).kind, 'records');
});

test('authoritative, negative and refused answers', async () => {
  const zone = createZone(hosts, new Map());
  const found = await answerTo(zone, ask('surat.test', typeCodes.MX, { recursionDesired: true }));
  assert.ok(found?.authoritative && found.isResponse && found.recursionDesired);
  assert.equal(found.id, 7);
  assert.deepEqual(found.additionals[0]?.data, { type: 'A', address: '127.0.0.12' });
  const none = await answerTo(zone, ask('surat.test', typeCodes.AAAA));
  assert.equal(none?.rcode, rcodes.noError);
  assert.equal(none.authorities[0]?.data.type, 'SOA');
  const unknown = await answerTo(zone, ask('example.com', typeCodes.A));
  assert.equal(unknown?.rcode, rcodes.nxDomain);
  assert.equal(unknown.authorities[0]?.data.type, 'SOA');
  const any = await answerTo(zone, ask('surat.test', 255));
  assert.deepEqual(
    any?.answers.map((one) => one.data.type),
    ['NS', 'MX', 'TXT'],
  );
  const chaos = ask('surat.test', 16);
  const refused = await answerTo(zone, {
    ...chaos,
    questions: [{ name: 'version.bind', type: 16, class: 3 }],
  });
  assert.equal(refused?.rcode, rcodes.refused);
  assert.equal((await answerTo(zone, ask('a', 1, { opcode: 5 })))?.rcode, rcodes.notImp);
  assert.equal((await answerTo(zone, { ...emptyMessage }))?.rcode, rcodes.formErr);
  const edns = { udpOctetsMax: 4096, version: 1, dnssecOk: false, options: [] };
  assert.equal((await answerTo(zone, ask('a', 1, { edns })))?.rcode, rcodes.badVers);
});

test('over TCP: several questions in one segment, split anywhere; noise closes', async (t) => {
  const zone = createZone(hosts, new Map());
  const server = await startDnsServer(zone, { address: '127.0.0.1', port: 0 });
  t.after(() => server.stop());
  const framed = Buffer.concat(
    ['surat.test', 'merpati.test'].map((name) => {
      const body = writeDnsMessage(ask(name, typeCodes.MX));
      return Buffer.concat([Buffer.from([body.length >> 8, body.length & 255]), body]);
    }),
  );
  const socket = connect(server.port, '127.0.0.1');
  for (const octet of framed) socket.write(Buffer.from([octet]));
  let got = Buffer.alloc(0);
  const names: string[] = [];
  for await (const chunk of socket) {
    got = Buffer.concat([got, chunk as Buffer]);
    while (got.length >= 2 && got.length >= 2 + got.readUInt16BE(0)) {
      const end = 2 + got.readUInt16BE(0);
      const answer = readDnsMessage(got.subarray(2, end)).answers[0];
      names.push(answer?.data.type === 'MX' ? answer.data.exchange : '?');
      got = got.subarray(end);
    }
    if (names.length === 2) socket.write(Buffer.from([0, 3, 1, 2, 3]));
  }
  assert.deepEqual(names, ['mx.surat.test', 'mx.merpati.test']);
});
