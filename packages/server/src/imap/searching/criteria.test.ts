import assert from 'node:assert/strict';
import test from 'node:test';
import { ascii } from '@merpati/formats/bytes.ts';
import type { CommandOf } from '@merpati/formats/imap/command.ts';
import { readCommand } from '@merpati/formats/imap/read-command.ts';
import { accountId, uid } from '@merpati/store/ids.ts';
import type { Criterion } from '@merpati/store/search.ts';
import { type SearchScope, criteriaOf, hasKey } from './criteria.ts';
import { otherScope } from './scope.ts';

const keyOf = (text: string) => {
  const command = readCommand([ascii(`a1 SEARCH ${text}`)], { utf8: false });
  return (command as CommandOf<'search'>).what;
};

const range = (from: number, to: number) => ({ from: uid(from), to: uid(to) });

const scope: SearchScope = {
  owner: accountId(7),
  nowMs: 1_000_000,
  uids: () => [range(1, 2)],
  numbers: () => [range(3, 4)],
  recent: () => [],
  saved: () => [range(5, 5)],
};

test('keys in the words of the store', () => {
  const nothing: Criterion = { kind: 'not', of: { kind: 'all' } };
  const day = Date.UTC(2026, 1, 28) / 86_400_000;
  const criteria: readonly [string, Criterion][] = [
    ['UNSEEN', { kind: 'not', of: { kind: 'flag', flags: 1 } }],
    ['KEYWORD $x', { kind: 'keyword', keyword: '$x' }],
    ['SENTBEFORE 28-Feb-2026', { kind: 'day', of: 'sent', is: 'before', day }],
    ['OLDER 10', { kind: 'time', is: 'before', ms: 990_000 }],
    ['YOUNGER 10', { kind: 'time', is: 'since', ms: 990_000 }],
    ['LARGER 9', { kind: 'size', is: 'larger', than: 9 }],
    ['FROM a', { kind: 'header', name: 'from', text: 'a' }],
    ['HEADER X-A b', { kind: 'header', name: 'X-A', text: 'b' }],
    ['1:2', { kind: 'uid', ranges: [range(3, 4)] }],
    ['UID 1:2', { kind: 'uid', ranges: [range(1, 2)] }],
    ['$', { kind: 'uid', ranges: [range(5, 5)] }],
    ['UID $', { kind: 'uid', ranges: [range(5, 5)] }],
    ['RECENT', nothing],
    ['EMAILID M7-3', { kind: 'email', email: 3 } as Criterion],
    ['EMAILID M8-3', nothing],
    ['THREADID nonsense', nothing],
    ['FUZZY BODY "a b"', { kind: 'and', of: [body('a'), body('b')] }],
    ['FUZZY BODY a', body('a')],
    ['BODY "a b"', body('a b')],
  ];
  for (const [text, criterion] of criteria) {
    assert.deepEqual(criteriaOf(keyOf(text), scope), criterion, text);
  }
  assert.deepEqual(criteriaOf(keyOf('FUZZY BODY "a b"'), scope, { isExact: true }), body('a b'));
});

function body(text: string): Criterion {
  return { kind: 'body', text };
}

test('chains of OR stay flat, as long as they are', () => {
  const criterion = criteriaOf(keyOf(`${'OR BODY a '.repeat(200)}BODY a`), scope);
  assert.ok(criterion.kind === 'or');
  assert.equal(criterion.of.length, 201);
});

test('numbers mean nothing where no mailbox is selected', () => {
  const other = otherScope(accountId(1), { uidNext: uid(8) }, 0);
  assert.deepEqual(criteriaOf(keyOf('UID 5:*'), other), { kind: 'uid', ranges: [range(5, 7)] });
  for (const text of ['1', '$', 'UID $']) {
    assert.throws(() => criteriaOf(keyOf(text), other), { name: 'SyntaxFault' }, text);
  }
});

test('a key is found at any depth', () => {
  assert.ok(hasKey(keyOf('NOT (ALL OR NEW FUZZY MODSEQ 3)'), 'modseq'));
  assert.ok(!hasKey(keyOf('NOT (ALL OR NEW FUZZY ALL)'), 'modseq'));
});
