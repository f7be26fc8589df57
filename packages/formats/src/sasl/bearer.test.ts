/** OAUTHBEARER and XOAUTH2. RFC 7628 §4. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { utf8 } from '../bytes.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import { readOAuthBearer, readXoauth2, writeOAuthBearer, writeXoauth2 } from './bearer.ts';

const token = 'vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==';

describe('bearer tokens', () => {
  test('RFC 7628 §4.1', () => {
    const message =
      'n,a=user@example.com,\u0001host=server.example.com\u0001port=143\u0001' +
      `auth=Bearer ${token}\u0001\u0001`;
    assert.deepEqual(readOAuthBearer(utf8(message)), { user: 'user@example.com', token });
    assert.deepEqual(readOAuthBearer(utf8(`n,,\u0001auth=bearer ${token}\u0001\u0001`)), {
      user: '',
      token,
    });
  });

  test('what is written is read', () => {
    const message = { user: 'a,b=c@merpati.test', token };
    assert.deepEqual(readOAuthBearer(writeOAuthBearer(message)), message);
    assert.deepEqual(readXoauth2(writeXoauth2(message)), message);
  });

  test('malformed', () => {
    const good = writeXoauth2({ user: 'you', token });
    for (const bytes of [
      utf8(''),
      utf8('n,,'),
      utf8('n,,\u0001auth=Basic abc\u0001\u0001'),
      utf8('n,,\u0001auth=Bearer a b\u0001\u0001'),
      utf8('user=\u0001auth=Bearer abc\u0001\u0001'),
      good.subarray(0, good.length - 1),
      Uint8Array.of(110, 44, 44, 1, 255),
      utf8('n'.repeat(20_000)),
    ]) {
      assert.throws(() => readOAuthBearer(bytes), SyntaxFault);
      assert.throws(() => readXoauth2(bytes), SyntaxFault);
    }
  });
});
