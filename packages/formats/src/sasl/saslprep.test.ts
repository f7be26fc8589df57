/** The examples of SASLprep, and more. RFC 4013 §3; RFC 3454. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { saslprep } from './saslprep.ts';

describe('SASLprep', () => {
  const examples: [input: string, output: string | null, why: string][] = [
    // RFC 4013 §3
    ['I\u00adX', 'IX', 'SOFT HYPHEN is mapped to nothing'],
    ['user', 'user', 'no transformation'],
    ['USER', 'USER', 'case is kept'],
    ['\u00aa', 'a', 'NFKC'],
    ['\u2168', 'IX', 'NFKC'],
    ['\u0007', null, 'prohibited character'],
    ['\u0627\u0031', null, 'bidirectional check'],
    // more
    ['\u00a0x\u3000y', ' x y', 'non-ASCII spaces become spaces'],
    ['\u0627\u0031\u0628', '\u0627\u0031\u0628', 'right-to-left at both ends'],
    ['\u0627a\u0628', null, 'right-to-left with left-to-right'],
    ['\ue000', null, 'private use'],
    ['\ufffd', null, 'inappropriate for plain text'],
    ['\u{e0001}', null, 'tagging character'],
    ['\ud800', null, 'a lone surrogate'],
    ['\u007f', null, 'DEL'],
    ['\u200c\u00ad', '', 'may become empty'],
    // U+200B stands in both tables; RFC 4013 §2.1 names spaces first, and PostgreSQL and libidn
    // agree.
    ['\u200b', ' ', 'zero width space'],
    ['пароль', 'пароль', 'Cyrillic'],
    ['e\u0301', '\u00e9', 'composed'],
  ];
  for (const [input, output, why] of examples) {
    test(`${JSON.stringify(input)}: ${why}`, () => {
      assert.equal(saslprep(input, { stored: true }), output);
      assert.equal(saslprep(input, { stored: false }), output);
    });
  }

  test('code points that Unicode 3.2 had not assigned: in queries only, and untouched', () => {
    for (const point of ['\u0221', '\u{1f600}', '\u1dff', '\ua64c']) {
      assert.equal(saslprep(point, { stored: true }), null);
      assert.equal(saslprep(point, { stored: false }), point);
    }
    // Today's NFKC maps U+1F100; that of Unicode 3.2 did not know it.
    assert.equal(saslprep('\u{1f100}\u2168', { stored: false }), '\u{1f100}IX');
  });
});
