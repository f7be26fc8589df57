import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { SyntaxFault } from '../syntax-fault.ts';
import type { DmarcReport, DmarcReportRow } from './dmarc-report.ts';
import { createDmarcReportReader, readDmarcReport } from './dmarc-report-read.ts';
import { writeDmarcReport } from './dmarc-report-write.ts';

const row: DmarcReportRow = {
  sourceIp: '192.0.2.1',
  count: 3,
  disposition: 'quarantine',
  dkim: 'fail',
  spf: 'fail',
  reasons: [{ type: 'mailing_list', comment: 'a < b & c' }],
  headerFrom: 'contoh.test',
  envelopeFrom: '',
  envelopeTo: 'surat.test',
  signatures: [
    { domain: 'lain.test', selector: 's1', result: 'pass', explanation: null },
    { domain: 'contoh.test', selector: 's2', result: 'fail', explanation: 'bad hash' },
  ],
  sender: { domain: 'lain.test', scope: 'mfrom', result: 'softfail', explanation: null },
};

const report: DmarcReport = {
  organisation: 'Surat & Sons',
  email: 'postmaster@surat.test',
  contact: null,
  id: '2026-11-21.contoh.test.0a1b@surat.test',
  beginMs: 1_795_219_200_000,
  endMs: 1_795_305_599_000,
  generator: 'Merpati 1.0',
  errors: [],
  policy: {
    domain: 'contoh.test',
    policy: 'quarantine',
    subdomains: 'none',
    missing: null,
    dkim: 'r',
    spf: 's',
    isTest: false,
    percent: null,
    discovery: 'treewalk',
  },
  rows: [row, { ...row, sourceIp: '2001:db8::1', reasons: [], signatures: [], sender: null }],
};

test('what is written is read again', () => {
  assert.deepEqual(readDmarcReport(writeDmarcReport(report)), report);
});

test('any names and comments', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const made = { ...report, organisation: `x${text}` };
      assert.equal(readDmarcReport(writeDmarcReport(made)).rows.length, 2);
    }),
  );
});

test('a report without a row is not written', () => {
  assert.throws(() => writeDmarcReport({ ...report, rows: [] }), SyntaxFault);
});

/** As most of the world writes: no namespace, percent, scope helo, words in capitals. */
const old = (record: string, root = '<feedback>') => `<?xml version="1.0"?>${root}
<report_metadata><org_name>Besar</org_name><email>noreply@besar.test</email>
<report_id>1</report_id><date_range><begin>1795219200</begin><end>1795305599</end></date_range>
</report_metadata><policy_published><domain>Contoh.TEST</domain><adkim>r</adkim><p>Reject</p>
<sp>reject</sp><pct>50</pct></policy_published>${record}</feedback>`;
const oldRow = (count: string, address = '192.0.2.7') => `<record><row>
<source_ip>${address}</source_ip><count>${count}</count><policy_evaluated>
<disposition>NONE</disposition><dkim>Pass</dkim><spf></spf></policy_evaluated></row>
<identifiers><header_from>contoh.test</header_from></identifiers><auth_results>
<dkim><domain>contoh.test</domain><result>pass</result></dkim>
<spf><domain>mx.contoh.test</domain><scope>helo</scope><result>none</result></spf>
</auth_results></record>`;

describe('reports of RFC 7489', () => {
  test('without namespace, or with one of old', () => {
    for (const root of ['<feedback>', '<feedback xmlns="http://dmarc.org/dmarc-xml/0.1">']) {
      const read = readDmarcReport(old(oldRow('5'), root));
      assert.equal(read.policy.domain, 'contoh.test');
      assert.equal(read.policy.policy, 'reject');
      assert.equal(read.policy.percent, 50);
      assert.deepEqual(
        [read.rows[0]?.dkim, read.rows[0]?.spf, read.rows[0]?.count],
        ['pass', 'fail', 5],
      );
      assert.equal(read.rows[0]?.sender?.scope, 'helo');
      assert.equal(read.rows[0]?.envelopeFrom, null);
    }
  });
  test('rows that are none are counted and left out', () => {
    const rows: DmarcReportRow[] = [];
    const reader = createDmarcReportReader((one) => rows.push(one));
    reader.write(old([oldRow('1'), oldRow('-1'), oldRow('1', 'mx.test'), oldRow('x')].join('')));
    assert.deepEqual([reader.end().rows, reader.end().damagedRows, rows.length], [1, 3, 1]);
  });
  for (const [what, given] of [
    ['no report', '<html></html>'],
    ['no rows', old('')],
    ['no id', old(oldRow('1')).replace('<report_id>1', '<report_id>')],
    ['no time', old(oldRow('1')).replace('1795219200', 'yesterday')],
  ] as const) {
    test(`${what}: refused`, () => assert.throws(() => readDmarcReport(given), SyntaxFault));
  }
});

test('rows are handed on while a long report streams by', () => {
  let messages = 0;
  const reader = createDmarcReportReader((one) => (messages += one.count));
  const text = old('@');
  reader.write(text.slice(0, text.lastIndexOf('@')));
  for (let count = 0; count < 100_000; count += 1000) reader.write(oldRow('2').repeat(1000));
  reader.write(text.slice(text.lastIndexOf('@') + 1));
  assert.equal(reader.end().rows, 100_000);
  assert.equal(messages, 200_000);
});
