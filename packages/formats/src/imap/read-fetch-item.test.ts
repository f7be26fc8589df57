import assert from 'node:assert/strict';
import test from 'node:test';
import { utf8 } from '../bytes.ts';
import type { CommandOf } from './command.ts';
import type { FetchItem } from './fetch-item.ts';
import { readCommand } from './read-command.ts';

const fetch = (text: string) =>
  readCommand([utf8(`a1 UID FETCH 1 ${text}`)], { utf8: false }) as CommandOf<'fetch'>;
const itemsOf = (text: string): readonly FetchItem[] => fetch(text).items;

test('macros are the items that they stand for', () => {
  const fast: FetchItem[] = [{ item: 'flags' }, { item: 'internaldate' }, { item: 'rfc822.size' }];
  assert.deepEqual(itemsOf('fast'), fast);
  assert.deepEqual(itemsOf('ALL'), [...fast, { item: 'envelope' }]);
  assert.deepEqual(itemsOf('FULL'), [...fast, { item: 'envelope' }, { item: 'body' }]);
});

test('items. RFC 9051 §6.4.5', () => {
  const section = { item: 'section', peek: false, partial: null, oldName: null } as const;
  const items: readonly [string, FetchItem][] = [
    ['UID', { item: 'uid' }],
    ['body', { item: 'body' }],
    ['BODYSTRUCTURE', { item: 'bodystructure' }],
    ['MODSEQ', { item: 'modseq' }],
    ['EMAILID', { item: 'emailid' }],
    ['PREVIEW', { item: 'preview', lazy: false }],
    ['PREVIEW (LAZY)', { item: 'preview', lazy: true }],
    ['BODY[]', { ...section, section: { part: [], text: null, fields: [] } }],
    [
      'BODY.PEEK[1.2]<10.20>',
      {
        ...section,
        peek: true,
        section: { part: [1, 2], text: null, fields: [] },
        partial: { first: 10, count: 20 },
      },
    ],
    ['BODY[1.MIME]', { ...section, section: { part: [1], text: 'mime', fields: [] } }],
    [
      'BODY[3.header.fields.not (To "X Y")]',
      {
        ...section,
        section: { part: [3], text: 'header.fields.not', fields: ['To', 'XY'] },
      },
    ],
    [
      'RFC822',
      {
        ...section,
        section: { part: [], text: null, fields: [] },
        oldName: 'RFC822',
      },
    ],
    [
      'RFC822.HEADER',
      {
        ...section,
        peek: true,
        section: { part: [], text: 'header', fields: [] },
        oldName: 'RFC822.HEADER',
      },
    ],
    [
      'BINARY.PEEK[1]<0.5>',
      {
        item: 'binary',
        part: [1],
        peek: true,
        partial: { first: 0, count: 5 },
      },
    ],
    ['BINARY.SIZE[]', { item: 'binary.size', part: [] }],
  ];
  for (const [text, item] of items) {
    const wire = text.replace('X Y', 'XY');
    assert.deepEqual(itemsOf(wire), [item], text);
    assert.deepEqual(itemsOf(`(FLAGS ${wire})`), [{ item: 'flags' }, item], text);
  }
});

test('modifiers. RFC 7162 §3.1.4, §3.2.6; RFC 9394 §3.3', () => {
  const { changedSince, vanished, partial } = fetch(
    '(FLAGS) (CHANGEDSINCE 7 VANISHED PARTIAL 1:5)',
  );
  assert.deepEqual(
    { changedSince, vanished, partial },
    {
      changedSince: 7,
      vanished: true,
      partial: { isFromEnd: false, from: 1, to: 5 },
    },
  );
  assert.equal(fetch('PREVIEW (CHANGEDSINCE 9)').changedSince, 9);
  assert.equal(fetch('UID (CHANGEDSINCE 18446744073709551615)').changedSince, 2 ** 53 - 1);
});

test('what nobody can fetch', () => {
  for (const text of [
    '',
    '()',
    'FROB',
    'BODY[',
    'BODY[FROB]',
    'BODY[MIME]',
    'BODY[0]',
    'BODY[1.]',
    'BODY[1..2]',
    'BODY[]<1>',
    'BODY[]<1.0>',
    'BODY[]<-1.5>',
    'BODY[HEADER.FIELDS ()]',
    'BODY[HEADER.FIELDS]',
    'BODY[HEADER.FIELDS ("a b")]',
    'BODY[HEADER.FIELDS ("a:b")]',
    'BINARY[1.MIME]',
    'UID[1]',
    'UID (FROB)',
    'UID FLAGS',
  ]) {
    assert.throws(() => itemsOf(text), { name: 'SyntaxFault' }, text);
  }
});
