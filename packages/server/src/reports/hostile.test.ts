import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { constants, deflateRawSync, gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { crc32 } from 'node:zlib';
import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import { ReportReader } from './reader.ts';
import { readReportFile, readReportMail } from './read-report.ts';
import { readLimits } from './limits.ts';

const row = (address = '192.0.2.1', count = '1', disposition = 'none') => `<record><row>
<source_ip>${address}</source_ip><count>${count}</count><policy_evaluated>
<disposition>${disposition}</disposition><dkim>pass</dkim><spf>fail</spf></policy_evaluated></row>
<identifiers><header_from>contoh.test</header_from></identifiers>
<auth_results><spf><domain>contoh.test</domain><result>fail</result></spf></auth_results></record>`;
const report = (rows: string, before = '') => `<?xml version="1.0"?>${before}<feedback>
<report_metadata><org_name>Besar</org_name><email>a@besar.test</email><report_id>1</report_id>
<date_range><begin>1795219200</begin><end>1795305599</end></date_range></report_metadata>
<policy_published><domain>contoh.test</domain><p>none</p></policy_published>${rows}</feedback>`;
const tls = (over: object = {}) =>
  JSON.stringify({
    'organization-name': 'Besar',
    'date-range': {
      'start-datetime': '2026-11-21T00:00:00Z',
      'end-datetime': '2026-11-21T23:59:59Z',
    },
    'contact-info': 'a@besar.test',
    'report-id': '1',
    policies: [
      {
        policy: {
          'policy-type': 'sts',
          'policy-domain': 'contoh.test',
          'mx-host': 'mx.contoh.test',
        },
        summary: { 'total-successful-session-count': 5, 'total-failure-session-count': '1' },
        'failure-details': [{ 'result-type': 'certificate-expired', 'failed-session-count': 1 }],
      },
    ],
    ...over,
  });

/** An archive with these members, stored or deflated. */
function zip(...members: { name: string; content: Buffer; packed?: Buffer }[]): Buffer {
  const parts: Buffer[] = [];
  const entries: Buffer[] = [];
  let at = 0;
  for (const { name, content, packed } of members) {
    const data = packed ?? content;
    const sizes = [crc32(content), data.length, content.length];
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04_03_4b_50, 0);
    local.writeUInt16LE(packed === undefined ? 0 : 8, 8);
    sizes.forEach((size, index) => local.writeUInt32LE(size, 14 + 4 * index));
    local.writeUInt16LE(name.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02_01_4b_50, 0);
    entry.writeUInt16LE(packed === undefined ? 0 : 8, 10);
    sizes.forEach((size, index) => entry.writeUInt32LE(size, 16 + 4 * index));
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(at, 42);
    parts.push(local, Buffer.from(name), data);
    entries.push(entry, Buffer.from(name));
    at += 30 + name.length + data.length;
  }
  const directory = Buffer.concat(entries);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06_05_4b_50, 0);
  end.writeUInt16LE(members.length, 8);
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, directory, end]);
}

/** Ten gigabytes of elements in ten megabytes, made without unpacking them anywhere. */
function bomb(): Buffer {
  const flush = { finishFlush: constants.Z_SYNC_FLUSH };
  const head = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);
  const start = deflateRawSync(Buffer.from('<feedback>'), flush);
  const block = deflateRawSync(Buffer.alloc(16 * 1024 * 1024, '<a/>'), flush);
  return Buffer.concat([head, start, ...Array<Buffer>(640).fill(block)]);
}

async function why(octets: Uint8Array): Promise<string> {
  try {
    await readReportFile(octets);
    return 'read';
  } catch (error) {
    assert.ok(error instanceof SyntaxFault, String(error));
    return error.code;
  }
}

const text = (value: string) => Buffer.from(value);
const good = text(report(row()));
const deflated = deflateRawSync(good);

describe('packings', () => {
  const cases: [what: string, octets: () => Buffer, expected: string][] = [
    ['none', () => good, 'read'],
    ['gzip', () => gzipSync(good), 'read'],
    ['zip', () => zip({ name: 'a.xml', content: good, packed: deflated }), 'read'],
    ['zip, not packed', () => zip({ name: 'report', content: good }), 'read'],
    [
      'a zip with a letter beside the report',
      () => zip({ name: 'README', content: text('hi') }, { name: 'a.XML', content: good }),
      'read',
    ],
    ['utf-16', () => Buffer.from(`\ufeff${report(row())}`, 'utf16le'), 'read'],
    ['json', () => text(tls()), 'read'],
    ['json in gzip', () => gzipSync(text(` ${tls()}`)), 'read'],
    ['a bomb of 10 GB', bomb, 'unpack.bomb'],
    [
      'a bomb in a zip',
      () => zip({ name: 'a.xml', content: text(''), packed: bomb().subarray(10) }),
      'unpack.bomb',
    ],
    ['gzip in gzip', () => gzipSync(gzipSync(good)), 'unpack.nested'],
    [
      'zip in zip',
      () => zip({ name: 'a.xml', content: zip({ name: 'a.xml', content: good }) }),
      'unpack.nested',
    ],
    [
      'a cut gzip',
      () => gzipSync(text(report(row().repeat(99)))).subarray(0, -60),
      'unpack.damaged',
    ],
    ['a gzip with a wrong sum', () => flip(gzipSync(good), -6), 'unpack.damaged'],
    ['a cut zip', () => zip({ name: 'a.xml', content: good }).subarray(0, -9), 'zip.end'],
    [
      'a zip of letters',
      () => zip({ name: 'a', content: good }, { name: 'b', content: good }),
      'unpack.nothing',
    ],
    ['nothing', () => Buffer.alloc(0), 'xml.empty'],
    ['a picture', () => Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]), 'xml.stray'],
  ];
  for (const [what, octets, expected] of cases) {
    test(`${what}: ${expected}`, async () => assert.equal(await why(octets()), expected));
  }
});

function flip(octets: Buffer, at: number): Buffer {
  const place = octets.length + at;
  octets[place] = (octets[place] ?? 0) ^ 1;
  return octets;
}

describe('contents', () => {
  const laughs = '<!DOCTYPE f [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>';
  const file = '<!DOCTYPE f [<!ENTITY x SYSTEM "file:///etc/passwd">]>';
  const cases: [what: string, octets: string, expected: string][] = [
    ['a billion laughs', report(row('&b;'), laughs), 'xml.doctype'],
    ['an external entity', report(row('&x;'), file), 'xml.doctype'],
    [
      'a doctype alone',
      report(row(), '<!DOCTYPE feedback SYSTEM "http://x.test/">'),
      'xml.doctype',
    ],
    ['very deep', '<feedback>'.repeat(1_000_000), 'xml.too-deep'],
    ['very long names', report(`<${'n'.repeat(60_000)}/>`.repeat(99)), 'xml.name'],
    ['a text without end', `<feedback>${'x'.repeat(10_000_000)}`, 'xml.too-long'],
    ['no rows', report(''), 'dmarc-report.missing'],
    ['only damaged rows', report(row('nowhere')), 'read'],
    ['json without policies', tls({ policies: [] }), 'tls-report.form'],
    ['json with a wrong time', tls({ 'date-range': {} }), 'tls-report.form'],
    ['json very deep', '['.repeat(5_000_000), 'tls-report.json'],
    ['json, a prototype', tls({ policies: [{ __proto__: null, policy: 1 }] }), 'tls-report.form'],
    ['half a json', tls().slice(0, -9), 'tls-report.json'],
  ];
  for (const [what, given, expected] of cases) {
    test(`${what}: ${expected}`, async () => assert.equal(await why(text(given)), expected));
  }
  test('many attributes and elements with new names cost no more than their length', async () => {
    const many = Array.from({ length: 200_000 }, (_, i) => `<n${i} a${i}="${i}"/>`).join('');
    assert.equal(await why(text(report(many + row()))), 'read');
  });
  test('whatever comes ends in a report or a SyntaxFault', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(good.length - 1),
        fc.nat(255),
        fc.constantFrom(good, deflated, gzipSync(good), text(tls())),
        async (at, value, base) => {
          const octets = Buffer.from(base);
          octets[at % octets.length] = value;
          await why(octets);
          await why(zip({ name: 'a.xml', content: good, packed: octets }));
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('in messages', () => {
  const mail = (...parts: string[]) =>
    text(
      [
        'From: a@besar.test\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n',
        ...parts.map((part) => `--x\r\n${part}\r\n`),
        '--x--\r\n',
      ].join(''),
    );
  const attached = (type: string, octets: Buffer, name = '') =>
    `Content-Type: ${type}${name === '' ? '' : `; name="${name}"`}\r\n` +
    `Content-Transfer-Encoding: base64\r\n\r\n${octets.toString('base64')}`;
  test('found by type or by name, beside what people read', async () => {
    const letter = 'Content-Type: text/plain\r\n\r\nHello';
    for (const part of [
      attached('application/gzip', gzipSync(good)),
      attached('application/octet-stream', gzipSync(good), 'a!b!1!2.xml.gz'),
      attached('text/xml', good),
      attached('application/zip', zip({ name: 'a.xml', content: good })),
    ]) {
      assert.equal((await readReportMail(mail(letter, part))).kind, 'dmarc');
    }
    const json = attached('application/tlsrpt+gzip', gzipSync(text(tls())));
    assert.equal((await readReportMail(mail(letter, json))).kind, 'tls');
  });
  test('without any: told so', async () => {
    await assert.rejects(readReportMail(mail('\r\nHello')), { code: 'report.none' });
    const broken = mail(attached('application/gzip', gzipSync(good).subarray(0, 40)));
    await assert.rejects(readReportMail(broken), { code: 'unpack.damaged' });
  });
});

describe('the thread', () => {
  const reader = new ReportReader();
  after(() => reader.close());
  test('reads a hundred thousand rows, keeps some and counts all', async () => {
    const rows = Array.from({ length: 100_000 }, (_, index) =>
      row(`2001:db8::${(index % 65_536).toString(16)}`, '3', 'reject'),
    ).join('');
    const answer = await reader.read({ form: 'file', octets: gzipSync(text(report(rows))) });
    assert.equal(answer.kind, 'read');
    assert.ok(answer.kind === 'read' && answer.report.kind === 'dmarc');
    const { sums } = answer.report;
    assert.deepEqual([sums.rows, sums.messages, sums.rejected], [100_000, 300_000, 300_000]);
    assert.equal(answer.report.rows.length, readLimits.rowsKeptMax);
  });
  test('one after the other, and a bomb harms nobody', async () => {
    const answers = await Promise.all(
      [good, bomb(), gzipSync(good)].map((octets) => reader.read({ form: 'file', octets })),
    );
    assert.deepEqual(
      answers.map(({ kind }) => kind),
      ['read', 'unread', 'read'],
    );
  });
});
