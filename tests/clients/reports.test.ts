/**
 * Our reports in the eyes of others: the message read by Python's own library, the XML checked by
 * libxml2 against what RFC 9990 §3.1.1 says of each element, the JSON against RFC 8460 §4.4.
 */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { readDmarcRecord } from '@merpati/formats/auth/dmarc-record.ts';
import { dayMs } from '../../packages/server/src/reports/limits.ts';
import type { DmarcOutcome, TlsOutcome } from '../../packages/server/src/reports/outcomes.ts';
import { startReports } from '../../packages/server/src/reports/reports.ts';
import { testHome } from '../../packages/server/src/testing/home.ts';
import { createTestWorld } from '../../packages/server/src/testing/test-world.ts';
import { Folder, mustRun } from '../peers/machine.ts';
import { requireProgram } from '../programs.ts';

const here = import.meta.dirname;
const txt = (text: string) => [{ type: 'TXT', strings: [Buffer.from(text)] }] as const;
const zone = {
  'contoh.test._report._dmarc.merpati.test': txt('v=DMARC1'),
  '_smtp._tls.contoh.test': txt('v=TLSRPTv1; rua=mailto:you@merpati.test'),
};

const record = 'v=DMARC1; p=quarantine; sp=none; np=reject; aspf=s; rua=mailto:you@merpati.test';
const outcomes: readonly DmarcOutcome[] = [
  {
    sourceIp: '192.0.2.1',
    headerFrom: 'contoh.test',
    policyDomain: 'contoh.test',
    record: readDmarcRecord(record),
    disposition: 'none',
    overrides: [],
    aligned: { dkim: true, spf: true },
    envelopeFrom: 'contoh.test',
    envelopeTo: 'merpati.test',
    dkim: [{ domain: 'contoh.test', selector: 's', result: 'pass', explanation: null }],
    spf: { domain: 'contoh.test', scope: 'mfrom', result: 'pass', explanation: null },
  },
  {
    sourceIp: '2001:0DB8::0001',
    headerFrom: 'a.contoh.test',
    policyDomain: 'contoh.test',
    record: readDmarcRecord(record),
    disposition: 'none',
    overrides: [
      { type: 'sampled_out', comment: 'a <b> & "c" \u0000 \ud800' },
      { type: 'mailing_list', comment: '' },
    ],
    aligned: { dkim: false, spf: false },
    envelopeFrom: '',
    envelopeTo: null,
    dkim: Array.from({ length: 200 }, (_, index) => ({
      domain: `d${index}.test`,
      selector: '',
      result: 'permerror' as const,
      explanation: '\u202ekunci hilang',
    })),
    spf: { domain: 'mx.lain.test', scope: 'helo', result: 'softfail', explanation: null },
  },
];

const session: TlsOutcome = {
  policyType: 'tlsa',
  policyDomain: 'contoh.test',
  policyStrings: ['3 1 1 AB'],
  mxPatterns: ['mx.contoh.test'],
  result: 'tlsa-invalid',
  mxHost: 'mx.contoh.test',
  sendingIp: '192.0.2.9',
  receivingIp: '2001:db8::25',
  receivingMxHelo: 'mx.contoh.test',
  failureCode: 'none fits',
};

interface Facts {
  readonly subject: string;
  readonly file: string;
  readonly type: string;
  readonly defects: readonly string[];
  readonly rows?: readonly (readonly [string, string])[];
  readonly id?: string;
  readonly xml?: string;
  readonly report?: Readonly<Record<string, unknown>>;
}

test('reports as others read them', async (t) => {
  if (!requireProgram(t, 'python3', 'xmllint')) return;
  await using world = await createTestWorld(zone);
  await using there = await testHome({ world });
  await there.addDomain('merpati.test');
  const you = await there.addAccount('you@merpati.test');
  const { home } = there;
  const reports = await startReports(home, { sends: true });
  try {
    const begin = new Date(world.nowMs()).toISOString().slice(0, 10);
    for (const outcome of outcomes) home.reports?.dmarc(outcome);
    home.reports?.tls(session);
    home.reports?.tls({ ...session, result: 'success', failureCode: null });
    await reports.turn();
    world.aheadMs = dayMs + 5 * 3_600_000;
    await reports.turn();

    const told: Facts[] = [];
    for (const message of await there.inbox(you)) {
      const script = path.join(here, 'report_facts.py');
      const { stdout } = await mustRun('python3', [script], { stdin: message });
      told.push(JSON.parse(stdout) as Facts);
    }
    const dmarc = told.find(({ type }) => type === 'application/gzip');
    const tls = told.find(({ type }) => type === 'application/tlsrpt+gzip');
    assert.ok(dmarc?.xml !== undefined && tls?.report !== undefined, JSON.stringify(told));
    assert.deepEqual([dmarc.defects, tls.defects], [[], []]);

    const beginS = Date.parse(`${begin}T00:00:00Z`) / 1000;
    const stem = `merpati.test!contoh.test!${beginS}!${beginS + 86_399}!`;
    assert.ok(dmarc.file.startsWith(stem) && dmarc.file.endsWith('.xml.gz'), dmarc.file);
    assert.ok(tls.file.startsWith(stem) && tls.file.endsWith('.json.gz'), tls.file);
    const head = 'Report Domain: contoh.test Submitter: merpati.test Report-ID: ';
    assert.equal(dmarc.subject, `${head}<${dmarc.id}>`);
    assert.equal(tls.subject, `${head}<${String(tls.report['report-id'])}>`);
    assert.deepEqual(dmarc.rows, [
      ['192.0.2.1', '1'],
      ['2001:db8::1', '1'],
    ]);

    using folder = new Folder('reports');
    const file = folder.file('report.xml');
    writeFileSync(file, dmarc.xml);
    const schema = path.join(here, 'dmarc-report.rng');
    await mustRun('xmllint', ['--nonet', '--noout', '--relaxng', schema, file]);

    assert.deepEqual(tls.report, {
      'organization-name': 'merpati.test',
      'date-range': {
        'start-datetime': `${begin}T00:00:00Z`,
        'end-datetime': `${begin}T23:59:59Z`,
      },
      'contact-info': 'postmaster@merpati.test',
      'report-id': tls.report['report-id'],
      policies: [
        {
          policy: {
            'policy-type': 'tlsa',
            'policy-string': ['3 1 1 AB'],
            'policy-domain': 'contoh.test',
            'mx-host': ['mx.contoh.test'],
          },
          summary: { 'total-successful-session-count': 1, 'total-failure-session-count': 1 },
          'failure-details': [
            {
              'result-type': 'tlsa-invalid',
              'sending-mta-ip': '192.0.2.9',
              'receiving-mx-hostname': 'mx.contoh.test',
              'receiving-mx-helo': 'mx.contoh.test',
              'receiving-ip': '2001:db8::25',
              'failed-session-count': 1,
              'failure-reason-code': 'none fits',
            },
          ],
        },
      ],
    });
  } finally {
    await reports.stop();
  }
});
