import assert from 'node:assert/strict';
import test from 'node:test';
import { SyntaxFault } from '../syntax-fault.ts';
import { readTlsaText, tlsaText, usableTlsa } from './tlsa.ts';

const sha256 = 'ab'.repeat(32);
const sha512 = 'cd'.repeat(64);
const usable = (...texts: string[]) => usableTlsa(texts.map(readTlsaText)).map(tlsaText);

test('only what SMTP can hold a certificate against. RFC 7672 §3.1.3', () => {
  assert.deepEqual(usable(`3 1 1 ${sha256}`, `2 0 2 ${sha512}`, '3 0 0 3082'), [
    `3 1 1 ${sha256}`,
    `2 0 2 ${sha512}`,
    '3 0 0 3082',
  ]);
  for (const text of [
    `0 1 1 ${sha256}`,
    `1 0 1 ${sha256}`,
    `4 0 1 ${sha256}`,
    `3 2 1 ${sha256}`,
    `3 1 3 ${sha256}`,
    `3 1 1 ${sha512}`,
    `3 1 2 ${sha256}`,
  ]) {
    assert.deepEqual(usable(text), [], text);
  }
});

test('of digests the strongest, for each usage and selector. RFC 7671 §9', () => {
  const other = 'ef'.repeat(64);
  assert.deepEqual(
    usable(
      `3 1 1 ${sha256}`,
      `3 1 2 ${sha512}`,
      `3 1 2 ${other}`,
      `3 0 1 ${sha256}`,
      '3 1 0 3059',
      `2 1 1 ${sha256}`,
    ),
    [`3 1 2 ${sha512}`, `3 1 2 ${other}`, `3 0 1 ${sha256}`, '3 1 0 3059', `2 1 1 ${sha256}`],
  );
  // A stronger one that is damaged says nothing, so the weaker one holds.
  assert.deepEqual(usable(`3 1 1 ${sha256}`, '3 1 2 abcd'), [`3 1 1 ${sha256}`]);
});

test('what is no content of a TLSA record', () => {
  assert.deepEqual([...readTlsaText(' 3  1 0\tAbcD ').data], [0xab, 0xcd]);
  for (const text of ['3 1 1', '3 1 1 abc', '256 1 1 ab', '3 1 ab', 'x 1 1 ab']) {
    assert.throws(() => readTlsaText(text), SyntaxFault, text);
  }
});
