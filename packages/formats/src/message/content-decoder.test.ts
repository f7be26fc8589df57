import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { ascii, concat, latin1, utf8 } from '../bytes.ts';
import { createContentDecoder, decodeContent, readEncoding } from './content-decoder.ts';
import type { Encoding } from './content-decoder.ts';
import { encodeContent, encodeQuotedPrintable, measureContent } from './content-encoder.ts';
import type { Fault } from './fault.ts';

const contents: readonly (readonly [Encoding, string, string, string?])[] = [
  ['base64', 'aGVsbG8=', 'hello'],
  ['base64', 'aGVs\r\nbG8=\r\n', 'hello'],
  ['base64', 'aGVsbG8', 'hello', 'base64-broken'],
  ['base64', '!aG*Vs-bG8=', 'hello', 'base64-broken'],
  ['base64', 'aGVsbG8=aGVsbG8=', 'hellohello', 'base64-broken'],
  ['base64', 'aGVsbG8=\r\naGVsbG8=\r\n', 'hellohello', 'base64-broken'],
  ['base64', 'aGVsbG8=\r\n_____\r\nA mailing list\r\n', 'hello', 'base64-broken'],
  ['base64', 'aGVsbG8== ignored', 'hello', 'base64-broken'],
  ['base64', '', ''],
  ['quoted-printable', 'caf=C3=A9', 'caf\u00c3\u00a9'],
  ['quoted-printable', 'soft =\r\nbreak', 'soft break'],
  ['quoted-printable', 'soft=  \t\r\nbreak', 'softbreak'],
  ['quoted-printable', 'end \t\r\nx', 'end\r\nx'],
  ['quoted-printable', 'a=\nb', 'ab'],
  ['quoted-printable', 'low=c3', 'low\u00c3'],
  ['quoted-printable', 'x=zz =4', 'x=zz =4', 'quoted-printable-broken'],
  ['quoted-printable', '==41', '=A', 'quoted-printable-broken'],
  ['quoted-printable', 'last=', 'last'],
  ['quoted-printable', 'last  ', 'last'],
  ['uuencode', 'begin 644 x\n#0V%T\n`\nend\n', 'Cat'],
  ['uuencode', 'text\r\nbegin 644 x\r\n#0V%T\r\nend\r\nmore', 'Cat'],
  ['uuencode', 'begin 644 x\n#0V%T\n', 'Cat', 'uuencode-broken'],
  ['8bit', 'as it is =41', 'as it is =41'],
  ['unknown', 'as it is', 'as it is'],
];

for (const [encoding, written, text, fault] of contents) {
  test(`decodes ${encoding}: ${JSON.stringify(written)}`, () => {
    const faults: Fault[] = [];
    assert.equal(latin1(decodeContent(ascii(written), encoding, faults)), text);
    assert.deepEqual(
      faults.map((one) => one.code),
      fault === undefined ? [] : [fault],
    );
  });
}

test('encodings by their many names', () => {
  const names: readonly (readonly [string | null, Encoding])[] = [
    [null, '7bit'],
    ['BASE64', 'base64'],
    [' "base64" (comment); x', 'base64'],
    ['Quoted-Printable', 'quoted-printable'],
    ['quoted/printable', 'quoted-printable'],
    ['8-bit', '8bit'],
    ['x-uuencode', 'uuencode'],
    ['9bit', 'unknown'],
    ['constructor', 'unknown'],
  ];
  for (const [written, encoding] of names)
    assert.equal(readEncoding(written), encoding, written ?? '');
});

test('any cuts give the same content', () => {
  const signs = fc.constantFrom(
    '=',
    '\r',
    '\n',
    ' ',
    '\t',
    'A',
    '4',
    'z',
    'begin 644 x\n',
    '\nend\n',
    '`',
  );
  const input = fc.array(fc.oneof(signs, fc.string({ maxLength: 3 })), { maxLength: 60 });
  fc.assert(
    fc.property(input, fc.array(fc.integer({ min: 1, max: 5 })), (pieces, sizes) => {
      const whole = utf8(pieces.join(''));
      for (const encoding of ['base64', 'quoted-printable', 'uuencode'] as const) {
        const decoder = createContentDecoder(encoding);
        const out: Uint8Array[] = [];
        let at = 0;
        for (const size of [...sizes, whole.length]) {
          const chunk = Buffer.from(whole.subarray(at, at + size));
          out.push(new Uint8Array(decoder.write(chunk)));
          chunk.fill(0x2d);
          at += size;
        }
        out.push(decoder.end());
        assert.equal(latin1(concat(out)), latin1(decodeContent(whole, encoding)), encoding);
      }
    }),
    { numRuns: 2000 },
  );
});

test('base64 that is written reads back, in lines of 76', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => {
      const written = concat([...encodeContent(bytes, 'base64')]);
      assert.match(latin1(written), /^(?:[A-Za-z0-9+/=]{1,76}\r\n)*$/u);
      assert.deepEqual(decodeContent(written, 'base64'), bytes);
    }),
  );
});

test('quoted-printable that is written reads back, in lines of 76, characters whole', () => {
  const unit = fc.constantFrom(
    'a',
    ' ',
    '\t',
    '=',
    '\r\n',
    'é',
    '😀',
    '.',
    'From ',
    '日本',
    '\0',
    '\r',
    'x'.repeat(30),
  );
  fc.assert(
    fc.property(fc.array(unit, { maxLength: 80 }), (pieces) => {
      const bytes = utf8(pieces.join(''));
      const written = encodeQuotedPrintable(bytes);
      assert.deepEqual(decodeContent(written, 'quoted-printable'), bytes);
      const lines = latin1(written).split('\r\n');
      for (const line of lines) {
        assert.match(line, /^[\t -~]{0,76}$/u);
        assert.doesNotMatch(line, /^From |^\.$|[ \t]$/u);
      }
      for (const line of lines) {
        const octets = decodeContent(ascii(line.replace(/=$/u, '')), 'quoted-printable');
        assert.doesNotMatch(Buffer.from(octets).toString('utf8'), /\ufffd/u);
      }
    }),
    { numRuns: 1000 },
  );
});

test('what content is made of', () => {
  assert.deepEqual(measureContent(ascii('abc\r\nde')), {
    has8bit: false,
    hasForbidden: false,
    longestLine: 3,
  });
  assert.equal(measureContent(ascii('a\nb')).hasForbidden, true);
  assert.equal(measureContent(ascii('a\rb')).hasForbidden, true);
  assert.equal(measureContent(ascii('a\0b')).hasForbidden, true);
  assert.equal(measureContent(utf8('é')).has8bit, true);
});
