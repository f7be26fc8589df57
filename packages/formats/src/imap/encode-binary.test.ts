import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concat, latin1, utf8 } from '../bytes.ts';
import { readContent, readMime } from '../message/mime.ts';
import { encodeBinaryParts } from './encode-binary.ts';

const encode = (message: string): string =>
  latin1(concat(encodeBinaryParts(utf8(message.replaceAll('\n', '\r\n')))));

test('a message without NUL is left alone', () => {
  assert.equal(encode('A: b\n\ntext'), 'A: b\r\n\r\ntext');
});

test('the field that names the encoding is replaced, or made', () => {
  const head = 'Content-Type: a/b\r\n';
  assert.equal(
    encode('Content-Type: a/b\ncontent-transfer-encoding: binary\nX: y\n\n\0\x01'),
    `${head}Content-Transfer-Encoding: base64\r\nX: y\r\n\r\nAAE=\r\n`,
  );
  assert.equal(
    encode('Content-Type: a/b\n\n\0'),
    `${head}Content-Transfer-Encoding: base64\r\n\r\nAA==\r\n`,
  );
});

test('only the parts that need it', () => {
  const written = encode(
    'Content-Type: multipart/mixed; boundary=x\n\n--x\n\ntext\n--x\n\n\0a\n--x\n' +
      'Content-Type: message/rfc822\n\nSubject: y\n\n\0b\n--x--\n',
  );
  assert.ok(!written.includes('\0'));
  assert.ok(
    written.includes('--x\r\n\r\ntext\r\n--x\r\nContent-Transfer-Encoding: base64\r\n\r\n'),
  );
  const bytes = utf8(written);
  const { root } = readMime(bytes);
  const content = root.parts.map((part) => latin1(readContent(bytes, part.message ?? part)));
  assert.deepEqual(content, ['text', '\0a', '\0b']);
});
