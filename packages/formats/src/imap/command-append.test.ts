import assert from 'node:assert/strict';
import test from 'node:test';
import { ascii, utf8 } from '../bytes.ts';
import {
  type AppendNext,
  type AppendPlace,
  readAppendNext,
  readAppendStart,
} from './command-append.ts';
import type { CommandParts } from './command.ts';
import { imapLimits } from './limits.ts';

const plain = { utf8: false };
const start = (line: string) => readAppendStart([utf8(line)], plain);

/** Reads a whole APPEND whose message literals are left out: one line after the other. */
function stepsOf(...lines: readonly string[]): string[] {
  let place: AppendPlace | null = null;
  const shown: string[] = [];
  for (const line of lines) {
    const read: AppendNext | null =
      place === null ? start(line) : readAppendNext(place, [utf8(line)], plain);
    assert.ok(read !== null);
    place = read.place;
    for (const step of read.steps) {
      if (step.step === 'url') shown.push(`url ${step.url}`);
      else if (step.step === 'data') shown.push(`data ${step.literal.octets}`);
      else if (step.step === 'message') shown.push(`message ${step.form}`);
      else shown.push(step.step);
    }
  }
  return shown;
}

test('APPEND with flags and date. RFC 9051 §6.3.12', () => {
  const read = start('a1 APPEND inbox (\\Seen $x) " 1-Jan-1970 00:00:10 +0000" {310}');
  assert.deepEqual(read?.command, { tag: 'a1', name: 'append', mailbox: 'INBOX' });
  assert.deepEqual(read.steps, [
    {
      step: 'message',
      flags: { system: ['seen'], keywords: ['$x'] },
      internalDateMs: 10_000,
      form: 'plain',
    },
    { step: 'data', literal: { octets: 310, isSync: true, isBinary: false, at: 56 } },
  ]);
  assert.deepEqual(readAppendNext(read.place, [ascii('')], plain)?.steps, [
    { step: 'message-end' },
    { step: 'end' },
  ]);
});

test('several messages, in UTF8, from parts. RFC 3502, RFC 6855 §4, RFC 4469', () => {
  assert.deepEqual(stepsOf('a APPEND b {3}', ' (\\Seen) ~{4+}', ''), [
    'message plain',
    'data 3',
    'message-end',
    'message plain',
    'data 4',
    'message-end',
    'end',
  ]);
  assert.deepEqual(stepsOf('a APPEND b UTF8 (~{3}', ')'), [
    'message utf8',
    'data 3',
    'message-end',
    'end',
  ]);
  assert.deepEqual(
    stepsOf('a APPEND b CATENATE (URL "/x" TEXT {3}', ' TEXT {4}', ' URL "/y") (\\Draft) {5}', ''),
    [
      'message catenate',
      'url /x',
      'data 3',
      'data 4',
      'url /y',
      'message-end',
      'message plain',
      'data 5',
      'message-end',
      'end',
    ],
  );
});

test('REPLACE is of one message. RFC 8508', () => {
  const read = start('a1 UID REPLACE 7 Drafts (\\Draft) {9}');
  assert.deepEqual(read?.command, {
    tag: 'a1',
    name: 'replace',
    uid: true,
    number: 7,
    mailbox: 'Drafts',
  });
  assert.equal(start('a1 REPLACE * Drafts {9}')?.command.name, 'replace');
  assert.throws(() => readAppendNext(read.place, [ascii(' {9}')], plain), {
    code: 'imap.too-many',
  });
});

test('a name or URL that is a literal is to be collected first', () => {
  assert.equal(start('a1 APPEND {5}'), null);
  const parts: CommandParts = [
    ascii('a1 APPEND {5}'),
    { literal: ascii('inbox'), binary: false },
    ascii(' {3}'),
  ];
  assert.equal(readAppendStart(parts, plain)?.command.mailbox, 'INBOX');
  const read = start('a1 APPEND INBOX CATENATE (TEXT {2}');
  assert.ok(read !== null);
  assert.equal(readAppendNext(read.place, [ascii(' URL {2}')], plain), null);
  const more: CommandParts = [
    ascii(' URL {2}'),
    { literal: ascii('/x'), binary: false },
    ascii(')'),
  ];
  assert.deepEqual(readAppendNext(read.place, more, plain)?.steps, [
    { step: 'url', url: '/x' },
    { step: 'message-end' },
    { step: 'end' },
  ]);
});

test('what is no APPEND', () => {
  for (const line of [
    'a1 APPEND INBOX',
    'a1 APPEND INBOX "text"',
    'a1 APPEND INBOX (\\Recent) {3}',
    'a1 APPEND INBOX "31-Feb-2026 00:00:00 +0000" {3}',
    'a1 APPEND INBOX CATENATE () ',
    'a1 APPEND INBOX CATENATE (TEXT "x")',
    'a1 APPEND ../x {3}',
    'a1 UID APPEND INBOX {3}',
    'a1 REPLACE 1:2 INBOX {3}',
    'a1 REPLACE 0 INBOX {3}',
    'a1 NOOP',
  ]) {
    assert.throws(() => start(line), { name: 'SyntaxFault' }, line);
  }
  const utf8Form = start('a1 APPEND INBOX UTF8 (~{3}');
  assert.ok(utf8Form !== null);
  assert.throws(() => readAppendNext(utf8Form.place, [ascii('')], plain), { name: 'SyntaxFault' });
});

test('messages and parts have a bound', () => {
  const read = start('a1 APPEND INBOX {3}');
  assert.ok(read !== null);
  const place = { ...read.place, messages: imapLimits.appendMessagesMax };
  assert.throws(() => readAppendNext(place, [ascii(' {3}')], plain), { code: 'imap.too-many' });
  const urls = ' URL /x'.repeat(imapLimits.catenatePartsMax + 1).slice(1);
  assert.throws(() => start(`a1 APPEND INBOX CATENATE (${urls})`), { code: 'imap.too-many' });
});
