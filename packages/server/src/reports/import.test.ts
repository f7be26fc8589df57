import assert from 'node:assert/strict';
import { test } from 'node:test';
import { zstdCompressSync } from 'node:zlib';
import { writeDmarcReport } from '@merpati/formats/report/dmarc-report-write.ts';
import type { DmarcReport } from '@merpati/formats/report/dmarc-report.ts';
import { writeTlsReport } from '@merpati/formats/report/tls-report.ts';
import { AdminFault, type AdminContext } from '../admin/operation.ts';
import { perform } from '../admin/perform.ts';
import type { DmarcReportAnswer } from '../admin/operations/report-dmarc.ts';
import type { TlsReportAnswer } from '../admin/operations/report-tls.ts';
import { testHome } from '../testing/home.ts';
import { createTestWorld } from '../testing/test-world.ts';
import { dayMs } from './limits.ts';

const yesterday = Math.floor(Date.now() / dayMs) * dayMs - dayMs;

function report(over: Partial<DmarcReport> = {}): DmarcReport {
  return {
    organisation: 'besar.test',
    email: 'a@besar.test',
    contact: null,
    id: '1',
    beginMs: yesterday,
    endMs: yesterday + dayMs - 1000,
    generator: null,
    errors: [],
    policy: {
      domain: 'merpati.test',
      policy: 'none',
      subdomains: null,
      missing: null,
      dkim: null,
      spf: null,
      isTest: null,
      percent: null,
      discovery: null,
    },
    rows: Array.from({ length: 1200 }, (_, index) => ({
      sourceIp: index === 0 ? '192.0.2.200' : `198.51.100.${index % 100}`,
      count: index === 0 ? 5000 : 1,
      disposition: 'none',
      dkim: index === 0 ? 'pass' : 'fail',
      spf: 'fail',
      reasons: [],
      headerFrom: 'merpati.test',
      envelopeFrom: null,
      envelopeTo: null,
      signatures: [],
      sender: { domain: 'lain.test', scope: 'mfrom', result: 'softfail', explanation: null },
    })),
    ...over,
  };
}

test('reports got another way are kept once, and seen', async () => {
  await using world = await createTestWorld({
    '200.2.0.192.in-addr.arpa': [{ type: 'PTR', target: 'smtp.besar.test' }],
  });
  await using there = await testHome({ world });
  await there.addDomain('merpati.test');
  const context: AdminContext = { homes: [there.home], lab: null, server: null };
  const load = (text: string | Uint8Array) =>
    perform(context, 'report.import', {
      name: 'a.xml',
      content: Buffer.from(text).toString('base64'),
    });
  const kept = await load(writeDmarcReport(report()));
  assert.deepEqual(kept, {
    kind: 'dmarc',
    state: 'kept',
    domain: 'merpati.test',
    organisation: 'besar.test',
    server: 'mx.merpati.test',
  });
  assert.equal(((await load(writeDmarcReport(report()))) as { state: string }).state, 'duplicate');
  await load(writeDmarcReport(report({ id: '2' })));
  const refused: readonly (string | Uint8Array)[] = [
    writeDmarcReport(report({ policy: { ...report().policy, domain: 'lain.test' } })),
    writeDmarcReport(report({ beginMs: yesterday + 40 * dayMs })),
    zstdCompressSync(writeDmarcReport(report())),
    'From: a@besar.test\r\nSubject: no report\r\n\r\nHello\r\n',
  ];
  for (const one of refused) {
    await assert.rejects(load(one), (error) => {
      return error instanceof AdminFault && error.code === 'report.unread';
    });
  }

  const answer = (await perform(context, 'report.dmarc', {})) as DmarcReportAnswer;
  const [view] = answer.views;
  assert.equal(view?.domains[0]?.messages, 2 * (5000 + 1199));
  const [first] = view.sources;
  assert.deepEqual(
    [first?.address, first?.name, first?.messages, first?.passed],
    ['192.0.2.200', 'smtp.besar.test', 10_000, 10_000],
  );
  assert.deepEqual(view.sources[1]?.reasons, ['spf=softfail (lain.test)', 'dkim=none']);
  assert.equal(view.sources.length, 101);
  const none = (await perform(context, 'report.dmarc', {
    domain: 'merpati.test',
    days: 1,
  })) as DmarcReportAnswer;
  assert.equal(none.views[0]?.domains.length, 1);
  world.aheadMs = 40 * dayMs;
  const later = (await perform(context, 'report.dmarc', {})) as DmarcReportAnswer;
  assert.deepEqual(later.views[0]?.domains, []);
  assert.ok((await there.home.store.purgeRecords(world.nowMs() + 100 * dayMs)) >= 8);
});

test('a TLS report about several domains: what is ours of it', async () => {
  await using there = await testHome();
  await there.addDomain('merpati.test');
  const context: AdminContext = { homes: [there.home], lab: null, server: null };
  const policy = (domain: string) => ({
    type: 'sts',
    strings: [],
    domain,
    mxHosts: ['mx.merpati.test'],
    successes: 7,
    failures: 1,
    details: [
      {
        type: 'starttls-not-supported',
        count: 1,
        sendingIp: null,
        mxHost: null,
        mxHelo: null,
        receivingIp: null,
        information: null,
        reason: null,
      },
    ],
  });
  const text = writeTlsReport({
    organisation: 'besar.test',
    beginMs: yesterday,
    endMs: yesterday + dayMs - 1000,
    contact: 'a@besar.test',
    id: '1',
    policies: [policy('lain.test'), policy('merpati.test')],
  });
  const content = Buffer.from(text).toString('base64');
  await perform(context, 'report.import', { name: 'a.json', content });
  const { views } = (await perform(context, 'report.tls', {})) as TlsReportAnswer;
  assert.deepEqual(
    views[0]?.domains.map(({ domain, successes, failures }) => [domain, successes, failures]),
    [['merpati.test', 7, 1]],
  );
  assert.equal(views[0].failures[0]?.type, 'starttls-not-supported');
});
