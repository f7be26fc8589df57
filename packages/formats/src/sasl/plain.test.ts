/** PLAIN and LOGIN. RFC 4616 §4. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { utf8 } from '../bytes.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import { loginAnswers, readLoginAnswer } from './login.ts';
import { readPlain, writePlain } from './plain.ts';

describe('SASL PLAIN', () => {
  test('RFC 4616 §4', () => {
    const tim = { authzid: '', user: 'tim', password: 'tanstaaftanstaaf' };
    assert.deepEqual(readPlain(utf8('\0tim\0tanstaaftanstaaf')), tim);
    const kurt = { authzid: 'Ursel', user: 'Kurt', password: 'xipj3plmq' };
    assert.deepEqual(readPlain(writePlain(kurt)), kurt);
  });

  test('malformed', () => {
    for (const text of ['', 'a\0b', '\0\0x', '\0x\0', '\0a\0b\0c', `\0a\0${'x'.repeat(5000)}`]) {
      assert.throws(() => readPlain(utf8(text)), SyntaxFault);
    }
    assert.throws(() => readPlain(Uint8Array.of(0, 255, 0, 65)), SyntaxFault);
    assert.throws(() => writePlain({ authzid: '', user: 'a\0', password: 'b' }), SyntaxFault);
  });
});

describe('SASL LOGIN', () => {
  test('answers', () => {
    const [user, password] = loginAnswers('you@merpati.test', 'geheim');
    assert.equal(readLoginAnswer(user), 'you@merpati.test');
    assert.equal(readLoginAnswer(password), 'geheim');
    assert.equal(readLoginAnswer(utf8('x\0')), 'x');
    for (const text of ['', '\0', 'a\0b', 'x'.repeat(2000)]) {
      assert.throws(() => readLoginAnswer(utf8(text)), SyntaxFault);
    }
  });
});
