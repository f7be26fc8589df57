import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SyntaxFault } from '../syntax-fault.ts';
import { readMessageUrl } from './url.ts';

const whole = { part: [], text: null, fields: [] };

test('a message, by its mailbox and uid', () => {
  assert.deepEqual(readMessageUrl('/INBOX/;UID=20'), {
    mailbox: 'INBOX',
    uidValidity: null,
    uid: 20,
    section: whole,
    partial: null,
  });
  assert.equal(readMessageUrl('/inbox;uidvalidity=78/;uid=20').mailbox, 'INBOX');
  assert.equal(readMessageUrl('/inbox;uidvalidity=78/;uid=20').uidValidity, 78);
  assert.equal(readMessageUrl('/a/b/;UID=1').mailbox, 'a/b');
  assert.equal(readMessageUrl('/T%C3%A9%20x/;UID=1').mailbox, 'Té x');
  assert.equal(readMessageUrl(';UID=1').mailbox, null);
  assert.equal(readMessageUrl('/;UID=1').mailbox, null);
});

test('a part of it', () => {
  const read = (rest: string): unknown => {
    const { section, partial } = readMessageUrl(`/INBOX/;UID=1/${rest}`);
    return [section, partial];
  };
  assert.deepEqual(read(';SECTION=1.5.9'), [{ part: [1, 5, 9], text: null, fields: [] }, null]);
  assert.deepEqual(read(';section=2.MIME/;partial=3.100'), [
    { part: [2], text: 'mime', fields: [] },
    { first: 3, count: 100 },
  ]);
  assert.deepEqual(read(';section=HEADER.FIELDS%20(To%20%22Cc%22)'), [
    { part: [], text: 'header.fields', fields: ['To', 'Cc'] },
    null,
  ]);
  assert.deepEqual(read(';PARTIAL=7'), [whole, { first: 7, count: 4_294_967_295 }]);
});

test('what is no URL of a message of one’s own', () => {
  const bad = [
    '',
    '/',
    '/INBOX',
    '/INBOX/;UID=0',
    '/INBOX/;UID=4294967296',
    '/INBOX/;UID=1/;SECTION=',
    '/INBOX/;UID=1/;SECTION=0',
    '/INBOX/;UID=1/;SECTION=1]x',
    '/INBOX/;UID=1/;PARTIAL=x',
    '/INBOX;UIDVALIDITY=0/;UID=1',
    '/%zz/;UID=1',
    '/%ff/;UID=1',
    '/a//b/;UID=1',
    'imap://elsewhere.test/INBOX/;UID=1',
    '/INBOX/;UID=1;URLAUTH=anonymous:internal:1',
  ];
  for (const url of bad) {
    assert.throws(
      () => readMessageUrl(url),
      (error) => error instanceof SyntaxFault && error.code === 'imap.bad-url',
      url,
    );
  }
});
