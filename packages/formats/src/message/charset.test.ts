import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { utf8 } from '../bytes.ts';
import { createTextReader, decodeText } from './charset.ts';
import type { Fault } from './fault.ts';

const octets = (text: string): Uint8Array => Uint8Array.from(text, (sign) => sign.charCodeAt(0));

const texts: readonly (readonly [charset: string | null, octets: string, text: string])[] = [
  ['utf-8', '\u00c3\u00a9', 'é'],
  ['UTF8', '\u00c3\u00a9', 'é'],
  ['utf8mb4', '\u00c3\u00a9', 'é'],
  ['iso-8859-1', '\u00e9\u0080', 'é€'],
  ['"ISO-8859-15"', '\u00a4', '€'],
  ['ks_c_5601-1987', '\u00be\u00c8', '안'],
  ['cp949', '\u00be\u00c8', '안'],
  ['cp932', '\u0093\u00fa\u0096{', '日本'],
  ['gb2312', '\u00d6\u00d0', '中'],
  ['big5', '\u00a4\u00a4', '中'],
  ['koi8-r', '\u00f0', 'П'],
  ['iso-2022-jp', '\u001b$BF|K\\\u001b(Bx', '日本x'],
  ['iso-2022-jp', '\u001b(I1\u001b(B', 'ｱ'],
  ['iso-2022-kr', '\u001b$)C\u000e0!\u000f.', '가.'],
  ['hz-gb-2312', '~{VPND~} ~~ ~\na', '中文 ~ a'],
  ['utf-7', 'Hi Mom +Jjo-! A+ImIDkQ. 1 +- 1', 'Hi Mom ☺! A≢Α. 1 + 1'],
  ['unicode-1-1-utf-7', '+2D3eAA-', '😀'],
  ['utf-16', '\u00fe\u00ff\u0000h', 'h'],
  ['utf-16', 'h\u0000i\u0000', 'hi'],
  ['utf-16', '\u0000h\u0000i', 'hi'],
  ['cp437', '\u0084\u00e1', 'äß'],
  ['ibm850', '\u009b', 'ø'],
  [null, 'ascii', 'ascii'],
  [null, '\u00c3\u00a9', 'é'],
  ['us-ascii', '\u00e9t\u00e9', 'été'],
  ['x-unknown', '\u00e9', 'é'],
  ['constructor', 'x', 'x'],
  ['__proto__', 'x', 'x'],
];

for (const [charset, written, text] of texts) {
  test(`reads ${charset}: ${text}`, () => assert.equal(decodeText(octets(written), charset), text));
}

test('what is wrong is named', () => {
  const codes = (bytes: Uint8Array, charset: string | null): string[] => {
    const faults: Fault[] = [];
    decodeText(bytes, charset, faults);
    return faults.map((fault) => fault.code);
  };
  assert.deepEqual(codes(utf8('é'), null), []);
  assert.deepEqual(codes(utf8('written \ufffd'), 'utf-8'), []);
  assert.deepEqual(codes(octets('a\u00ff'), 'utf-8'), ['charset-invalid']);
  assert.deepEqual(codes(octets('a\u00ff'), null), ['text-not-utf8']);
  assert.deepEqual(codes(octets('a'), 'x-martian'), ['charset-unknown']);
  assert.deepEqual(codes(octets('+AA'), 'utf-7'), ['charset-invalid']);
});

const charsets = [
  'utf-8',
  'utf-7',
  'utf-16',
  'utf-16be',
  'iso-2022-jp',
  'iso-2022-kr',
  'hz',
  'gbk',
  'gb18030',
  'big5',
  'euc-jp',
  'euc-kr',
  'shift_jis',
  'windows-1251',
  'cp437',
  'x-martian',
  '',
];

test('nothing throws, and any cuts give the same text', () => {
  const escapes = fc.constantFrom(
    0x1b,
    0x24,
    0x42,
    0x28,
    0x0e,
    0x7e,
    0x7b,
    0x2b,
    0x81,
    0x30,
    0xff,
    10,
  );
  const bytes = fc.array(fc.oneof(fc.nat(255), escapes), { maxLength: 60 });
  fc.assert(
    fc.property(bytes, fc.array(fc.integer({ min: 1, max: 7 })), (all, sizes) => {
      const whole = Uint8Array.from(all);
      for (const charset of charsets) {
        const reader = createTextReader(charset);
        let text = '';
        let at = 0;
        for (const size of [...sizes, whole.length]) {
          // As a server does: a Buffer, used again at once.
          const chunk = Buffer.from(whole.subarray(at, at + size));
          text += reader.write(chunk);
          chunk.fill(0x2d);
          at += size;
        }
        assert.equal(text + reader.end(), decodeText(whole, charset), charset);
      }
    }),
    { numRuns: 500 },
  );
});

test('a long run without a space is cut at the same place whatever the cuts', () => {
  const run = new Uint8Array(200_001).fill(0xb0);
  const whole = decodeText(run, 'gbk');
  const reader = createTextReader('gbk');
  let text = '';
  for (let at = 0; at < run.length; at += 1013) text += reader.write(run.subarray(at, at + 1013));
  assert.equal(text + reader.end(), whole);
});
