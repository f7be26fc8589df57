import assert from 'node:assert/strict';
import { isIPv4, isIPv6 } from 'node:net';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { readAddress, writeAddress } from './address.ts';

test('IPv6 is written as RFC 5952 §4 recommends', () => {
  const cases = [
    ['2001:0db8::0001', '2001:db8::1'],
    ['2001:db8:0:0:0:0:2:1', '2001:db8::2:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
  ];
  for (const [given, expected] of cases) {
    const octets = readAddress(given ?? '');
    assert.ok(octets, given);
    assert.equal(writeAddress(octets), expected);
  }
});

test('what is no address is refused', () => {
  const bad =
    '1.2.3|1.2.3.4.5|01.2.3.4|256.1.1.1|1.2.3.|::1%lo|1:2:3:4:5:6:7|:::|1::2::3|12345::|' +
    '::1.2.3|:1|1:|g::|1:2:3:4:5:6:7::8|1:2:3:4:5:6:7:8::|';
  for (const text of bad.split('|')) assert.equal(readAddress(text), null, text);
});

test('octets and text: identity, and the same opinion as the system', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ minLength: 4, maxLength: 4 }),
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        fc.array(fc.constantFrom(0, 1, 255), { minLength: 16, maxLength: 16 }),
      ),
      (octets) => {
        const text = writeAddress(Uint8Array.from(octets));
        assert.deepEqual(readAddress(text), Uint8Array.from(octets));
        assert.ok(octets.length === 4 ? isIPv4(text) : isIPv6(text));
      },
    ),
  );
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.stringMatching(/^[0-9a-f:.]{1,20}$/)), (text) => {
      assert.equal(readAddress(text) !== null, isIPv4(text) || isIPv6(text), text);
    }),
  );
});
