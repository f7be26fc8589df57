import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { ascii, utf8 } from '../bytes.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import {
  checkMailboxName,
  decodeMailboxName,
  encodeMailboxName,
  readMailboxName,
  writeMailboxName,
} from './mailbox-name.ts';

test('modified UTF-7, both ways. RFC 3501 §5.1.3', () => {
  for (const [name, text] of [
    ['INBOX', 'INBOX'],
    ['a & b', 'a &- b'],
    ['&&', '&-&-'],
    ['Vergütung', 'Verg&APw-tung'],
    ['台北', '&U,BTFw-'],
    ['~peter/mail/台北/日本語', '~peter/mail/&U,BTFw-/&ZeVnLIqe-'],
    ['😀', '&2D3eAA-'],
    ['é&é', '&AOk-&-&AOk-'],
    ['', ''],
  ] as const) {
    assert.equal(encodeMailboxName(name), text);
    assert.equal(decodeMailboxName(text), name);
  }
});

test('one name has one form: others are refused', () => {
  for (const text of [
    '&', // not closed
    'a&Jjo', // not closed
    '&Jjo!-', // not base64
    '&AGE-', // a printable letter
    '&ACY-', // & itself
    '&AOk-&AOk-', // two shifts for one
    '&AOl-', // bits left over
    '&AA-', // half a unit
    '&2D0-', // half a character
    '&U/BTFw-', // / of plain base64
    '&AOkA-', // too long
    '&AOk=-', // padding
    '&A\u{142}k-',
    'é', // 8-bit
    'a\u0001b',
  ]) {
    assert.equal(decodeMailboxName(text), null, text);
  }
  assert.throws(() => encodeMailboxName('\ud83d'), SyntaxFault);
});

test('any text comes back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (name) => {
      assert.equal(decodeMailboxName(encodeMailboxName(name)), name);
    }),
  );
  const wire = fc.string({ unit: fc.constantFrom(...Array.from('&-aAO,+/k=Jjoé ')) });
  fc.assert(
    fc.property(wire, (text) => {
      const name = decodeMailboxName(text);
      if (name !== null) assert.equal(encodeMailboxName(name), text);
    }),
    { numRuns: 3000 },
  );
});

test('names of mailboxes: INBOX has no case, accents are composed', () => {
  const read = (text: string) => readMailboxName(ascii(text), { utf8: false });
  assert.equal(read('iNbOx'), 'INBOX');
  assert.equal(read('inbox/a'), 'INBOX/a');
  assert.equal(read('inboxes'), 'inboxes');
  assert.equal(read('a/INBOX'), 'a/INBOX');
  assert.equal(readMailboxName(utf8('u\u0308'), { utf8: true }), 'ü');
  assert.throws(() => readMailboxName(Uint8Array.of(0xff), { utf8: true }), {
    code: 'imap.bad-mailbox',
  });
  assert.throws(() => readMailboxName(Uint8Array.of(0xc3, 0xbc), { utf8: false }), {
    code: 'imap.bad-mailbox',
  });
});

test('names that may not be', () => {
  for (const name of [
    '',
    '/',
    '/a',
    'a/',
    'a//b',
    '.',
    '..',
    'a/../b',
    './a',
    'a\0b',
    'a\r\nb',
    'a\tb',
    'a\u007f',
    'a\u0085b',
    'a\u2028b',
    'a\u202eb',
    'a\uffffb',
    'a*',
    '%',
    'x'.repeat(256),
    'ü'.repeat(128),
    Array.from({ length: 65 }, () => 'a').join('/'),
    'x/'.repeat(3000),
  ]) {
    assert.throws(() => checkMailboxName(name), { code: 'imap.bad-mailbox' }, name.slice(0, 20));
  }
  checkMailboxName(Array.from({ length: 64 }, () => 'a').join('/'));
  checkMailboxName('...');
  checkMailboxName('\u200fعربي');
  checkMailboxName('x'.repeat(255));
});

test('what clients send is read back', () => {
  for (const utf8 of [true, false]) {
    const name = 'Projekte/Größe & Maß';
    assert.equal(readMailboxName(writeMailboxName(name, { utf8 }), { utf8 }), name);
  }
});
