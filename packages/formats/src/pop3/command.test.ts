import assert from 'node:assert/strict';
import test from 'node:test';
import * as fc from 'fast-check';
import { latin1, utf8 } from '../bytes.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import { type Pop3Command, readPop3Command, writePop3Command } from './command.ts';

const read = (line: string) => readPop3Command(utf8(line));

test('commands are read in any case and with spare spaces', () => {
  assert.deepEqual(read('top 7 10'), { name: 'TOP', message: 7, lines: 10 });
  assert.deepEqual(read('Retr  12 '), { name: 'RETR', message: 12 });
  assert.deepEqual(read('LIST'), { name: 'LIST', message: null });
  assert.deepEqual(read('uidl 3'), { name: 'UIDL', message: 3 });
  assert.deepEqual(read('quit '), { name: 'QUIT' });
  assert.deepEqual(read('LANG id-ID'), { name: 'LANG', range: 'id-ID' });
  assert.deepEqual(read('LANG *'), { name: 'LANG', range: '*' });
});

test('a password is everything behind the first space. RFC 1939 §7', () => {
  assert.deepEqual(read('PASS  two  words '), { name: 'PASS', password: ' two  words ' });
  assert.deepEqual(read('USER żółw@example.org '), { name: 'USER', user: 'żółw@example.org' });
});

test('AUTH carries its initial response. RFC 5034 §4', () => {
  assert.deepEqual(read('auth plain AGEAYg=='), {
    name: 'AUTH',
    mechanism: 'PLAIN',
    initial: utf8('\0a\0b'),
  });
  assert.deepEqual(read('AUTH X ='), { name: 'AUTH', mechanism: 'X', initial: new Uint8Array(0) });
  assert.deepEqual(read('AUTH PLAIN'), { name: 'AUTH', mechanism: 'PLAIN', initial: null });
  assert.deepEqual(read('AUTH'), { name: 'AUTH', mechanism: null, initial: null });
});

test('what is not of the grammar is a SyntaxFault', () => {
  const faults: readonly [string, string][] = [
    ['', 'unknown-command'],
    ['APOP a b', 'unknown-command'],
    [' STAT', 'unknown-command'],
    ['STAT 1', 'bad-arguments'],
    ['RETR', 'bad-arguments'],
    ['RETR -1', 'bad-arguments'],
    ['RETR 1e3', 'bad-arguments'],
    ['RETR 1 2', 'bad-arguments'],
    [`RETR ${'9'.repeat(16)}`, 'bad-arguments'],
    ['TOP 1', 'bad-arguments'],
    ['PASS', 'bad-arguments'],
    ['PASS ', 'bad-arguments'],
    ['USER  ', 'bad-arguments'],
    ['USER a\0b', 'bad-octets'],
    ['PASS a\rb', 'bad-octets'],
    ['AUTH PLAIN ???', 'bad-base64'],
    ['AUTH PLA!N', 'bad-arguments'],
    ['LANG not_a_language', 'bad-arguments'],
    [`NOOP${' '.repeat(20_000)}`, 'line-too-long'],
  ];
  for (const [line, code] of faults) {
    assert.throws(() => read(line), { name: 'SyntaxFault', code: `pop3.${code}` }, line);
  }
  assert.throws(() => readPop3Command(Uint8Array.of(0x50, 0x41, 0x53, 0x53, 0x20, 0xff)), {
    code: 'pop3.bad-octets',
  });
});

const number = fc.integer({ min: 0, max: 1_000_000 });
const nullable = fc.option(number);
const printable = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 });
const clean = printable.filter((text) => !/[\p{Cc}\p{Cs}]/u.test(text));
const anyCommand: fc.Arbitrary<Pop3Command> = fc.oneof(
  fc.constantFrom('CAPA', 'STAT', 'NOOP', 'RSET', 'QUIT', 'STLS', 'UTF8').map((name) => ({ name })),
  clean.filter((user) => user.trim() === user).map((user) => ({ name: 'USER' as const, user })),
  clean.map((password) => ({ name: 'PASS' as const, password })),
  fc.record({ name: fc.constantFrom('LIST', 'UIDL'), message: nullable }),
  fc.record({ name: fc.constantFrom('RETR', 'DELE'), message: number }),
  fc.record({ name: fc.constant('TOP'), message: number, lines: number }),
  fc.record({ name: fc.constant('LANG'), range: fc.constantFrom(null, '*', 'en', 'id-ID') }),
  fc.record({
    name: fc.constant('AUTH'),
    mechanism: fc.constantFrom('PLAIN', 'SCRAM-SHA-256-PLUS'),
    initial: fc.option(fc.uint8Array({ maxLength: 200 })),
  }),
);

test('writing and reading a command gives it back', () => {
  fc.assert(
    fc.property(anyCommand, (command) => {
      const line = writePop3Command(command);
      assert.equal(latin1(line.subarray(-2)), '\r\n');
      assert.deepEqual(readPop3Command(line.subarray(0, -2)), { ...command });
    }),
  );
});

test('what cannot be written is refused rather than written wrongly', () => {
  for (const command of [
    { name: 'PASS', password: 'a\r\nDELE 1' },
    { name: 'USER', user: 'a\nb' },
    { name: 'USER', user: ' a' },
    { name: 'PASS', password: '' },
    { name: 'RETR', message: -1 },
    { name: 'RETR', message: 1.5 },
  ] as const) {
    assert.throws(() => writePop3Command(command), SyntaxFault);
  }
});
