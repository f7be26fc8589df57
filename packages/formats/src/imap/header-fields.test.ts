import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ascii, latin1 } from '../bytes.ts';
import { FieldNames, pickFields } from './header-fields.ts';

const head = 'From: a@b.test\r\nTO : c@d.test,\r\n e@f.test\r\nSubject: x\r\nX-Long: y\r\n\tz\r\n';

function pick(text: string, ...names: string[]): string[] {
  const octets = ascii(text);
  const picked: string[] = [];
  pickFields(octets, new FieldNames(names), (start, end) => {
    picked.push(latin1(octets.subarray(start, end)));
  });
  return picked;
}

test('picks whole fields with their folds, whatever the case', () => {
  assert.deepEqual(pick(head, 'to'), ['TO : c@d.test,\r\n e@f.test\r\n']);
  assert.deepEqual(pick(head, 'x-LONG'), ['X-Long: y\r\n\tz\r\n']);
  assert.deepEqual(pick(head, 'Cc', 'subjects', 'Sub'), []);
});

test('neighbours come as one', () => {
  assert.deepEqual(pick(head, 'subject', 'from', 'to'), [head.slice(0, head.indexOf('X-'))]);
  assert.deepEqual(pick(head, 'subject', 'from').length, 2);
});

test('a last line without its end, and none at all', () => {
  assert.deepEqual(pick('A: b\r\nC: d', 'c'), ['C: d']);
  assert.deepEqual(pick('', 'c'), []);
  assert.deepEqual(pick(`${'n'.repeat(100)}: x\r\n`, 'n'.repeat(100)).length, 1);
});
