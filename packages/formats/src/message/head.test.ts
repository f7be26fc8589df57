import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { concat, latin1, utf8 } from '../bytes.ts';
import { findField, findFields, readHead } from './head.ts';
import { headLimits } from './limits.ts';

const codes = (text: string): string[] => readHead(utf8(text)).faults.map((fault) => fault.code);

test('the example in the docstring', () => {
  const head = readHead(utf8('Subject: hello\r\n world\r\n\r\nbody'));
  assert.equal(head.fields[0]?.value(), 'hello world');
  assert.equal(head.length, 26);
  assert.deepEqual(head.faults, []);
});

test('fields keep every octet and where it stands', () => {
  const text = 'Received: one\r\n\ttwo\r\nSUBJECT : x  \r\nreceived:three\r\n\r\n';
  const bytes = utf8(text);
  const head = readHead(bytes);
  assert.deepEqual(
    head.fields.map(({ name, key, start, end }) => [name, key, start, end]),
    [
      ['Received', 'received', 0, 21],
      ['SUBJECT', 'subject', 21, 36],
      ['received', 'received', 36, 52],
    ],
  );
  assert.equal(latin1(concat(head.fields.map((field) => field.raw()))), text.slice(0, -2));
  assert.equal(latin1(head.fields[0]!.rawValue()), ' one\r\n\ttwo');
  assert.equal(findField(head, 'subject')?.value(), 'x');
  assert.equal(findFields(head, 'received').length, 2);
  assert.equal(findField(head, 'to'), undefined);
});

test('values are UTF-8, or windows-1252 where they are not', () => {
  const head = readHead(
    concat([utf8('A: gr\u00fc\u00df\r\nB: gr'), Uint8Array.of(0xfc, 0x80, 13, 10)]),
  );
  assert.deepEqual(
    head.fields.map((field) => field.value()),
    ['grüß', 'grü€'],
  );
});

test('damage is named and read over', () => {
  assert.deepEqual(codes('A: b\nC: d\n\n'), ['bare-lf']);
  assert.deepEqual(codes('A: b\rc\r\n\r\n'), ['bare-cr']);
  assert.deepEqual(codes('A: \0\r\n\r\n'), ['nul']);
  assert.deepEqual(codes('A: b\r\n'), ['head-not-closed']);
  assert.deepEqual(codes(' x\r\nA: b\r\n\r\n'), ['fold-first']);
  assert.deepEqual(codes('>From x\r\nA: b\r\n\r\n'), ['mbox-line']);
  assert.deepEqual(codes('A: b\r\nstrange\r\nC: d\r\n\r\n'), ['line-not-field']);
});

test('a strange line without a field behind it begins the body', () => {
  const text = 'Subject: x\r\nDear all,\r\nhello\r\n\r\nC: d\r\n';
  const head = readHead(utf8(text));
  assert.equal(text.slice(head.length), 'Dear all,\r\nhello\r\n\r\nC: d\r\n');
});

test('limits hold and the body is still found', () => {
  const many = 'A: b\r\n'.repeat(headLimits.fieldsMax + 5);
  const manyHead = readHead(utf8(`${many}\r\nbody`));
  assert.equal(manyHead.fields.length, headLimits.fieldsMax);
  assert.equal(manyHead.length, many.length + 2);
  assert.deepEqual(
    manyHead.faults.map((fault) => fault.code),
    ['fields-too-many'],
  );
  const long = `A: b\r\nX: ${'x'.repeat(headLimits.headBytesMax)}\r\nC: d\r\n\r\n`;
  const longHead = readHead(utf8(`${long}body`));
  assert.deepEqual(
    longHead.fields.map((field) => field.name),
    ['A'],
  );
  assert.equal(longHead.length, long.length);
});

test('heads that were written are read: names, values, lengths', () => {
  const name = fc.stringMatching(/^[!-9;-~]{1,20}$/u);
  const value = fc.stringMatching(/^(?:[!-~é😀](?:[ -~é😀]{0,20}[!-~é😀])?)?$/u);
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { minLength: 1 }), utf8Text(), (fields, body) => {
      const written = fields.map(([key, text]) => `${key}: ${text}\r\n`).join('');
      const head = readHead(utf8(`${written}\r\n${body}`));
      assert.deepEqual(
        head.fields.map((field) => [field.name, field.value()]),
        fields,
      );
      assert.equal(head.length, utf8(written).length + 2);
    }),
  );
});

function utf8Text(): fc.Arbitrary<string> {
  return fc.string({ unit: 'grapheme', maxLength: 40 });
}
