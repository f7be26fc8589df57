/** PROXY protocol headers, octet by octet. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readProxyHeader } from './proxy-header.ts';

const signature = '\r\n\r\n\0\r\nQUIT\n';

function v2(command: number, family: number, addresses: Uint8Array, tlvs = ''): Buffer {
  const head = Buffer.from(`${signature}\0\0\0\0`, 'latin1');
  head[12] = 0x20 | command;
  head[13] = family;
  head.writeUInt16BE(addresses.length + tlvs.length, 14);
  return Buffer.concat([head, addresses, Buffer.from(tlvs)]);
}

const ports = [0x30, 0x39, 0, 25];
const ipv4 = Uint8Array.of(192, 0, 2, 7, 198, 51, 100, 1, ...ports);
const ipv6 = Uint8Array.of(
  ...[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7],
  ...[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8],
  ...ports,
);

describe('PROXY protocol', () => {
  test('version 1', () => {
    const line = 'PROXY TCP4 192.0.2.7 198.51.100.1 12345 25\r\n';
    const source = { address: '192.0.2.7', port: 12_345 };
    const expected = { kind: 'header', length: line.length, source };
    assert.deepEqual(readProxyHeader(Buffer.from(`${line}EHLO x\r\n`)), expected);
    const six = readProxyHeader(Buffer.from('PROXY TCP6 2001:db8::7 2001:db8::8 1 2\r\n'));
    assert.deepEqual(six.kind === 'header' && six.source, { address: '2001:db8::7', port: 1 });
    const unknown = readProxyHeader(Buffer.from('PROXY UNKNOWN whatever\r\n'));
    assert.equal(unknown.kind === 'header' && unknown.source, null);
  });

  test('version 2', () => {
    const four = readProxyHeader(Buffer.concat([v2(1, 0x11, ipv4, 'tlv'), Buffer.from('EHLO')]));
    const source = { address: '192.0.2.7', port: 12_345 };
    assert.deepEqual(four, { kind: 'header', length: 31, source });
    const six = readProxyHeader(v2(1, 0x21, ipv6));
    assert.deepEqual(six.kind === 'header' && six.source?.address, '2001:db8::7');
    const local = readProxyHeader(v2(0, 0, new Uint8Array(0)));
    assert.deepEqual(local, { kind: 'header', length: 16, source: null });
    assert.equal(readProxyHeader(v2(1, 0x31, new Uint8Array(216))).kind, 'header');
  });

  test('octet by octet: more, until it is there', () => {
    for (const whole of [
      Buffer.from('PROXY TCP4 192.0.2.7 198.51.100.1 12345 25\r\n'),
      v2(1, 0x21, ipv6, 'tlvs'),
    ]) {
      for (let length = 0; length < whole.length; length += 1) {
        assert.equal(readProxyHeader(whole.subarray(0, length)).kind, 'more');
      }
      assert.equal(readProxyHeader(whole).kind, 'header');
    }
  });

  test('what is none', () => {
    const bad = [
      'EHLO x\r\n',
      'PROXY TCP4 192.0.2.7 198.51.100.1 12345\r\n',
      'PROXY TCP4 192.0.2.7 198.51.100.1 12345 99999\r\n',
      'PROXY TCP4 2001:db8::7 198.51.100.1 1 2\r\n',
      'PROXY TCP6 192.0.2.7 192.0.2.8 1 2\r\n',
      `PROXY TCP4 ${'1'.repeat(120)}`,
      '\r\n\r\n\0\r\nQUIX\n',
    ];
    for (const text of bad) assert.equal(readProxyHeader(Buffer.from(text)).kind, 'bad', text);
    assert.equal(readProxyHeader(v2(1, 0x11, new Uint8Array(4))).kind, 'bad');
    assert.equal(readProxyHeader(v2(2, 0x11, ipv4)).kind, 'bad');
    assert.equal(readProxyHeader(v2(1, 0x11, ipv4, 'x'.repeat(5000))).kind, 'bad');
  });
});
