/**
 * DNS against other people's programs: our resolver asks unbound, dig asks a server that writes
 * with our codec. RFC 1035, RFC 3596, RFC 6698, RFC 6891, RFC 7766, RFC 2308.
 */

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { createResolver } from '../../packages/server/src/dns/resolver.ts';
import { answersFrom, startScriptedDns } from '../../packages/server/src/testing/scripted-dns.ts';
import { findProgram, requireProgram } from '../programs.ts';
import { freePort } from '../peers/machine.ts';

const long = 'x'.repeat(200);
const localData = [
  'surat.test. 300 IN SOA ns.surat.test. hostmaster.surat.test. 1 3600 600 86400 120',
  'surat.test. 300 IN MX 20 MX2.surat.test.',
  'surat.test. 300 IN MX 10 mx1.surat.test.',
  'mx1.surat.test. 300 IN A 192.0.2.1',
  'mx1.surat.test. 300 IN A 192.0.2.2',
  'mx1.surat.test. 300 IN AAAA 2001:db8::1',
  'www.surat.test. 300 IN CNAME mx1.surat.test.',
  'null.surat.test. 300 IN MX 0 .',
  `_25._tcp.mx1.surat.test. 300 IN TLSA 3 1 1 ${'ab'.repeat(32)}`,
  ...Array.from({ length: 12 }, (_, i) => `large.surat.test. 300 IN TXT "${i} ${long}"`),
];

async function startUnbound(context: TestContext): Promise<number> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'merpati-unbound-'));
  const lines = [
    'server:',
    '  interface: 127.0.0.1',
    `  port: ${port}`,
    '  chroot: ""',
    `  directory: "${folder}"`,
    `  pidfile: "${join(folder, 'pid')}"`,
    '  username: ""',
    '  use-syslog: no',
    '  local-zone: "surat.test." static',
    ...localData.map((record) => `  local-data: '${record}'`),
  ];
  writeFileSync(join(folder, 'unbound.conf'), `${lines.join('\n')}\n`);
  const unbound = spawn(
    findProgram('unbound') ?? 'unbound',
    ['-d', '-c', join(folder, 'unbound.conf')],
    { stdio: 'ignore' },
  );
  context.after(() => {
    unbound.kill();
    rmSync(folder, { recursive: true, force: true });
  });
  return port;
}

test('our resolver asks unbound', async (context) => {
  if (!requireProgram(context, 'unbound')) return;
  const port = await startUnbound(context);
  let failures = 0;
  const resolver = createResolver({
    servers: [{ address: '127.0.0.1', port }],
    timeoutMs: 3000,
    // Failures are forgotten at once: it takes unbound a moment to come up.
    nowMs: () => 1_000_000 + failures * 10_000,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    // As if it were another machine: names in mixed case must come back so.
    isTrusted: () => false,
  });
  let mx = await resolver.query('surat.test', 'MX');
  while (mx.kind === 'error' && failures < 50) {
    failures += 1;
    await new Promise((resolve) => setTimeout(resolve, 100));
    mx = await resolver.query('surat.test', 'MX');
  }
  assert.ok(mx.kind === 'records');
  const listed = mx.records.map((r) => (r.type === 'MX' ? `${r.preference} ${r.exchange}` : ''));
  assert.deepEqual(listed.toSorted(), ['10 mx1.surat.test', '20 mx2.surat.test']);
  assert.equal(mx.ttlSeconds, 300);
  assert.equal(mx.authenticated, false);

  const addresses = await resolver.query('www.surat.test', 'A');
  assert.ok(addresses.kind === 'records');
  assert.equal(addresses.records.length, 2);
  assert.deepEqual(addresses.aliases, ['mx1.surat.test']);
  const six = await resolver.query('mx1.surat.test', 'AAAA');
  assert.ok(six.kind === 'records');
  assert.deepEqual(six.records, [{ type: 'AAAA', address: '2001:db8::1' }]);
  const none = await resolver.query('null.surat.test', 'MX');
  assert.ok(none.kind === 'records' && none.records[0]?.type === 'MX');
  assert.equal(none.records[0].exchange, '');
  const tlsa = await resolver.query('_25._tcp.mx1.surat.test', 'TLSA');
  assert.ok(tlsa.kind === 'records' && tlsa.records[0]?.type === 'TLSA');
  assert.equal(Buffer.from(tlsa.records[0].data).toString('hex'), 'ab'.repeat(32));

  // More than a datagram holds: TC, then TCP.
  const large = await resolver.query('large.surat.test', 'TXT');
  assert.ok(large.kind === 'records');
  assert.equal(large.records.length, 12);

  assert.deepEqual(await resolver.query('nobody.surat.test', 'A'), {
    kind: 'nxdomain',
    ttlSeconds: 120,
    authenticated: false,
  });
  assert.equal((await resolver.query('surat.test', 'A')).kind, 'nodata');
});

test('dig reads what our codec writes', async (context) => {
  if (!requireProgram(context, 'dig')) return;
  const strings = [new TextEncoder().encode('v=spf1 mx -all')];
  const many = Array.from({ length: 120 }, (_, i) => ({
    type: 'MX' as const,
    preference: i,
    exchange: `mx${i}.surat.test`,
  }));
  await using dns = await startScriptedDns(
    answersFrom({
      'surat.test': [{ type: 'MX', preference: 10, exchange: 'mx1.surat.test' }],
      'mx1.surat.test': [{ type: 'AAAA', address: '2001:db8:0:0:1::1' }],
      'txt.surat.test': [{ type: 'TXT', strings }],
      'www.surat.test': [{ type: 'CNAME', target: 'mx1.surat.test' }],
      'many.surat.test': many,
    }),
  );
  const dig = async (...question: string[]): Promise<string> => {
    const common = ['@127.0.0.1', '-p', String(dns.server.port), '+tries=1', '+time=3'];
    const { stdout } = await promisify(execFile)('dig', [...common, ...question]);
    assert.ok(!/malformed|extra input|extra bytes/i.test(stdout), stdout);
    return stdout.trim();
  };
  assert.equal(await dig('+short', 'surat.test', 'MX'), '10 mx1.surat.test.');
  assert.equal(await dig('+short', '+noedns', 'surat.test', 'MX'), '10 mx1.surat.test.');
  assert.equal(await dig('+short', '+tcp', 'mx1.surat.test', 'AAAA'), '2001:db8::1:0:0:1');
  assert.equal(await dig('+short', 'txt.surat.test', 'TXT'), '"v=spf1 mx -all"');
  assert.equal(await dig('+short', 'www.surat.test', 'CNAME'), 'mx1.surat.test.');
  assert.equal((await dig('+short', 'many.surat.test', 'MX')).split('\n').length, 120);
  assert.ok(dns.asked.includes('MX many.surat.test tcp'), 'dig saw TC and came by TCP');
  const absent = await dig('nobody.surat.test', 'A');
  assert.match(absent, /status: NXDOMAIN/);
  assert.match(absent, /SOA\s+ns\.test\./);
});
