import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  ascii,
  concat,
  decodeBase64,
  encodeBase64,
  equalBytes,
  hexPair,
  indexOf,
  latin1,
  readUtf8,
  utf8,
} from './bytes.ts';
import { SyntaxFault } from './syntax-fault.ts';

const octets = fc.uint8Array({ maxLength: 300 });

test('base64 is what Node writes, and reads back', () => {
  fc.assert(
    fc.property(octets, (bytes) => {
      assert.equal(encodeBase64(bytes), Buffer.from(bytes).toString('base64'));
      assert.deepEqual(decodeBase64(encodeBase64(bytes)), bytes);
    }),
  );
});

test('strict base64 refuses what is not canonical', () => {
  for (const text of ['A', 'AA', 'AAA', 'AB==', 'AAB=', 'A===', '====', 'AA=A', 'AAAA\n', 'AA é']) {
    assert.equal(decodeBase64(text), null, text);
  }
  assert.deepEqual(decodeBase64(''), new Uint8Array(0));
});

test('latin1 has one character per octet, for long arrays too', () => {
  const bytes = new Uint8Array(20_000).map((_, index) => index);
  assert.equal(latin1(bytes), Buffer.from(bytes).toString('latin1'));
});

test('ascii refuses what is not US-ASCII', () => {
  assert.equal(latin1(ascii('abc\r\n')), 'abc\r\n');
  assert.throws(() => ascii('é'), SyntaxFault);
});

test('UTF-8 is read strictly', () => {
  assert.equal(readUtf8(utf8('\ufeffé😀')), '\ufeffé😀');
  for (const bad of [[0xc0, 0x80], [0xed, 0xa0, 0x80], [0xff], [0xe2, 0x82], [0xf5, 0x80]]) {
    assert.equal(readUtf8(Uint8Array.from(bad)), null);
  }
});

test('indexOf finds what Buffer finds', () => {
  const few = fc.uint8Array({ maxLength: 40, max: 2 });
  fc.assert(
    fc.property(
      few,
      fc.uint8Array({ maxLength: 4, max: 2 }),
      fc.nat(45),
      (bytes, pattern, from) => {
        assert.equal(indexOf(bytes, pattern, from), Buffer.from(bytes).indexOf(pattern, from));
      },
    ),
  );
});

test('concat, equalBytes and hexPair', () => {
  assert.deepEqual(concat([ascii('a'), ascii(''), ascii('bc')]), ascii('abc'));
  assert.equal(equalBytes(ascii('ab'), ascii('ab')), true);
  assert.equal(equalBytes(ascii('ab'), ascii('ac')), false);
  assert.equal(equalBytes(ascii('ab'), ascii('abc')), false);
  assert.equal(hexPair(ascii('aF'), 0), 0xaf);
  assert.equal(hexPair(ascii('a'), 0), -1);
  assert.equal(hexPair(ascii('g0'), 0), -1);
});
