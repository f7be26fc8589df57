import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { utf8 } from '../bytes.ts';
import { makeMailbox, readAddressList } from './address.ts';
import { decodeWords, encodeWords } from './encoded-word.ts';
import { writeAddressField, writeField, writeTextField } from './field-writer.ts';
import { readHead } from './head.ts';
import { SyntaxFault } from '../syntax-fault.ts';

const values: readonly (readonly [string, string])[] = [
  ['plain text', 'plain text'],
  ['=?utf-8?Q?Sela?= =?utf-8?B?bWF0?= pagi', 'Selamat pagi'],
  ['=?ISO-8859-1?Q?a?= b', 'a b'],
  ['=?ISO-8859-1?Q?a?=  \t =?ISO-8859-1?Q?b?=', 'ab'],
  ['=?ISO-8859-1?Q?a_b?=', 'a b'],
  ['=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=', 'a b'],
  ['=?utf-8*id?Q?ber=C3=A9?=', 'beré'],
  ['=?utf-8?B?4oI=?= =?utf-8?B?rA==?=', '€'],
  ['=?utf-8?Q?=E2?= =?utf-8?Q?=82?= =?utf-8?Q?=AC?=', '€'],
  ['text=?utf-8?q?glued?=text', 'textgluedtext'],
  ['=?utf-8?Q?with space?=', 'with space'],
  ['=?utf-8?B?4oKs', '=?utf-8?B?4oKs'],
  ['=?utf-8?X?a?= =??Q?a?= =?=', '=?utf-8?X?a?= =??Q?a?= =?='],
  ['=?iso-8859-1?Q?J\u00fcrgen?=', 'Jürgen'],
  ['=?gb2312?Q?\u00d6\u00d0?=', '中'],
  ['=?ISO-2022-JP?B?GyRCRnxLXBsoQg==?=', '日本'],
  ['=?utf-8?Q?lower=c3=a9?=', 'loweré'],
];

for (const [value, text] of values) {
  test(`decodes ${value}`, () => assert.equal(decodeWords(value), text));
}

const anyText = fc.string({ unit: 'binary', maxLength: 200 });

test('encoded words read back, hold 75 characters and whole characters', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const words = encodeWords(text);
      assert.equal(decodeWords(words.join(' ')), text);
      assert.equal(words.map((word) => decodeWords(word)).join(''), text);
      for (const word of words) assert.match(word, /^=\?utf-8\?[QB]\?[!-~]*\?=$/u);
      for (const word of words) assert.ok(word.length <= 75, word);
    }),
    { numRuns: 1000 },
  );
});

test('a text field reads back exactly and has short lines', () => {
  const line = anyText.map((text) => text.replace(/[\u0000-\u001f\u007f]/gu, ' '));
  const spaced = fc
    .array(fc.constantFrom('a', 'ü', '', '=?x', 'word', '日本'))
    .map((all) => all.join(' '));
  fc.assert(
    fc.property(fc.oneof(line, spaced), fc.boolean(), (text, isUtf8) => {
      const field = writeTextField('Subject', text, { utf8: isUtf8 });
      assert.equal(decodeWords(readHead(utf8(field)).fields[0]!.value()), text);
      assert.ok(field.endsWith('\r\n'));
      assert.doesNotMatch(field.slice(0, -2), /\r\n(?! )|\r(?!\n)|(?<!\r)\n|\n +\r/u);
      for (const part of field.split('\r\n')) {
        assert.ok(utf8(part).length <= 998);
        if (part.includes('=?utf-8?')) assert.ok(part.length <= 78, part);
      }
      if (!isUtf8) assert.match(field, /^[\u0000-\u007f]*$/u);
    }),
    { numRuns: 1500 },
  );
});

test('a word that fits on no line is encoded in pieces', () => {
  const text = `x ${'y'.repeat(5000)} z`;
  const field = writeTextField('Subject', text, { utf8: true });
  assert.ok(field.split('\r\n').every((line) => line.length <= 78));
  assert.equal(decodeWords(readHead(utf8(field)).fields[0]!.value()), text);
});

test('spaces in a row are kept, however many, on lines that hold', () => {
  const counts = fc.oneof(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 900, max: 3000 }));
  const word = fc.constantFrom('', 'a', 'ü', '=?x', '"', 'b.');
  const text = fc
    .array(fc.tuple(word, counts), { maxLength: 5 })
    .map((all) => all.map(([one, count]) => one + ' '.repeat(count)).join(''));
  fc.assert(
    fc.property(text, fc.boolean(), (given, isUtf8) => {
      const style = { utf8: isUtf8 };
      const subject = writeTextField('Subject', given, style);
      const person = makeMailbox(given === '' ? null : given, 'siti', 'surat.test');
      const from = writeAddressField('From', [person], style);
      for (const field of [subject, from]) {
        for (const line of field.split('\r\n')) assert.ok(utf8(line).length <= 998);
        assert.doesNotMatch(field, /\n +\r/u);
      }
      const valueOf = (field: string): string => readHead(utf8(field)).fields[0]!.value();
      assert.equal(decodeWords(valueOf(subject)), given);
      assert.deepEqual(readAddressList(valueOf(from)).entries, [person]);
    }),
    { numRuns: 500 },
  );
});

test('no field is written with a line that is too long', () => {
  const spaces = Array.from({ length: 1000 }, () => '');
  assert.throws(() => writeField('X', ['a', ...spaces, 'b']), SyntaxFault);
  assert.throws(() => writeField('X', ['a'.repeat(998)]), SyntaxFault);
});
