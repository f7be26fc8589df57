import assert from 'node:assert/strict';
import { test } from 'node:test';
import { latin1, utf8 } from '../bytes.ts';
import { readHead } from '../message/head.ts';
import { writeEnvelope } from './envelope.ts';

const envelope = (head: string): string =>
  latin1(writeEnvelope(readHead(utf8(`${head.replaceAll('\n', '\r\n')}\r\n\r\n`))));
const siti = '(("Siti" NIL "siti" "surat.test"))';

test('tells ten fields, and who else is the author', () => {
  const head =
    'Date: Mon, 7 Feb 1994 21:52:25 -0800\nSubject: afternoon meeting\n' +
    'From: Siti <siti@surat.test>\n' +
    'To: you@merpati.test, "A \\"B\\"" <a@b.test>\nMessage-ID: <1@surat.test>\nIn-Reply-To: <0@x>';
  assert.equal(
    envelope(head),
    `("Mon, 7 Feb 1994 21:52:25 -0800" "afternoon meeting" ${siti} ${siti} ${siti} ` +
      '((NIL NIL "you" "merpati.test")("A \\"B\\"" NIL "a" "b.test")) NIL NIL ' +
      '"<0@x>" "<1@surat.test>")',
  );
});

test('tells what is there and empty from what is not there', () => {
  assert.equal(envelope('X: y'), '(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)');
  assert.equal(
    envelope(
      'Date:\nSubject: \nMessage-ID:\nIn-Reply-To:\nTo:\nFrom: a@b.test\nSender:\nReply-To: ,',
    ),
    '("" "" ((NIL NIL "a" "b.test")) ((NIL NIL "a" "b.test")) ((NIL NIL "a" "b.test")) ' +
      'NIL NIL NIL "" "")',
  );
});

test('leaves encoded words as they are, and takes quotes and folds away', () => {
  assert.equal(
    envelope(
      'Subject: =?utf-8?Q?=C3=A9?=\n =?utf-8?Q?=C3=A9?=\nFrom: "=?utf-8?B?w6k=?=" <a@b.test>',
    ),
    '(NIL "=?utf-8?Q?=C3=A9?= =?utf-8?Q?=C3=A9?=" (("=?utf-8?B?w6k=?=" NIL "a" "b.test")) ' +
      '(("=?utf-8?B?w6k=?=" NIL "a" "b.test")) (("=?utf-8?B?w6k=?=" NIL "a" "b.test")) ' +
      'NIL NIL NIL NIL NIL)',
  );
});

test('writes groups, routes and addresses without a domain', () => {
  const to =
    'tim: a@b.test, Budi <c@d.test>;, <@one.test,@two.test:e@f.test>, nobody, ' +
    'undisclosed:;, g@h.test';
  assert.match(
    envelope(`To: ${to}`),
    new RegExp(
      String.raw`\(\(NIL NIL "tim" NIL\)\(NIL NIL "a" "b\.test"\)\("Budi" NIL "c" "d\.test"\)` +
        String.raw`\(NIL NIL NIL NIL\)\(NIL "@one\.test,@two\.test" "e" "f\.test"\)` +
        String.raw`\(NIL NIL "nobody" ""\)\(NIL NIL "undisclosed" NIL\)\(NIL NIL NIL NIL\)` +
        String.raw`\(NIL NIL "g" "h\.test"\)\)`,
      'u',
    ),
  );
});

test('tells all addresses of a field that occurs twice, and the first of other fields', () => {
  assert.match(
    envelope('To: a@b.test\nSubject: one\nTo: c@d.test\nSubject: two'),
    /^\(NIL "one" NIL NIL NIL \(\(NIL NIL "a" "b\.test"\)\(NIL NIL "c" "d\.test"\)\)/u,
  );
});

test('gives octets that are not US-ASCII back as they came, as literals', () => {
  const head = 'Subject: Gr\xfc\xdfe\r\nFrom: J\xf6rg <j@x.test>\r\n\r\n';
  const octets = Uint8Array.from(head, (sign) => sign.charCodeAt(0));
  const person = '(({4}\r\nJ\xf6rg NIL "j" "x.test"))';
  assert.equal(
    latin1(writeEnvelope(readHead(octets))),
    `(NIL {5}\r\nGr\xfc\xdfe ${person} ${person} ${person} NIL NIL NIL NIL NIL)`,
  );
  assert.match(envelope('Subject: Grüße'), /^\(NIL \{7\}\r\nGr\u00c3\u00bc\u00c3\u009fe NIL/u);
});

test('writes NUL as a question mark, and other control characters as literals', () => {
  assert.match(envelope('Subject: a\0b'), /^\(NIL "a\?b" /u);
  assert.match(envelope('Subject: a\x07b'), /^\(NIL \{3\}\r\na\u0007b NIL/u);
});
