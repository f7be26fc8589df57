/** Passwords (RFC 9106) and the throttle of logins. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hashPassword, makeAppPassword, readAppPassword, verifyPassword } from './password.ts';
import { LoginThrottle } from './throttle.ts';

describe('passwords', () => {
  test('argon2id at 19 MiB, two passes, as a PHC string; a SCRAM verifier beside it', async () => {
    const credential = await hashPassword('geheim');
    assert.match(
      credential.passwordHash,
      /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/,
    );
    assert.equal(credential.scram?.iterations, 32_768);
    assert.equal(await verifyPassword('geheim', credential), true);
    assert.equal(await verifyPassword('Geheim', credential), false);
    assert.equal(await verifyPassword('', credential), false);
  });

  test('the same password in another Unicode form is the same', async () => {
    const credential = await hashPassword('pässwörd');
    assert.equal(await verifyPassword('pa\u0308sswo\u0308rd', credential), true);
  });

  test('what SASLprep refuses can be a password, but not for SCRAM', async () => {
    const credential = await hashPassword('tab\there');
    assert.equal(credential.scram, null);
    assert.equal(await verifyPassword('tab\there', credential), true);
  });

  test('neither empty nor endless', async () => {
    await assert.rejects(hashPassword(''), RangeError);
    await assert.rejects(hashPassword('x'.repeat(1025)), RangeError);
    const credential = await hashPassword('x');
    assert.equal(await verifyPassword('x'.repeat(100_000), credential), false);
  });

  test('app passwords, typed with or without their hyphens', async () => {
    const { password, credential } = await makeAppPassword();
    assert.match(password, /^[a-z2-9]{4}(?:-[a-z2-9]{4}){3}$/);
    const letters = readAppPassword(password.toUpperCase().replaceAll('-', ' '));
    assert.ok(letters);
    assert.equal(await verifyPassword(letters, credential), true);
    assert.equal(readAppPassword('merpati'), null);
    assert.equal(readAppPassword('0000-0000-0000-0000'), null);
  });
});

describe('login throttle', () => {
  const user = 'you@merpati.test';
  const fail = (throttle: LoginThrottle, times: number, name: string, address: string): void => {
    for (let i = 0; i < times; i += 1) throttle.failed(name, address, 0);
  };

  test('an account from one network', () => {
    const throttle = new LoginThrottle();
    fail(throttle, 7, user, '192.0.2.1');
    assert.equal(throttle.waitS(user, '192.0.2.1', 0), 0);
    fail(throttle, 1, user, '192.0.2.1');
    assert.equal(throttle.waitS(user, '192.0.2.1', 0), 60);
    assert.equal(throttle.waitS(user, '192.0.2.1', 60_000), 0);
    assert.equal(throttle.waitS(user, '198.51.100.1', 0), 0, 'from elsewhere it is open');
    assert.equal(throttle.waitS('friend@merpati.test', '192.0.2.1', 0), 0, 'others are not hit');
  });

  test('a network that tries many names', () => {
    const throttle = new LoginThrottle();
    for (let i = 0; i < 30; i += 1) throttle.failed(`user${i}@merpati.test`, `2001:db8::${i}`, 0);
    assert.ok(throttle.waitS(user, '2001:db8::ffff', 0) > 0);
    assert.equal(throttle.waitS(user, '2001:db8:0:1::1', 0), 0);
  });

  test('an account tried from many networks stays open where it has logged in', () => {
    const throttle = new LoginThrottle();
    throttle.succeeded(user, '203.0.113.9');
    for (let i = 0; i < 100; i += 1) throttle.failed(user, `198.51.100.${i}`, 0);
    assert.ok(throttle.waitS(user, '192.0.2.77', 0) > 0);
    assert.equal(throttle.waitS(user, '203.0.113.9', 0), 0);
  });
});
