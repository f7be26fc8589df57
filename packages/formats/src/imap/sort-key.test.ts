import assert from 'node:assert/strict';
import { test } from 'node:test';
import { utf8 } from '../bytes.ts';
import { readHead } from '../message/head.ts';
import {
  type Sortable,
  type SortKeys,
  orderBy,
  readSortKeys,
  sortKeyLengthMax,
} from './sort-key.ts';

const keysOf = (...lines: string[]): SortKeys =>
  readSortKeys(readHead(utf8(`${lines.join('\r\n')}\r\n\r\n`)));

test('keys are those of RFC 5256 §3 and RFC 5957 §3', () => {
  const keys = keysOf(
    'From: =?utf-8?Q?S=C3=ADti?= <siti@surat.test>, other@surat.test',
    'To: budi@merpati.test, Ani <ani@merpati.test>',
    'Cc: tim rapat: a@merpati.test, b@merpati.test;',
    'Subject: Re: [tim] =?utf-8?Q?caf=C3=A9?=',
    'Date: Sat, 21 Nov 2026 10:00:00 +0700',
  );
  assert.deepEqual(keys, {
    sentMs: Date.UTC(2026, 10, 21, 3),
    subject: 'CAFE\u0301',
    from: 'SITI',
    to: 'BUDI',
    cc: 'TIM RAPAT',
    displayFrom: 'SI\u0301TI',
    displayTo: 'BUDI@MERPATI.TEST',
  });
});

test('a message without fields has empty keys', () => {
  const keys = keysOf('X: y');
  assert.deepEqual(keys, {
    sentMs: null,
    subject: '',
    from: '',
    to: '',
    cc: '',
    displayFrom: '',
    displayTo: '',
  });
});

test('keys are of bounded length and whole characters', () => {
  for (const text of ['x'.repeat(99_999), '\u{1f600}'.repeat(9999), '\ufdfa'.repeat(9999)]) {
    const { subject, displayFrom } = keysOf(`Subject: ${text}`, `From: ${text} <a@b>`);
    for (const key of [subject, displayFrom]) {
      assert.ok(key.length <= sortKeyLengthMax && key.length > 0);
      assert.ok(key.isWellFormed());
    }
  }
});

const row = (number: number, arrivalMs: number, size: number, ...lines: string[]): Sortable => ({
  number,
  arrivalMs,
  size,
  keys: keysOf('X: y', ...lines),
});

const rows = [
  row(1, 500, 30, 'Subject: b', 'From: Zed <a@x.test>'),
  row(2, 400, 20, 'Subject: Re: A', 'From: b@x.test', 'Date: 1 Jan 1990 00:00:00 +0000'),
  row(3, 300, 20, 'Subject: a', 'From: c@x.test'),
  row(4, 400, 10, 'From: Ann <d@x.test>'),
];
const sorted = (...criteria: Parameters<typeof orderBy>[0]): number[] =>
  rows.toSorted(orderBy(criteria)).map(({ number }) => number);

test('criteria order in their turn; the number decides and is never reversed', () => {
  const up = { reverse: false };
  const down = { reverse: true };
  assert.deepEqual(sorted({ by: 'arrival', ...up }), [3, 2, 4, 1]);
  assert.deepEqual(sorted({ by: 'arrival', ...down }), [1, 2, 4, 3]);
  assert.deepEqual(sorted({ by: 'date', ...up }), [3, 4, 1, 2]);
  assert.deepEqual(sorted({ by: 'size', ...up }), [4, 2, 3, 1]);
  assert.deepEqual(sorted({ by: 'size', ...down }), [1, 2, 3, 4]);
  assert.deepEqual(sorted({ by: 'subject', ...up }), [4, 2, 3, 1]);
  assert.deepEqual(sorted({ by: 'subject', ...up }, { by: 'arrival', ...up }), [4, 3, 2, 1]);
  assert.deepEqual(sorted({ by: 'from', ...down }), [4, 3, 2, 1]);
  assert.deepEqual(sorted({ by: 'displayfrom', ...up }), [4, 2, 3, 1]);
  assert.deepEqual(sorted({ by: 'cc', ...up }), [1, 2, 3, 4]);
  assert.deepEqual(sorted({ by: 'relevancy', ...up }), [1, 2, 3, 4]);
});
