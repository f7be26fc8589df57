/** Canonical forms beside a plain reading of RFC 6376 §3.4, for any text cut anywhere. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { ascii, latin1 } from '../bytes.ts';
import { CanonicalBody, canonicalField } from './dkim-canonical.ts';
import type { Canonical } from './dkim-record.ts';

/** §3.4.3, §3.4.4, in as few words as they have there. */
function plainly(body: string, form: Canonical): string {
  let text = body;
  if (form === 'relaxed') {
    text = text.replaceAll(/[ \t]+(?=\r\n|$)/g, '').replaceAll(/[ \t]+/g, ' ');
  }
  text = text.replace(/(?:\r\n)*$/, '');
  return text === '' && form === 'relaxed' ? '' : `${text}\r\n`;
}

function canonical(body: string, form: Canonical, cuts: readonly number[]): string {
  let text = '';
  const writer = new CanonicalBody(form, (bytes) => {
    text += latin1(bytes);
  });
  const octets = ascii(body);
  let at = 0;
  for (const cut of cuts) {
    writer.write(octets.subarray(at, at + cut));
    at += cut;
  }
  writer.write(octets.subarray(at));
  writer.end();
  return text;
}

const piece = fc.constantFrom(
  ' ',
  '  ',
  'b c',
  'a! b',
  '\t',
  '\r\n',
  '\r',
  '\n',
  'a',
  'xyz',
  'x'.repeat(3000),
);
const body = fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join(''));
const cuts = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 20 });

for (const form of ['simple', 'relaxed'] as const) {
  test(`a body in the ${form} form`, () => {
    fc.assert(
      fc.property(body, cuts, (text, sizes) => {
        assert.equal(canonical(text, form, sizes), plainly(text, form));
        const withoutTabs = text.replaceAll('\t', '!');
        assert.equal(canonical(withoutTabs, form, sizes), plainly(withoutTabs, form));
      }),
      { numRuns: 2000 },
    );
  });
}

test('the examples of §3.4.5 and §3.4.6', () => {
  const letter = ' C \r\nD \t E\r\n\r\n\r\n';
  assert.equal(canonical(letter, 'relaxed', []), ' C\r\nD E\r\n');
  assert.equal(canonical(letter, 'simple', []), ' C \r\nD \t E\r\n');
  assert.equal(latin1(canonicalField(ascii('A: X\r\n'), 'relaxed')), 'a:X\r\n');
  assert.equal(latin1(canonicalField(ascii('B : Y\t\r\n\tZ  \r\n'), 'relaxed')), 'b:Y Z\r\n');
  assert.equal(
    latin1(canonicalField(ascii('B : Y\t\r\n\tZ  \r\n'), 'simple')),
    'B : Y\t\r\n\tZ  \r\n',
  );
});
