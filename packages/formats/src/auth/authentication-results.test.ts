/** Writing and reading Authentication-Results. RFC 8601 §2.2, §5. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { ascii } from '../bytes.ts';
import { readHead } from '../message/head.ts';
import {
  readAuthservId,
  readMethodResults,
  writeAuthenticationResults,
} from './authentication-results.ts';

describe('writing', () => {
  test('methods, comments, properties; lines stay short', () => {
    const field = writeAuthenticationResults('mx.surat.test', [
      { method: 'spf', result: 'pass', properties: [['smtp.mailfrom', 'rina@contoh.test']] },
      {
        method: 'dkim',
        result: 'pass',
        comment: '2048 bits',
        properties: [
          ['header.d', 'contoh.test'],
          ['header.s', '2026a'],
          ['header.a', 'rsa-sha256'],
          ['header.b', 'AbC/+=12'],
        ],
      },
    ]);
    assert.equal(
      field,
      'Authentication-Results: mx.surat.test;\r\n' +
        '\tspf=pass smtp.mailfrom=rina@contoh.test;\r\n' +
        '\tdkim=pass (2048 bits) header.d=contoh.test header.s=2026a\r\n' +
        '\t header.a=rsa-sha256 header.b="AbC/+=12"\r\n',
    );
  });

  test('nothing was looked at', () => {
    const field = writeAuthenticationResults('mx.surat.test', []);
    assert.equal(field, 'Authentication-Results: mx.surat.test;\r\n\tnone\r\n');
  });

  test('no value ends the field, its line or its method', () => {
    const anything = fc.string({ unit: 'binary', maxLength: 400 });
    fc.assert(
      fc.property(anything, anything, anything, (value, comment, reason) => {
        const properties = [['smtp.mailfrom', value]] as const;
        const field = writeAuthenticationResults('us.test', [
          { method: 'spf', result: 'fail', comment, reason, properties },
          { method: 'dmarc', result: 'none' },
        ]);
        const head = readHead(ascii(`${field}\r\n`));
        assert.deepEqual([head.fields.length, head.faults], [1, []]);
        for (const line of field.split('\r\n')) assert.ok(line.length < 998);
        assert.deepEqual(readMethodResults(head.fields[0]?.value() ?? ''), [
          { method: 'spf', result: 'fail' },
          { method: 'dmarc', result: 'none' },
        ]);
      }),
      { numRuns: 200 },
    );
  });
});

describe('who speaks', () => {
  const cases: [value: string, id: string | null][] = [
    ['mx.surat.test; spf=pass', 'mx.surat.test'],
    ['MX.Surat.Test 1; none', 'mx.surat.test'],
    ['(a (nested) one) mx.surat.test;none', 'mx.surat.test'],
    ['(\\)) mx.surat.test(x);none', 'mx.surat.test'],
    ['"mx.surat\\.test"; none', 'mx.surat.test'],
    ['mx.surat.test', 'mx.surat.test'],
    ['; spf=pass', null],
    ['', null],
    ['(never closed', null],
  ];
  for (const [value, id] of cases) {
    test(JSON.stringify(value), () => assert.equal(readAuthservId(value), id));
  }
});

test('results behind comments and quotes', () => {
  const value = 'x.test; (no;) dkim=pass reason="a;b" header.d=y; DMARC/1 = FAIL (p=none); junk';
  assert.deepEqual(readMethodResults(value), [
    { method: 'dkim', result: 'pass' },
    { method: 'dmarc', result: 'fail' },
  ]);
});
