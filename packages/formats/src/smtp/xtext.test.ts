/** xtext, ORCPT and status codes. RFC 3461 §4; RFC 6533 §3; RFC 3463 §2; RFC 5248. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { describeStatus, readStatus, writeStatus } from './status.ts';
import { decodeXtext, encodeXtext, readOrcpt, writeOrcpt } from './xtext.ts';

describe('xtext', () => {
  test('RFC 3461 §4: what may not stand for itself', () => {
    assert.equal(encodeXtext('a+b=c d'), 'a+2Bb+3Dc+20d');
    assert.equal(decodeXtext('a+2Bb+3Dc+20d'), 'a+b=c d');
    for (const bad of ['+', '+2', '+2b', 'a=b', 'a b', 'ü']) assert.equal(decodeXtext(bad), null);
  });

  test('write, then read', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii' }), (text) => {
        assert.equal(decodeXtext(encodeXtext(text)), text);
      }),
    );
  });

  test('ORCPT', () => {
    assert.deepEqual(readOrcpt('rfc822;a+2Bb@c.example'), {
      type: 'rfc822',
      address: 'a+b@c.example',
    });
    const unicode = { type: 'utf-8', address: 'пошта@почта.рф' };
    assert.deepEqual(readOrcpt('utf-8;пошта@почта.рф'), unicode);
    assert.deepEqual(readOrcpt(writeOrcpt(unicode, { utf8: false })), unicode);
    assert.deepEqual(readOrcpt(writeOrcpt(unicode, { utf8: true })), unicode);
    assert.match(writeOrcpt(unicode, { utf8: false }), /^[!-~]+$/);
    for (const bad of [
      'a@b',
      ';a',
      'rfc822;',
      'rfc822;a+0D+0Ab',
      'utf-8;\\x{D800}',
      `x;${'a'.repeat(500)}`,
    ]) {
      assert.equal(readOrcpt(bad), null);
    }
  });
});

describe('enhanced status codes', () => {
  test('read, write, describe', () => {
    assert.deepEqual(readStatus('5.1.1'), { class: 5, subject: 1, detail: 1 });
    assert.equal(writeStatus({ class: 4, subject: 7, detail: 28 }), '4.7.28');
    for (const bad of ['3.0.0', '5.1', '5.01.1', '5.1.1000', 'x'])
      assert.equal(readStatus(bad), null);
    assert.equal(describeStatus('4.2.2'), 'Mailbox full');
    assert.equal(describeStatus('5.1.99'), 'Other address status');
    assert.equal(describeStatus('5.99.1'), null);
  });
});
