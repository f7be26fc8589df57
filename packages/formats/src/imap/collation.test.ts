import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { asciiCasemap, compareOctetwise, unicodeCasemap } from './collation.ts';

const points = (text: string): string =>
  Array.from(text, (sign) => sign.codePointAt(0)!.toString(16)).join(' ');

test('the example of RFC 5051 §2: DZ with caron', () => {
  for (const sign of ['\u01c4', '\u01c5', '\u01c6']) {
    assert.equal(points(unicodeCasemap(sign)), '44 7a 30c');
  }
});

test('characters are put into their simple title case, then decomposed', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['a', '41'],
    ['\u00e9', '45 301'],
    ['e\u0301', '45 301'],
    // No character of its own is the capital of these: they stay.
    ['\u00df', 'df'],
    ['\u0149', '2bc 6e'],
    // Compatibility decomposition counts too.
    ['\ufb01', '66 69'],
    ['\uff41', '41'],
    ['\u00b2', '32'],
    // Iota below.
    ['\u1f80', '391 313 345'],
    ['\u1f88', '391 313 345'],
    ['\u1fb3', '391 345'],
    ['\u1ff3', '3a9 345'],
    ['\u1fb2', '3b1 300 345'],
    // Georgian has capitals, and no title case.
    ['\u10d0', '10d0'],
    ['\u0131', '49'],
    ['\u017f', '53'],
    ['\uac00', '1100 1161'],
    ['\u{10428}', '10400'],
    ['\ud800', 'fffd'],
  ];
  for (const [text, expected] of cases) {
    assert.equal(points(unicodeCasemap(text)), expected, points(text));
  }
});

test('only a to z are the same in both cases under i;ascii-casemap', () => {
  assert.equal(asciiCasemap('Zürich z@[`{'), 'ZüRICH Z@[`{');
});

const texts = fc.string({ unit: 'grapheme', maxLength: 20 });

test('a canonical form holds the forms of its parts', () => {
  fc.assert(
    fc.property(texts, texts, (one, other) => {
      assert.equal(unicodeCasemap(one + other), unicodeCasemap(one) + unicodeCasemap(other));
    }),
  );
});

test('case and composition make no difference', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...Array.from('aZéÉñßжЖ한語ｱ')) }), (text) => {
      const form = unicodeCasemap(text);
      assert.equal(unicodeCasemap(text.normalize('NFD')), form);
      assert.equal(unicodeCasemap(text.toLowerCase()), form);
      assert.equal(unicodeCasemap(form), form);
    }),
  );
});

test('forms are ordered as their UTF-8 octets', () => {
  const anything = fc.string({ unit: 'binary', maxLength: 6 }).map((text) => text.toWellFormed());
  fc.assert(
    fc.property(anything, anything, (one, other) => {
      const order = Math.sign(Buffer.compare(Buffer.from(one), Buffer.from(other)));
      assert.equal(Math.sign(compareOctetwise(one, other)), order);
    }),
  );
  assert.ok(compareOctetwise('\u{1f600}', '\uffff') > 0);
});
