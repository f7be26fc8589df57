import assert from 'node:assert/strict';
import { test } from 'node:test';
import { latin1, utf8 } from '../bytes.ts';
import { readMime } from '../message/mime.ts';
import { writeBodyStructure } from './body-structure.ts';

const crlf = (text: string): Uint8Array => utf8(text.replaceAll('\n', '\r\n'));
const structure = (message: string): string =>
  latin1(writeBodyStructure(readMime(crlf(message)).root, { extended: true }));
const body = (message: string): string =>
  latin1(writeBodyStructure(readMime(crlf(message)).root, { extended: false }));

test('a text has lines, with and without extension data', () => {
  const message = 'Content-Type: text/plain; charset=utf-8; format=flowed\n\nhi\nyou\n';
  const basic = '"text" "plain" ("charset" "utf-8" "format" "flowed") NIL NIL "7bit" 9 2';
  assert.equal(body(message), `(${basic})`);
  assert.equal(structure(message), `(${basic} NIL NIL NIL NIL)`);
});

test('a missing type is text/plain in US-ASCII', () => {
  assert.equal(body('\nhi\n'), '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 4 1)');
  assert.equal(
    body('Content-Type: text/html\n\nhi\n'),
    '("text" "html" NIL NIL NIL "7bit" 4 1)',
    'what is not written is not told',
  );
});

test('id, description, encoding, MD5, disposition, languages and location', () => {
  const message =
    'Content-Type: IMAGE/PNG; Name="a \\"b\\".png"\nContent-ID: <c@d>\n' +
    'Content-Description: a picture\nContent-Transfer-Encoding: BASE64 (so)\n' +
    'Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==\n' +
    'Content-Disposition: attachment; filename=x.png; size=3\n' +
    'Content-Language: id (Indonesian), en\nContent-Location: http://x.test/a.png\n\nAAEC\n';
  assert.equal(
    structure(message),
    '("image" "png" ("name" "a \\"b\\".png") "<c@d>" "a picture" "base64" 6 ' +
      '"Q2hlY2sgSW50ZWdyaXR5IQ==" ("attachment" ("filename" "x.png" "size" "3")) ("id" "en") ' +
      '"http://x.test/a.png")',
  );
});

test('parts within parts', () => {
  const message =
    'Content-Type: multipart/mixed; boundary=x\nContent-Language: id\n\n--x\n\none\n--x\n' +
    'Content-Type: multipart/alternative; boundary=y\n\n' +
    '--y\nContent-Type: text/html\n\n<p>\n--y--\n--x--\n';
  const one = '"text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 3 0';
  const html = '"text" "html" NIL NIL NIL "7bit" 3 0';
  assert.equal(body(message), `((${one})((${html}) "alternative") "mixed")`);
  assert.equal(
    structure(message),
    `((${one} NIL NIL NIL NIL)((${html} NIL NIL NIL NIL) "alternative" ("boundary" "y") ` +
      'NIL NIL NIL) ' +
      '"mixed" ("boundary" "x") NIL ("id") NIL)',
  );
});

test('a message within a message, also one with UTF-8 in its head', () => {
  for (const subtype of ['rfc822', 'global']) {
    assert.equal(
      structure(`Content-Type: message/${subtype}\n\nSubject: inner\n\nhi\n`),
      `("message" "${subtype}" NIL NIL NIL "7bit" 22 ` +
        '(NIL "inner" NIL NIL NIL NIL NIL NIL NIL NIL) ' +
        '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 4 1 NIL NIL NIL NIL) 3 ' +
        'NIL NIL NIL NIL)',
    );
  }
  assert.equal(
    body('Content-Type: message/news\n\nSubject: x\n\n'),
    '("message" "news" NIL NIL NIL "7bit" 14)',
  );
});

test('what could not be looked into is told as a text', () => {
  const text = (size: number, encoding: string): string =>
    `("text" "plain" ("charset" "us-ascii") NIL NIL "${encoding}" ${size} 1)`;
  assert.equal(
    body('Content-Type: multipart/mixed; boundary=x\n\nno delimiter\n'),
    `(${text(14, '7bit')} "mixed")`,
  );
  assert.equal(
    body('Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViOiB4\n'),
    '("message" "rfc822" NIL NIL NIL "base64" 10 ' +
      `(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) ${text(10, 'base64')} 1)`,
  );
  assert.equal(
    body('Content-Type: multipart/mixed\n\nno boundary\n'),
    '("text" "plain" NIL NIL NIL "7bit" 13 1)',
  );
});

test('an encoding on a multipart does not hide its parts', () => {
  assert.equal(
    body(
      'Content-Type: multipart/mixed; boundary=x\nContent-Transfer-Encoding: base64\n\n' +
        '--x\n\nhi\n--x--\n',
    ),
    '(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 2 0) "mixed")',
  );
});

test('values in pieces are put together', () => {
  const message =
    'Content-Type: a/b; x*0=one; x*1=two\n' +
    "Content-Disposition: attachment; filename*0*=utf-8''%E2;\n" +
    ' filename*1=" (1)"; filename*2*=%2E\n\n';
  assert.equal(
    structure(message),
    '("a" "b" ("x" "onetwo") NIL NIL "7bit" 0 NIL ' +
      '("attachment" ("filename*" "utf-8\'\'%E2%20%281%29%2E")) NIL NIL)',
  );
  assert.match(
    structure('Content-Type: a/b; x*0=one; x*2=three\n\n'),
    /\("x\*0" "one" "x\*2" "three"\)/u,
  );
});

test('octets that are not US-ASCII come back as they were written', () => {
  const head = 'Content-Type: a/b; name="\xfc"\r\nContent-Description: \xe4\r\n\r\n';
  const octets = Uint8Array.from(head, (sign) => sign.charCodeAt(0));
  assert.equal(
    latin1(writeBodyStructure(readMime(octets).root, { extended: false })),
    '("a" "b" ("name" {1}\r\n\xfc) NIL {1}\r\n\xe4 "7bit" 0)',
  );
});

test('a disposition without a word is an attachment; an empty one is none', () => {
  assert.match(
    structure('Content-Disposition: ; filename=x\n\n'),
    /\("attachment" \("filename" "x"\)\) NIL NIL\)$/u,
  );
  assert.match(structure('Content-Disposition: \n\n'), / NIL NIL NIL NIL\)$/u);
});

test('a type with NUL in it is not taken for another one', () => {
  assert.match(body('Content-Type: mess\0age/rfc822\n\n'), /^\("mess\?age" "rfc822" .* 0\)$/u);
});

test('an unknown encoding is told as written', () => {
  assert.match(body('Content-Transfer-Encoding: x-mine (?)\n\n'), /"x-mine" 0 0\)$/u);
  assert.match(body('Content-Transfer-Encoding: 7-bit\n\n'), /"7bit" 0 0\)$/u);
});
