import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { SyntaxFault } from '../syntax-fault.ts';
import { readStsId, readStsPolicy, stsNames, stsPolicyLines } from './sts.ts';

test('the record: one of its kind, with an id. RFC 8461 §3.1', () => {
  const cases: readonly (readonly [readonly string[], string | null])[] = [
    [['v=STSv1; id=20160831085700Z;'], '20160831085700Z'],
    [['v=STSv1;id=1'], '1'],
    [['v=STSv1; new=thing; id=abc; id=def'], 'abc'],
    [['v=spf1 -all', 'v=STSv1; id=7;'], '7'],
    [['v=STSv1; id=1;', 'v=STSv1; id=2;'], null],
    [['v=STSv1;'], null],
    [['v=STSv1; id=with-dash;'], null],
    [[`v=STSv1; id=${'a'.repeat(33)};`], null],
    [['v=STSv10; id=1;'], null],
    [['V=STSv1; id=1;'], null],
    [[], null],
  ];
  for (const [texts, id] of cases) assert.equal(readStsId(texts), id, texts.join(' | '));
});

test('a policy as the RFC has it', () => {
  const text = [
    'version: STSv1',
    'mode: enforce',
    'mx: mail.example.com',
    'mx: *.Example.NET',
    'mx: backupmx.example.com',
    'max_age: 604800',
  ].join('\r\n');
  const policy = readStsPolicy(`${text}\r\n`);
  assert.deepEqual(policy, {
    mode: 'enforce',
    maxAgeS: 604_800,
    mx: ['mail.example.com', '*.example.net', 'backupmx.example.com'],
  });
  assert.deepEqual(readStsPolicy(stsPolicyLines(policy).join('\n')), policy);
});

test('the first of a key counts, unknown ones do not, a year is the longest', () => {
  const text =
    'version: STSv1\nmode: testing\nmode: enforce\nx-new: a b\nmx:a.test\nmax_age: 9999999999\n\n';
  assert.deepEqual(readStsPolicy(text), { mode: 'testing', maxAgeS: 31_557_600, mx: ['a.test'] });
  const none = readStsPolicy('version: STSv1\nmode: none\nmax_age: 86400');
  assert.deepEqual(none, { mode: 'none', maxAgeS: 86_400, mx: [] });
});

test('what is no policy', () => {
  const good = ['version: STSv1', 'mode: enforce', 'mx: a.test', 'max_age: 1'];
  const without = (i: number, ...more: string[]) =>
    [...good.filter((_, at) => at !== i), ...more].join('\n');
  const cases = [
    ['sts.version', without(0)],
    ['sts.version', without(0, 'version: STSv2')],
    ['sts.mode', without(1)],
    ['sts.mode', without(1, 'mode: Enforce')],
    ['sts.hosts', without(2)],
    ['sts.mx', without(2, 'mx: a..test')],
    ['sts.mx', without(2, 'mx: *')],
    ['sts.mx', without(2, 'mx: mail.*.test')],
    ['sts.age', without(3)],
    ['sts.age', without(3, 'max_age: -1')],
    ['sts.age', without(3, 'max_age: 12345678901')],
    ['sts.line', `${good.join('\n')}\n<html>`],
    ['sts.long', `${good.join('\n')}\nx: ${'a'.repeat(65_536)}`],
    ['sts.hosts', `${good.join('\n')}\n${'mx: a.test\n'.repeat(201)}`],
  ] as const;
  for (const [code, text] of cases) {
    assert.throws(
      () => readStsPolicy(text),
      (error) => error instanceof SyntaxFault && error.code === code,
      `${code}: ${text.slice(0, 80)}`,
    );
  }
});

test('which hosts are meant: `*` is one label. RFC 8461 §4.1', () => {
  const policy = { mx: ['mail.example.com', '*.example.net'] };
  assert.ok(stsNames(policy, 'MAIL.example.com'));
  assert.ok(stsNames(policy, 'mx1.example.net'));
  for (const host of [
    'example.net',
    'a.b.example.net',
    'example.com',
    'xmail.example.com',
    'net',
  ]) {
    assert.ok(!stsNames(policy, host), host);
  }
});

test('no text makes it throw anything else', () => {
  const line = fc.oneof(
    fc.constantFrom('version: STSv1', 'mode: enforce', 'max_age: 60', 'mx: a.test', 'mx: *.b.test'),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(line), (lines) => {
      try {
        const policy = readStsPolicy(lines.join('\n'));
        assert.deepEqual(readStsPolicy(stsPolicyLines(policy).join('\r\n')), policy);
      } catch (error) {
        assert.ok(error instanceof SyntaxFault);
      }
    }),
  );
});
