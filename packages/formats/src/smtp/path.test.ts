/** Paths and the normal form of addresses. RFC 5321 §4.1.2; RFC 6531 §3.3; RFC 5890 §2.3.2.1. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SyntaxFault } from '../syntax-fault.ts';
import {
  isAddressLiteral,
  normalAddress,
  normalDomain,
  normalLocal,
  readPath,
  splitAddress,
} from './path.ts';

describe('paths', () => {
  const good: [text: string, mailbox: string | null, rest: string][] = [
    ['<a@b.example>', 'a@b.example', ''],
    ['<>', null, ''],
    [' <a@b.example> SIZE=1', 'a@b.example', ' SIZE=1'],
    ['<Postmaster>', 'Postmaster', ''],
    ['<"a b"@c.example>', '"a b"@c.example', ''],
    ['<"a>b\\"c@d"@e.example> X', '"a>b\\"c@d"@e.example', ' X'],
    ['<@x.example,@y.example:a@b.example>', 'a@b.example', ''],
    ['<a@[192.0.2.1]>', 'a@[192.0.2.1]', ''],
    ['<a@[IPv6:2001:db8::1]>', 'a@[IPv6:2001:db8::1]', ''],
    ['<пошта@почта.рф>', 'пошта@почта.рф', ''],
    ["<!#$%&'*+-/=?^_`{|}~@b.example>", "!#$%&'*+-/=?^_`{|}~@b.example", ''],
    ['<a%b.example@c.example>', 'a%b.example@c.example', ''],
    ['<under_score@my_host.example>', 'under_score@my_host.example', ''],
  ];
  for (const [text, mailbox, rest] of good) {
    test(text, () => {
      const read = readPath(text);
      assert.equal(read.path?.text ?? null, mailbox);
      assert.equal(read.rest, rest);
    });
  }

  const bad = [
    'a@b.example',
    '<a@b.example',
    '<a@b.example>x',
    '<a>',
    '<a@>',
    '<@b.example>',
    '<a..b@c.example>',
    '<.a@b.example>',
    '<a.@b.example>',
    '<a b@c.example>',
    '<a@b@c.example>',
    '<a@b..example>',
    '<a@-b.example>',
    '<a@b.example->',
    '<a@[300.0.0.1]>',
    '<a@[IPv6:zz]>',
    '<"a"b@c.example>',
    '<@x:>',
    '<<a@b.example>>',
    `<${'a'.repeat(65)}@b.example>`,
    `<a@${'b.'.repeat(130)}example>`,
    '<a@b.example\u0000>',
  ];
  for (const text of bad) {
    test(`not ${text.slice(0, 40)}`, () => {
      assert.throws(
        () => readPath(text),
        (error) => error instanceof SyntaxFault,
      );
    });
  }
});

describe('normal forms', () => {
  test('domains', () => {
    assert.equal(normalDomain('Example.ORG.'), 'example.org');
    assert.equal(normalDomain('BÜCHER.example'), 'xn--bcher-kva.example');
    assert.equal(normalDomain('ｅｘａｍｐｌｅ.org'), 'example.org');
    assert.equal(normalDomain('[IPv6:2001:DB8::1]'), '[ipv6:2001:db8::1]');
    assert.equal(normalDomain('１.２.３.４'), null);
    assert.equal(normalDomain('a b'), null);
    assert.equal(normalDomain(''), null);
    assert.equal(normalDomain('a..b'), null);
  });

  test('local parts', () => {
    assert.equal(normalLocal('You+Tag'), 'you+tag');
    assert.equal(normalLocal('"you"'), 'you');
    assert.equal(normalLocal('"y\\ou.x"'), 'you.x');
    assert.equal(normalLocal('"a b"'), '"a b"');
    assert.equal(normalLocal('"a@b"'), '"a@b"');
    assert.equal(normalLocal('A\u0308'), 'ä');
  });

  test('addresses', () => {
    assert.equal(normalAddress('"You"@Bücher.example'), 'you@xn--bcher-kva.example');
    assert.equal(normalAddress('nobody'), null);
    assert.deepEqual(splitAddress('"a@b"@c'), { local: '"a@b"', domain: 'c' });
    assert.equal(splitAddress('@c'), null);
    assert.equal(splitAddress('a@'), null);
  });

  test('address literals', () => {
    assert.equal(isAddressLiteral('[127.0.0.1]'), true);
    assert.equal(isAddressLiteral('[IPv6:::1]'), true);
    assert.equal(isAddressLiteral('127.0.0.1'), false);
    assert.equal(isAddressLiteral('[tag:x]'), false);
  });
});
