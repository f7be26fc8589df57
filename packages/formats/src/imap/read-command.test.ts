import assert from 'node:assert/strict';
import test from 'node:test';
import { ascii, utf8 } from '../bytes.ts';
import type { Command, CommandParts } from './command.ts';
import { imapLimits } from './limits.ts';
import { readCommand, readSaslAnswer } from './read-command.ts';
import { noListReturns } from './read-mailbox-command.ts';

/** Strings are lines, octets are literals. */
function parts(...pieces: readonly (string | Uint8Array)[]): CommandParts {
  return pieces.map((piece) =>
    typeof piece === 'string' ? utf8(piece) : { literal: piece, binary: piece.includes(0) },
  );
}

const read = (...pieces: readonly (string | Uint8Array)[]): Command =>
  readCommand(parts(...pieces), { utf8: false });

/** What is read, without tag and name. */
function facts(line: string): Record<string, unknown> {
  const { tag, name, ...rest } = read(line);
  assert.equal(tag, 'a1');
  assert.ok(name.length > 0);
  return rest;
}

test('a tag, a command in any case, and nothing more', () => {
  assert.deepEqual(read('a1 NOOP'), { tag: 'a1', name: 'noop' });
  assert.deepEqual(read('0]x. logOut ').tag, '0]x.');
  for (const name of ['CAPABILITY', 'CHECK', 'CLOSE', 'IDLE', 'NAMESPACE', 'STARTTLS'] as const) {
    assert.deepEqual(read(`a1 ${name}`), { tag: 'a1', name: name.toLowerCase() });
  }
  assert.deepEqual(read('a1 unselect').name, 'unselect');
  assert.deepEqual(read('a1 UNAUTHENTICATE').name, 'unauthenticate');
});

test('LOGIN takes atoms, quoted strings and literals. RFC 9051 §6.2.3', () => {
  assert.deepEqual(facts('a1 LOGIN rina "pa \\"ss\\\\"'), { user: 'rina', password: 'pa "ss\\' });
  assert.deepEqual(read('a1 LOGIN {4+}', utf8('rina'), ' {4}', utf8('sür'), ''), {
    tag: 'a1',
    name: 'login',
    user: 'rina',
    password: 'sür',
  });
  assert.deepEqual(facts('a1 LOGIN a]b ""'), { user: 'a]b', password: '' });
});

test('AUTHENTICATE, with an initial response or without. RFC 4959', () => {
  assert.deepEqual(facts('a1 authenticate plain AGEAYg=='), {
    mechanism: 'PLAIN',
    initial: utf8('\0a\0b'),
  });
  assert.deepEqual(facts('a1 AUTHENTICATE X ='), { mechanism: 'X', initial: new Uint8Array(0) });
  assert.deepEqual(facts('a1 AUTHENTICATE LOGIN'), { mechanism: 'LOGIN', initial: null });
  assert.equal(readSaslAnswer(ascii('*')), null);
  assert.deepEqual(readSaslAnswer(ascii('AGEAYg==')), utf8('\0a\0b'));
  assert.throws(() => readSaslAnswer(ascii('?')), { code: 'imap.bad-base64' });
});

test('ID, ENABLE, COMPRESS. RFC 2971, RFC 5161, RFC 4978', () => {
  assert.deepEqual(facts('a1 ID NIL'), { fields: [] });
  assert.deepEqual(facts('a1 ID ("name" "Mutt" "os" NIL)'), {
    fields: [
      ['name', 'Mutt'],
      ['os', null],
    ],
  });
  assert.deepEqual(facts('a1 enable qresync utf8=accept'), {
    capabilities: ['QRESYNC', 'UTF8=ACCEPT'],
  });
  assert.deepEqual(facts('a1 COMPRESS DEFLATE'), { mechanism: 'DEFLATE' });
});

test('mailbox names are read, INBOX in any case', () => {
  assert.deepEqual(facts('a1 SUBSCRIBE inBox'), { mailbox: 'INBOX' });
  assert.deepEqual(facts('a1 DELETE "Verg&APw-tung"'), { mailbox: 'Vergütung' });
  assert.deepEqual(facts('a1 RENAME a b/c'), { from: 'a', to: 'b/c' });
  assert.deepEqual(facts('a1 CREATE a/b/ (USE (\\Drafts \\Sent))'), {
    mailbox: 'a/b',
    use: ['\\Drafts', '\\Sent'],
  });
  assert.deepEqual(readCommand(parts('a1 SUBSCRIBE "Vergütung"'), { utf8: true }), {
    tag: 'a1',
    name: 'subscribe',
    mailbox: 'Vergütung',
  });
});

test('SELECT with CONDSTORE and QRESYNC. RFC 7162 §3.2.5', () => {
  assert.deepEqual(facts('a1 SELECT a'), { mailbox: 'a', condstore: false, qresync: null });
  assert.deepEqual(facts('a1 EXAMINE a (CONDSTORE)').condstore, true);
  assert.deepEqual(facts('a1 SELECT a (QRESYNC (7 9 1:3 (1,5 2,9)))').qresync, {
    uidValidity: 7,
    modseq: 9,
    knownUids: [{ from: 1, to: 3 }],
    match: {
      numbers: [
        { from: 1, to: 1 },
        { from: 5, to: 5 },
      ],
      uids: [
        { from: 2, to: 2 },
        { from: 9, to: 9 },
      ],
    },
  });
  const { qresync } = facts('a1 SELECT a (QRESYNC (7 9 (1 2)))') as { qresync: object };
  assert.deepEqual(qresync, {
    uidValidity: 7,
    modseq: 9,
    knownUids: null,
    match: { numbers: [{ from: 1, to: 1 }], uids: [{ from: 2, to: 2 }] },
  });
});

test('LIST, plain and extended. RFC 9051 §6.3.9', () => {
  assert.deepEqual(facts('a1 LIST "" %'), {
    reference: '',
    patterns: ['%'],
    selection: [],
    returns: noListReturns,
    isExtended: false,
  });
  const line = 'a1 LIST (SUBSCRIBED RECURSIVEMATCH) "" (a "b*") RETURN (CHILDREN STATUS (SIZE))';
  assert.deepEqual(facts(line), {
    reference: '',
    patterns: ['a', 'b*'],
    selection: ['subscribed', 'recursivematch'],
    returns: { ...noListReturns, children: true, status: ['size'] },
    isExtended: true,
  });
  assert.deepEqual(facts('a1 LSUB # inbox'), { reference: '#', pattern: 'INBOX' });
  // No name in any form: it finds nothing, and is no mistake.
  assert.deepEqual(facts('a1 LIST "" &a*').patterns, ['\0']);
  assert.deepEqual(facts('a1 STATUS a (MESSAGES unseen MESSAGES DELETED-STORAGE)'), {
    mailbox: 'a',
    items: ['messages', 'unseen', 'deleted-storage'],
  });
});

test('metadata, quota and rights. RFC 5464, RFC 9208, RFC 4314', () => {
  const wanted = { mailbox: '', entries: ['/shared/comment'], depth: 1, maxSize: 10 };
  assert.deepEqual(facts('a1 GETMETADATA (DEPTH 1 MAXSIZE 10) "" /Shared/comment'), wanted);
  assert.deepEqual(facts('a1 GETMETADATA "" (DEPTH 1 MAXSIZE 10) (/shared/comment)'), wanted);
  assert.deepEqual(
    read('a1 SETMETADATA INBOX (/private/a NIL /private/b ~{2}', Uint8Array.of(0, 1), ')'),
    {
      tag: 'a1',
      name: 'setmetadata',
      mailbox: 'INBOX',
      entries: [
        { entry: '/private/a', value: null },
        { entry: '/private/b', value: Uint8Array.of(0, 1) },
      ],
    },
  );
  assert.deepEqual(facts('a1 SETQUOTA "" (STORAGE 512 message 9)'), {
    root: '',
    limits: [
      { resource: 'STORAGE', limit: 512 },
      { resource: 'MESSAGE', limit: 9 },
    ],
  });
  assert.deepEqual(facts('a1 SETACL a rina +lrsl'), {
    mailbox: 'a',
    identifier: 'rina',
    op: 'add',
    rights: 'lrs',
  });
  assert.deepEqual(facts('a1 DELETEACL a -anyone'), { mailbox: 'a', identifier: '-anyone' });
  assert.deepEqual(facts('a1 GETQUOTA ""'), { root: '' });
});

test('NOTIFY. RFC 5465 §8', () => {
  assert.deepEqual(facts('a1 NOTIFY NONE'), { set: null });
  const line =
    'a1 NOTIFY SET STATUS (selected MessageNew (UID FLAGS) MessageExpunge)' +
    ' (subtree (a b) NONE) (personal (MailboxName Foo))';
  assert.throws(() => read(line), { code: 'imap.bad-arguments' }, 'events are in brackets');
  const right = line.replace('MessageNew (UID FLAGS) MessageExpunge', '($&)');
  assert.deepEqual(facts(right).set, {
    status: true,
    groups: [
      {
        mailboxes: { filter: 'selected' },
        events: [
          { event: 'messagenew', fetch: [{ item: 'uid' }, { item: 'flags' }] },
          { event: 'messageexpunge' },
        ],
      },
      { mailboxes: { filter: 'subtree', mailboxes: ['a', 'b'] }, events: [] },
      {
        mailboxes: { filter: 'personal' },
        events: [{ event: 'mailboxname' }, { event: 'unknown', name: 'FOO' }],
      },
    ],
  });
});

test('STORE, COPY, MOVE and EXPUNGE', () => {
  assert.deepEqual(facts('a1 UID STORE 1:* (UNCHANGEDSINCE 7) +flags.silent \\seen $A $a x'), {
    uid: true,
    set: [{ from: 1, to: '*' }],
    op: 'add',
    isSilent: true,
    flags: { system: ['seen'], keywords: ['$A', 'x'] },
    unchangedSince: 7,
  });
  assert.deepEqual(facts('a1 STORE $ FLAGS ()').flags, { system: [], keywords: [] });
  assert.deepEqual(facts('a1 UID MOVE 4,2 Trash'), {
    uid: true,
    set: [
      { from: 4, to: 4 },
      { from: 2, to: 2 },
    ],
    mailbox: 'Trash',
  });
  assert.deepEqual(facts('a1 EXPUNGE'), { uid: false, set: null });
  assert.deepEqual(facts('a1 UID EXPUNGE $'), { uid: true, set: '$' });
});

test('what is not of the grammar is a SyntaxFault', () => {
  const faults: readonly [line: string, code: string][] = [
    ['', 'bad-tag'],
    ['NOOP', 'bad-tag'],
    ['+ NOOP', 'bad-tag'],
    ['a(1 NOOP', 'bad-tag'],
    [`${'a'.repeat(256)} NOOP`, 'bad-tag'],
    ['a1 ', 'bad-arguments'],
    ['a1 FROB', 'unknown-command'],
    ['a1 toString', 'unknown-command'],
    ['a1 UID NOOP', 'unknown-command'],
    ['a1 NOOP x', 'bad-arguments'],
    ['a1 LOGIN a', 'bad-arguments'],
    ['a1 LOGIN a b c', 'bad-arguments'],
    ['a1 LOGIN a "b', 'bad-arguments'],
    ['a1 LOGIN a "\\b"', 'bad-arguments'],
    ['a1 LOGIN a b\0', 'bad-arguments'],
    ['a1 LOGIN a "b\rc"', 'bad-arguments'],
    ['a1 LOGIN a {3}', 'literal-missing'],
    ['a1 AUTHENTICATE PLAIN !', 'bad-base64'],
    ['a1 SELECT ../etc/passwd', 'bad-mailbox'],
    ['a1 SELECT /etc', 'bad-mailbox'],
    ['a1 SELECT a//b', 'bad-mailbox'],
    ['a1 SELECT "a*"', 'bad-mailbox'],
    ['a1 SELECT &Jjo', 'bad-mailbox'],
    ['a1 SELECT a (FROB)', 'bad-arguments'],
    ['a1 SELECT a (QRESYNC (0 1))', 'bad-arguments'],
    ['a1 SELECT a (QRESYNC (1 1 1:*))', 'bad-arguments'],
    ['a1 LIST (RECURSIVEMATCH) "" *', 'bad-arguments'],
    ['a1 STATUS a ()', 'bad-arguments'],
    ['a1 FETCH 0 FLAGS', 'bad-set'],
    ['a1 FETCH 4294967296 FLAGS', 'bad-set'],
    ['a1 FETCH 1: FLAGS', 'bad-set'],
    ['a1 FETCH 1 (FLAGS', 'bad-arguments'],
    ['a1 FETCH 1 (VANISHED)', 'bad-arguments'],
    ['a1 UID FETCH 1 FLAGS (VANISHED)', 'bad-arguments'],
    ['a1 STORE 1 FLAGS \\Recent', 'bad-flag'],
    ['a1 STORE 1 FROB x', 'bad-arguments'],
    ['a1 GETMETADATA "" /other/x', 'bad-arguments'],
    ['a1 GETMETADATA "" /shared//x', 'bad-arguments'],
    ['a1 SETACL a b LR', 'bad-arguments'],
    ['a1 NOTIFY SET (personal (MessageNew (UID)))', 'bad-arguments'],
    ['a1 APPEND INBOX {3}', 'bad-arguments'],
    [`a1 COPY 1 ${'a/'.repeat(70)}b`, 'bad-mailbox'],
  ];
  for (const [line, code] of faults) {
    assert.throws(() => read(line), { name: 'SyntaxFault', code: `imap.${code}` }, line);
  }
  assert.throws(() => read('a1 LOGIN a {1}', Uint8Array.of(0), ''), { name: 'SyntaxFault' });
  assert.throws(() => read('a1 LOGIN a {2}', utf8('x'), ''), { name: 'SyntaxFault' });
  assert.throws(() => read('a1 LOGIN a {1}', utf8('x'), '', 'b'), { name: 'SyntaxFault' });
});

test('limits hold', () => {
  const many = (count: number, word: string) => Array.from({ length: count }, () => word).join(' ');
  const { flagsMax, fetchItemsMax, listEntriesMax, searchDepthMax, searchKeysMax } = imapLimits;
  for (const line of [
    `a1 STORE 1 FLAGS (${many(flagsMax + 1, 'x')})`,
    `a1 STORE 1 FLAGS ${many(flagsMax + 1, 'x')}`,
    `a1 FETCH 1 (${many(fetchItemsMax + 1, 'UID')})`,
    `a1 LIST "" (${many(listEntriesMax + 1, 'a')})`,
    `a1 SEARCH ${many(searchKeysMax + 1, 'ALL')}`,
    `a1 SEARCH ${'('.repeat(searchDepthMax + 1)}ALL${')'.repeat(searchDepthMax + 1)}`,
    `a1 SEARCH ${'NOT '.repeat(searchDepthMax + 1)}ALL`,
    `a1 ENABLE ${many(listEntriesMax + 1, 'x')}`,
    `a1 ID (${many(imapLimits.idFieldsMax + 1, '"a" "b"')})`,
    `a1 FETCH 1 BODY[${'1.'.repeat(imapLimits.sectionDepthMax)}1]`,
  ]) {
    assert.throws(() => read(line), { code: 'imap.too-many' }, line.slice(0, 60));
  }
  assert.throws(() => read(`a1 NOOP${' '.repeat(imapLimits.commandOctetsMax)}`), {
    code: 'imap.too-long',
  });
});
