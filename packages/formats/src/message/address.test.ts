import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { mailboxesOf, makeMailbox, readAddressList } from './address.ts';
import { writeAddress, writeAddressField } from './field-writer.ts';
import { readHead } from './head.ts';
import { utf8 } from '../bytes.ts';
import { addressLimits } from './limits.ts';
import { SyntaxFault } from '../syntax-fault.ts';

/** `name <address>` of each mailbox, and the kinds of damage. */
function shown(value: string): string[] {
  const list = readAddressList(value);
  const people = mailboxesOf(list).map(({ name, address }) => `${name ?? ''}<${address}>`);
  return [...people, ...list.faults.map((fault) => fault.code)];
}

const good: readonly (readonly [string, readonly string[]])[] = [
  ['a@b.test', ['<a@b.test>']],
  ['Siti <siti@surat.test>', ['Siti<siti@surat.test>']],
  ['"Doe, J." <j@x.test>', ['Doe, J.<j@x.test>']],
  ['Joe Q. Public <j@x.test>', ['Joe Q. Public<j@x.test>']],
  ['j@x.test (Joe)', ['Joe<j@x.test>']],
  ['j@x.test (Joe (junior) \\) )', ['Joe (junior) )<j@x.test>']],
  ['"a\\"b" <x@y.test>', ['a"b<x@y.test>']],
  ['"john doe"@x.test', ['<"john doe"@x.test>']],
  ['"john.doe"@x.test', ['<john.doe@x.test>']],
  ['john . doe @ example . test', ['<john.doe@example.test>']],
  ['<@a.test,@b.test:c@d.test>', ['<c@d.test>']],
  ['a@[192.0.2.1], b@[IPv6:2001:db8::1]', ['<a@[192.0.2.1]>', '<b@[IPv6:2001:db8::1]>']],
  ['tim: a@b.test, "C" <c@d.test>; , e@f.test', ['<a@b.test>', 'C<c@d.test>', '<e@f.test>']],
  ['undisclosed-recipients:;', []],
  [', a@b.test,, c@d.test,', ['<a@b.test>', '<c@d.test>']],
  ['用户@例子.测试', ['<用户@例子.测试>']],
  ['=?utf-8?Q?S=C3=ADti?= =?utf-8?Q?_R?= X <s@x.test>', ['Síti R X<s@x.test>']],
  ['', []],
  ['(only a comment)', []],
];

const damaged: readonly (readonly [string, readonly string[]])[] = [
  ['Name <a@b.test', ['Name<a@b.test>', 'address-broken']],
  ['"Unclosed <a@b.test>', ['Unclosed<a@b.test>', 'quote-not-closed']],
  ['a@b@c.test', ['<"a@b"@c.test>', 'address-two-ats']],
  ['"x@evil.test y"@good.test', ['<"x@evil.test y"@good.test>']],
  ['John Doe a@b.test', ['John Doe<a@b.test>', 'address-no-angle']],
  ['root', ['<root>', 'address-no-domain']],
  ['John Doe', ['John Doe<>', 'address-no-domain']],
  ['a@b.test; c@d.test', ['<a@b.test>', '<c@d.test>', 'address-broken']],
  ['tim: a@b.test', ['<a@b.test>', 'group-not-closed']],
  ['(open <a@b.test>', ['comment-not-closed']],
  ['<<a@b.test>>', ['<a@b.test>', 'address-broken']],
  ['<>', ['address-broken']],
  ['"a@b.test"', ['<a@b.test>', 'address-broken']],
  ["'a@b.test'", ['<a@b.test>', 'address-broken']],
  ['mailto:a@b.test', ['<a@b.test>']],
  ['a@b.test.', ['<a@b.test>', 'address-broken']],
  ['=?utf-8?Q?Doe, John?= <j@x.test>', ['Doe, John<j@x.test>']],
];

for (const [value, expected] of [...good, ...damaged]) {
  test(`reads ${value}`, () => assert.deepEqual(shown(value), expected));
}

test('groups keep their name and members', () => {
  const { entries } = readAddressList('"My team": a@b.test;, x@y.test');
  assert.deepEqual(entries, [
    { group: 'My team', members: [makeMailbox(null, 'a', 'b.test')] },
    makeMailbox(null, 'x', 'y.test'),
  ]);
});

test('no more addresses than the limit', () => {
  const list = readAddressList('a@b.test,'.repeat(addressLimits.addressesMax + 3));
  assert.equal(list.entries.length, addressLimits.addressesMax);
  assert.deepEqual(
    list.faults.map((fault) => fault.code),
    ['addresses-too-many'],
  );
  const group = readAddressList(`g:${'a@b.test,'.repeat(addressLimits.addressesMax + 3)};`);
  assert.equal(mailboxesOf(group).length, addressLimits.addressesMax);
});

// ---------------------------------------------------------------- write and read

const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 60 });
const printable = text.filter((one) => !/[\u0000-\u001f\u007f]/u.test(one));
const domain = fc.oneof(
  fc.domain(),
  fc.constantFrom('例子.测试', 'xn--fsq.test', '[192.0.2.1]', '[IPv6:2001:db8::1]'),
);
const mailbox = fc
  .tuple(fc.option(text), printable, domain)
  .map(([name, local, host]) => makeMailbox(name, local, host));

test('any mailbox reads back as it was written', () => {
  fc.assert(
    fc.property(mailbox, (one) => {
      const [again, ...more] = mailboxesOf(readAddressList(writeAddress(one)));
      assert.deepEqual(again, one);
      assert.deepEqual(more, []);
    }),
    { numRuns: 1000 },
  );
});

test('any list reads back from its folded field, in US-ASCII too', () => {
  const plain = fc
    .tuple(fc.option(text), fc.stringMatching(/^[ -~]{1,40}$/u), fc.domain())
    .map(([name, local, host]) => makeMailbox(name, local, host));
  const entry = fc.oneof(
    plain,
    fc.record(
      { group: text, members: fc.array(plain, { maxLength: 3 }) },
      { noNullPrototype: true },
    ),
  );
  fc.assert(
    fc.property(
      fc.array(entry, { minLength: 1, maxLength: 8 }),
      fc.boolean(),
      (entries, isUtf8) => {
        const field = writeAddressField('To', entries, { utf8: isUtf8 });
        if (!isUtf8) assert.match(field, /^[\u0000-\u007f]*$/u);
        for (const line of field.split('\r\n')) assert.ok(utf8(line).length <= 998);
        const value = readHead(utf8(field)).fields[0]!.value();
        assert.deepEqual(readAddressList(value), { entries, faults: [] });
      },
    ),
    { numRuns: 500 },
  );
});

test('what cannot be written is refused', () => {
  const refuse = (local: string, host: string, isUtf8 = true): void => {
    const write = (): string => writeAddress(makeMailbox(null, local, host), { utf8: isUtf8 });
    assert.throws(write, SyntaxFault);
  };
  refuse('', 'b.test');
  refuse('a', '');
  refuse('a\r\nBcc: x', 'b.test');
  refuse('a', 'b.test>\r\nX: y');
  refuse('a', 'b test');
  refuse('用户', 'b.test', false);
  refuse('a'.repeat(1000), 'b.test');
});

test('a domain in any script has an US-ASCII form', () => {
  const written = writeAddress(makeMailbox(null, 'a', '例子.测试'), { utf8: false });
  assert.equal(written, 'a@xn--fsqu00a.xn--0zwm56d');
});
