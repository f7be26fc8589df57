import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assert as holds, constantFrom, integer, nat, property } from 'fast-check';
import { concat, latin1, utf8 } from '../bytes.ts';
import { readMime } from '../message/mime.ts';
import { cutSection, findPart, findSection, sectionSize } from './section.ts';
import type { SectionOctets } from './section.ts';

const message = utf8(
  [
    'From: a@b.test',
    'Subject: outer',
    ' folded',
    'Content-Type: multipart/mixed; boundary=x',
    '',
    'preamble',
    '--x',
    'Content-Type: text/plain',
    '',
    'one',
    '--x',
    'Content-Type: message/rfc822',
    'Content-Description: inner',
    '',
    'Subject: inner',
    'Content-Type: multipart/alternative; boundary=y',
    '',
    '--y',
    '',
    'plain',
    '--y',
    'Content-Type: text/html',
    '',
    '<p>',
    '--y--',
    '--x',
    'Content-Type: message/rfc822',
    '',
    'Subject: single',
    '',
    'text',
    '--x--',
    '',
  ].join('\r\n'),
);
const { root } = readMime(message);

type Text = Parameters<typeof findSection>[1]['text'];

function octetsOf(bytes: Uint8Array, { ranges, tail }: SectionOctets): Uint8Array {
  return concat([...ranges.map(({ start, end }) => bytes.subarray(start, end)), tail]);
}

function section(
  part: readonly number[],
  text: Text,
  fields: readonly string[] = [],
): string | null {
  const found = findSection(root, { part, text, fields });
  return found === null ? null : latin1(octetsOf(message, found));
}

test('the message, its head, its text', () => {
  assert.equal(section([], null), latin1(message));
  assert.equal(section([], 'header')! + section([], 'text')!, latin1(message));
  assert.ok(section([], 'text')!.startsWith('preamble\r\n--x'));
});

test('parts by number', () => {
  assert.equal(section([1], null), 'one');
  assert.ok(section([2], null)!.startsWith('Subject: inner\r\n'));
  assert.equal(section([2, 1], null), 'plain');
  assert.equal(section([2, 2], null), '<p>');
  assert.equal(section([3, 1], null), 'text');
  for (const number of [[4], [1, 1], [2, 3], [3, 2], [3, 1, 1]]) {
    assert.equal(section(number, null), null, number.join('.'));
  }
});

test('heads of parts and of the messages within', () => {
  assert.equal(section([1], 'mime'), 'Content-Type: text/plain\r\n\r\n');
  assert.equal(
    section([2], 'mime'),
    'Content-Type: message/rfc822\r\nContent-Description: inner\r\n\r\n',
  );
  assert.equal(section([2, 1], 'mime'), '\r\n');
  assert.equal(section([3, 1], 'mime'), 'Subject: single\r\n\r\n');
  assert.equal(section([3], 'header'), 'Subject: single\r\n\r\n');
  assert.equal(section([3], 'text'), 'text');
  assert.equal(section([1], 'header'), null, 'a text has no message whose header this could be');
  assert.equal(section([2, 1], 'text'), null);
});

test('fields by name, in the order of the message, with an empty line', () => {
  assert.equal(
    section([], 'header.fields', ['SUBJECT', 'from', 'from', 'x']),
    'From: a@b.test\r\nSubject: outer\r\n folded\r\n\r\n',
  );
  assert.equal(section([], 'header.fields', ['x']), '\r\n');
  assert.equal(
    section([], 'header.fields.not', ['subject']),
    'From: a@b.test\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n',
  );
  assert.equal(section([3], 'header.fields', ['subject']), 'Subject: single\r\n\r\n');
  assert.equal(section([3], 'header.fields.not', ['subject']), '\r\n');
});

test('a head without an end gets its empty line', () => {
  const fieldsOf = (text: string, kind: 'header.fields' | 'header.fields.not'): string => {
    const bytes = utf8(text);
    const found = findSection(readMime(bytes).root, { part: [], text: kind, fields: ['a'] });
    return latin1(octetsOf(bytes, found!));
  };
  assert.equal(fieldsOf('A: b\r\n', 'header.fields'), 'A: b\r\n\r\n');
  assert.equal(fieldsOf('A: b', 'header.fields'), 'A: b\r\n\r\n');
  assert.equal(fieldsOf('B: c', 'header.fields.not'), 'B: c\r\n\r\n');
  assert.equal(fieldsOf('B: c\r\nA: b', 'header.fields.not'), 'B: c\r\n\r\n');
  assert.equal(fieldsOf('', 'header.fields'), '\r\n');
});

test('a message that is no multipart has part 1, which is all of its body', () => {
  const bytes = utf8('Content-Type: text/html\r\n\r\n<p>');
  const { root: single } = readMime(bytes);
  const read = (part: number[], text: Text): string =>
    latin1(octetsOf(bytes, findSection(single, { part, text, fields: [] })!));
  assert.equal(read([1], null), '<p>');
  assert.equal(read([1], 'mime'), 'Content-Type: text/html\r\n\r\n');
  assert.equal(findSection(single, { part: [1], text: 'text', fields: [] }), null);
});

test('the text that stands for parts that were not found', () => {
  const bytes = utf8('Content-Type: multipart/mixed; boundary=x\r\n\r\nno delimiter\r\n');
  const part = findPart(readMime(bytes).root, [1]);
  assert.equal(part?.part, null);
  assert.equal(latin1(bytes.subarray(part?.body.start, part?.body.end)), 'no delimiter\r\n');
  assert.equal(findPart(readMime(bytes).root, [2]), null);
  assert.equal(findPart(readMime(bytes).root, [1, 1]), null);
});

test('partials are what a slice of the whole would be', () => {
  const whole = findSection(root, {
    part: [],
    text: 'header.fields',
    fields: ['from', 'subject'],
  })!;
  const fields = findSection(root, { part: [], text: 'header.fields', fields: ['subject'] })!;
  holds(
    property(
      constantFrom(whole, fields),
      nat({ max: 80 }),
      integer({ min: 1, max: 90 }),
      (of, first, count) => {
        const cut = cutSection(of, { first, count });
        const expected = octetsOf(message, of).subarray(first, first + count);
        assert.deepEqual(octetsOf(message, cut), new Uint8Array(expected));
        assert.equal(sectionSize(cut), expected.length);
      },
    ),
  );
});
