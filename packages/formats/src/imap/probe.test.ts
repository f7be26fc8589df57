import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeBase64, utf8 } from '../bytes.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import { probeBodyStructure, probeEnvelope, probeMutf7 } from './probe.ts';

const message = encodeBase64(utf8('Subject: é\r\n\r\nhi\r\n'));

test('envelope', () => {
  const text = '(NIL {2}\r\né NIL NIL NIL NIL NIL NIL NIL NIL)';
  assert.deepEqual(probeEnvelope({ message }), { text });
  assert.throws(() => probeEnvelope({ message: '***' }), SyntaxFault);
  assert.throws(() => probeEnvelope({}), SyntaxFault);
});

test('bodystructure', () => {
  const basic = '"text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 4 1';
  assert.deepEqual(probeBodyStructure({ message }), { text: `(${basic} NIL NIL NIL NIL)` });
  assert.deepEqual(probeBodyStructure({ message, extended: false }), { text: `(${basic})` });
});

test('mutf7', () => {
  assert.deepEqual(probeMutf7({ encode: 'Größe' }), { value: 'Gr&APYA3w-e' });
  assert.deepEqual(probeMutf7({ decode: 'Gr&APYA3w-e' }), { value: 'Größe' });
  assert.deepEqual(probeMutf7({ decode: '&AGE-' }), { value: null });
  assert.deepEqual(probeMutf7({ encode: '\ud800' }), { value: null });
  assert.throws(() => probeMutf7({}), SyntaxFault);
});
