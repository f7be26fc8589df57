import assert from 'node:assert/strict';
import test from 'node:test';
import { ascii, utf8 } from '../bytes.ts';
import type { Command, CommandOf } from './command.ts';
import { readCommand } from './read-command.ts';
import { noReturns } from './read-search-command.ts';
import type { SearchKey } from './search-key.ts';

const read = (line: string): Command => readCommand([utf8(line)], { utf8: false });
const keyOf = (text: string): SearchKey => (read(`a1 SEARCH ${text}`) as CommandOf<'search'>).what;

test('every key. RFC 9051 §6.4.4', () => {
  const day = { year: 2026, month: 2, day: 28 };
  const keys: readonly [string, SearchKey][] = [
    ['all', { key: 'all' }],
    ['UNSEEN', { key: 'flag', flag: 'seen', isSet: false }],
    ['ANSWERED', { key: 'flag', flag: 'answered', isSet: true }],
    ['KEYWORD $Junk', { key: 'keyword', keyword: '$Junk', isSet: true }],
    ['UNKEYWORD x', { key: 'keyword', keyword: 'x', isSet: false }],
    ['NEW', { key: 'new' }],
    ['OLD', { key: 'old' }],
    ['RECENT', { key: 'recent' }],
    ['BEFORE 28-feb-2026', { key: 'date', of: 'internal', when: 'before', day }],
    ['SENTON "28-Feb-2026"', { key: 'date', of: 'sent', when: 'on', day }],
    ['SAVEDSINCE 28-Feb-2026', { key: 'date', of: 'saved', when: 'since', day }],
    ['SAVEDATESUPPORTED', { key: 'savedatesupported' }],
    ['OLDER 3600', { key: 'older', seconds: 3600 }],
    ['YOUNGER 1', { key: 'younger', seconds: 1 }],
    ['LARGER 0', { key: 'larger', octets: 0 }],
    ['SMALLER 5000000000', { key: 'smaller', octets: 5_000_000_000 }],
    ['FROM "a b"', { key: 'from', value: 'a b' }],
    ['SUBJECT "größe"', { key: 'subject', value: 'größe' }],
    ['HEADER X-Spam ""', { key: 'header', field: 'X-Spam', value: '' }],
    [
      '1:3,5',
      {
        key: 'numbers',
        set: [
          { from: 1, to: 3 },
          { from: 5, to: 5 },
        ],
      },
    ],
    ['*', { key: 'numbers', set: [{ from: '*', to: '*' }] }],
    ['UID 1:*', { key: 'uid', set: [{ from: 1, to: '*' }] }],
    ['UID $', { key: 'uid', set: '$' }],
    ['$', { key: 'saved' }],
    ['MODSEQ 620', { key: 'modseq', modseq: 620, entry: null }],
    [
      'MODSEQ "/flags/\\\\draft" all 620',
      { key: 'modseq', modseq: 620, entry: { name: '/flags/\\draft', type: 'all' } },
    ],
    ['EMAILID M7', { key: 'emailid', id: 'M7' }],
    ['THREADID T1-9', { key: 'threadid', id: 'T1-9' }],
    ['NOT SEEN', { key: 'not', of: { key: 'flag', flag: 'seen', isSet: true } }],
    ['FUZZY BODY rice', { key: 'fuzzy', of: { key: 'body', value: 'rice' } }],
    ['OR ALL NEW', { key: 'or', either: { key: 'all' }, other: { key: 'new' } }],
    [
      '(ALL NEW) OLD',
      {
        key: 'and',
        all: [{ key: 'and', all: [{ key: 'all' }, { key: 'new' }] }, { key: 'old' }],
      },
    ],
  ];
  for (const [text, key] of keys) assert.deepEqual(keyOf(text), key, text);
});

test('texts come in the charset that is named', () => {
  const wire = [...ascii('a1 SEARCH CHARSET iso-8859-1 SUBJECT "'), 0xfc, ...ascii('"')];
  const command = readCommand([Uint8Array.from(wire)], { utf8: false }) as CommandOf<'search'>;
  assert.deepEqual(command.what, { key: 'subject', value: 'ü' });
  assert.throws(() => read('a1 SEARCH CHARSET klingon SUBJECT a'), { code: 'imap.bad-charset' });
  assert.throws(() => read('a1 THREAD REFERENCES klingon ALL'), { code: 'imap.bad-charset' });
  const notUtf8 = Uint8Array.from([...ascii('a1 SEARCH SUBJECT "'), 0xfc, ...ascii('"')]);
  assert.throws(() => readCommand([notUtf8], { utf8: false }), { code: 'imap.bad-arguments' });
});

test('RETURN. RFC 4731 §3.1, RFC 5267 §4, RFC 9394 §3', () => {
  const returns = (text: string) =>
    (read(`a1 UID SEARCH RETURN ${text} ALL`) as CommandOf<'search'>).returns;
  assert.equal((read('a1 SEARCH ALL') as CommandOf<'search'>).returns, null);
  assert.deepEqual(returns('()'), { ...noReturns, all: true });
  assert.deepEqual(returns('(MIN max Count SAVE)'), {
    ...noReturns,
    min: true,
    max: true,
    count: true,
    save: true,
  });
  assert.deepEqual(returns('(PARTIAL -1:-100 UPDATE CONTEXT)'), {
    ...noReturns,
    partial: { isFromEnd: true, from: 1, to: 100 },
    update: true,
    context: true,
  });
  assert.deepEqual(returns('(PARTIAL 500:401)')?.partial, { isFromEnd: false, from: 401, to: 500 });
  for (const text of [
    '(PARTIAL 0:1)',
    '(PARTIAL 1:-1)',
    '(PARTIAL 1)',
    '(ALL PARTIAL 1:2)',
    '(X)',
  ]) {
    assert.throws(() => returns(text), { code: 'imap.bad-arguments' }, text);
  }
});

test('SORT, THREAD, ESEARCH, CANCELUPDATE. RFC 5256, RFC 7377, RFC 5267', () => {
  assert.deepEqual(read('a1 UID SORT RETURN (COUNT) (REVERSE date SUBJECT) UTF-8 ALL'), {
    tag: 'a1',
    name: 'sort',
    uid: true,
    returns: { ...noReturns, count: true },
    criteria: [
      { by: 'date', reverse: true },
      { by: 'subject', reverse: false },
    ],
    what: { key: 'all' },
  });
  assert.deepEqual(read('a1 THREAD orderedsubject us-ascii SEEN FLAGGED'), {
    tag: 'a1',
    name: 'thread',
    uid: false,
    algorithm: 'orderedsubject',
    what: {
      key: 'and',
      all: [
        { key: 'flag', flag: 'seen', isSet: true },
        { key: 'flag', flag: 'flagged', isSet: true },
      ],
    },
  });
  assert.deepEqual(read('a1 ESEARCH IN (mailboxes (a b) subtree-one c personal) RETURN () NEW'), {
    tag: 'a1',
    name: 'esearch',
    sources: [
      { filter: 'mailboxes', mailboxes: ['a', 'b'] },
      { filter: 'subtree-one', mailboxes: ['c'] },
      { filter: 'personal' },
    ],
    returns: { ...noReturns, all: true },
    what: { key: 'new' },
  });
  assert.deepEqual(read('a1 CANCELUPDATE "a" "b c"'), {
    tag: 'a1',
    name: 'cancelupdate',
    tags: ['a', 'b c'],
  });
});

test('what nobody can search for', () => {
  for (const line of [
    'SEARCH',
    'SEARCH FROB',
    'SEARCH UNFROB',
    'SEARCH ALL ',
    'SEARCH  ALL',
    'SEARCH NOT',
    'SEARCH OR ALL',
    'SEARCH ()',
    'SEARCH (ALL',
    'SEARCH ALL)',
    'SEARCH ON 30-Feb-2026',
    'SEARCH ON 29-Feb-1900',
    'SEARCH ON 1-Foo-2026',
    'SEARCH ON "1-Feb-2026',
    'SEARCH OLDER 0',
    'SEARCH EMAILID ../x',
    'SORT () UTF-8 ALL',
    'SORT (FROB) UTF-8 ALL',
    'SORT (REVERSE) UTF-8 ALL',
    'SORT (DATE) ALL',
    'THREAD FROB UTF-8 ALL',
    'ESEARCH IN () ALL',
    'ESEARCH IN (frob) ALL',
    'CANCELUPDATE',
    'CANCELUPDATE a',
  ]) {
    if (line === 'SEARCH ALL ') read(`a1 ${line}`);
    else assert.throws(() => read(`a1 ${line}`), { name: 'SyntaxFault' }, line);
  }
});
