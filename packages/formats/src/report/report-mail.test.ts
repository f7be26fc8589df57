import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { latin1, utf8 } from '../bytes.ts';
import { readContent, readMime } from '../message/mime.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import { readReportAddress, readTlsReportRecord } from './report-address.ts';
import { composeReportMail } from './report-mail.ts';
import { reportFileName, reportId, type ReportName } from './report-names.ts';
import { readZip } from './zip.ts';

const name: ReportName = {
  submitter: 'surat.test',
  domain: 'contoh.test',
  beginMs: 1_795_219_200_000,
  endMs: 1_795_305_599_000,
  unique: '0a1b2c',
};

test('names of files and reports', () => {
  const stem = 'surat.test!contoh.test!1795219200!1795305599!0a1b2c';
  assert.equal(reportFileName(name, 'xml.gz'), `${stem}.xml.gz`);
  assert.equal(reportId(name), '2026-11-21.contoh.test.0a1b2c@surat.test');
});

describe('the message', () => {
  const mail = (kind: 'dmarc' | 'tls') =>
    composeReportMail({
      kind,
      name,
      organisation: 'Surat',
      from: 'tls-reports@surat.test',
      to: 'rua@contoh.test',
      dateMs: 0,
      messageId: '1@surat.test',
      text: 'For people.\n',
      content: utf8('not really gzip'),
    });
  test('of a TLS report. RFC 8460 §5.3', () => {
    const octets = mail('tls');
    const { root } = readMime(octets);
    assert.equal(root.type.value, 'multipart/report');
    assert.equal(root.type.parameters.get('report-type'), 'tlsrpt');
    const part = root.parts[1];
    assert.ok(part);
    assert.equal(part.type.value, 'application/tlsrpt+gzip');
    assert.equal(part.disposition?.parameters.get('filename'), reportFileName(name, 'json.gz'));
    assert.equal(latin1(readContent(octets, part)), 'not really gzip');
    const head = latin1(octets.subarray(0, root.bodyStart)).replaceAll('\r\n ', ' ');
    for (const field of [
      'Subject: Report Domain: contoh.test Submitter: surat.test ' +
        'Report-ID: <2026-11-21.contoh.test.0a1b2c@surat.test>',
      'TLS-Report-Domain: contoh.test',
      'TLS-Report-Submitter: surat.test',
      'TLS-Required: No',
      'Auto-Submitted: auto-generated',
    ]) {
      assert.ok(head.includes(`\r\n${field}\r\n`), `${field}\n${head}`);
    }
  });
  test('of a DMARC report. RFC 9990 §3.5.2', () => {
    const octets = mail('dmarc');
    const { root } = readMime(octets);
    assert.equal(root.parts[1]?.type.value, 'application/gzip');
    assert.ok(!latin1(octets).includes('TLS-'));
  });
});

describe('where reports go', () => {
  const mega = 2 ** 20;
  const cases: [uri: string, expected: object | null][] = [
    [
      'mailto:a@Contoh.test',
      { kind: 'mail', address: 'a@Contoh.test', host: 'contoh.test', sizeMax: null },
    ],
    [
      'MAILTO:a@b.test!10m',
      { kind: 'mail', address: 'a@b.test', host: 'b.test', sizeMax: 10 * mega },
    ],
    [
      'mailto:a@b.test?subject=x',
      { kind: 'mail', address: 'a@b.test', host: 'b.test', sizeMax: null },
    ],
    ['mailto:a%21b@b.test!1', { kind: 'mail', address: 'a!b@b.test', host: 'b.test', sizeMax: 1 }],
    ['mailto:a@b.test%0d%0aBcc:x@y.test', null],
    ['mailto:%', null],
    ['mailto:nobody', null],
    ['https://r.test/x?y=1', { kind: 'https', url: 'https://r.test/x?y=1', host: 'r.test' }],
    ['https://user@r.test/', null],
    ['http://r.test/', null],
    ['ftp://r.test/', null],
  ];
  for (const [uri, expected] of cases) {
    test(uri, () => assert.deepEqual(readReportAddress(uri), expected));
  }
  test('the record. RFC 8460 §3', () => {
    const read = (...texts: string[]) => readTlsReportRecord(texts).length;
    assert.equal(read('v=TLSRPTv1; rua=mailto:a@b.test, https://b.test/'), 2);
    assert.equal(read('v=TLSRPTv1;rua=mailto:a@b.test;', 'v=spf1 -all'), 1);
    assert.equal(read('v=TLSRPTv1; x=1; rua=mailto:a@b.test'), 1);
    assert.equal(read('v=TLSRPTv1; rua=mailto:a@b.test', 'v=TLSRPTv1; rua=mailto:a@c.test'), 0);
    assert.equal(read('v=TLSRPTv2; rua=mailto:a@b.test'), 0);
    assert.equal(
      read(
        `v=TLSRPTv1; rua=${Array.from({ length: 99 }, (_, i) => `mailto:a${i}@b.test`).join(',')}`,
      ),
      10,
    );
  });
  test('whatever is written there', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        readReportAddress(`mailto:${text}`);
        readReportAddress(`https://${text}`);
        readTlsReportRecord([`v=TLSRPTv1; ${text}`]);
      }),
    );
  });
});

test('whatever an archive holds, reading its directory ends in a value or a SyntaxFault', () => {
  const empty = [0x50, 0x4b, 5, 6, ...Array.from({ length: 18 }, () => 0)];
  assert.deepEqual(readZip(new Uint8Array(empty)), []);
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.uint8Array({ minLength: 18, maxLength: 30 }),
      (a, b) => {
        try {
          readZip(
            new Uint8Array([
              0x50,
              0x4b,
              3,
              4,
              ...a,
              0x50,
              0x4b,
              1,
              2,
              ...a,
              0x50,
              0x4b,
              5,
              6,
              ...b,
            ]),
          );
        } catch (error) {
          assert.ok(error instanceof SyntaxFault, String(error));
        }
      },
    ),
    { numRuns: 2000 },
  );
});
