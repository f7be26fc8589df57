/** Logins: every mechanism, what is kept from strangers, tokens, other homes, other clients. */

import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeBase64 } from '@merpati/formats/bytes.ts';
import { writeOAuthBearer, writeXoauth2 } from '@merpati/formats/sasl/bearer.ts';
import { type TokenVerifier, createAuthenticator } from '../accounts/authenticate.ts';
import { hashPassword } from '../accounts/password.ts';
import { testHome } from '../testing/home.ts';
import { fits } from './capabilities.ts';
import { imapLimits } from './limits.ts';
import { startImap } from './listeners.ts';
import { friend, startImapWorld, you } from './testing/imap-world.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

test('before TLS no password is taken', async (t) => {
  const world = await startImapWorld(t, { plainAllowed: false });
  const raw = await world.dial();
  assert.match(raw.greeting, / STARTTLS LOGINDISABLED\]/);
  assert.doesNotMatch(raw.greeting, /AUTH=/);
  const refused = ['NO [PRIVACYREQUIRED] Passwords only under TLS: STARTTLS first'];
  assert.deepEqual(await raw.ask(`LOGIN ${you} merpati`), refused);
  assert.deepEqual(await raw.ask(`AUTHENTICATE PLAIN ${base64(`\0${you}\0merpati`)}`), refused);
  assert.deepEqual(await raw.ask('STARTTLS'), ['OK Begin TLS now']);
  const secure = await raw.startTls(world.ca);
  assert.match((await secure.ask('CAPABILITY'))[0] ?? '', /AUTH=SCRAM-SHA-256-PLUS/);
  assert.deepEqual(await secure.ask('STARTTLS'), ['BAD TLS is active already']);
  assert.match((await secure.ask(`LOGIN ${you} merpati`)).join(), /^OK \[CAPABILITY /);
});

test('what was slipped in behind STARTTLS in clear is dropped', async (t) => {
  const world = await startImapWorld(t, { plainAllowed: false });
  const raw = await world.dial();
  raw.send('a STARTTLS\r\nb ID ("name" "mallory")\r\n');
  assert.equal(await raw.line(), 'a OK Begin TLS now\r\n');
  const secure = await raw.startTls(world.ca);
  assert.deepEqual(await secure.ask('NOOP'), ['OK Still here']);
});

test('without a certificate, or with the fault no-tls, STARTTLS is not there', async (t) => {
  const world = await startImapWorld(t);
  world.faults.add('no-tls');
  const raw = await world.dial();
  assert.doesNotMatch(raw.greeting, /STARTTLS/);
  assert.deepEqual(await raw.ask('STARTTLS'), ['BAD No TLS here']);
});

test('five wrong passwords end the connection', async (t) => {
  const world = await startImapWorld(t);
  const raw = await world.dial();
  for (let i = 0; i < imapLimits.failedLoginsMax; i += 1) {
    const [answer] = await raw.ask(`LOGIN ${i % 2 === 0 ? you : 'nobody@merpati.test'} wrong`);
    assert.equal(answer, 'NO [AUTHENTICATIONFAILED] Wrong name or password');
  }
  assert.equal(await raw.all(), '* BYE Too many failed logins\r\n');
});

test('a disabled account is refused by name only to whoever knows the password', async (t) => {
  const world = await startImapWorld(t, { settings: { state: 'disabled' } });
  const raw = await world.dial();
  assert.match((await raw.ask(`LOGIN ${you} wrong`)).join(), /^NO \[AUTHENTICATIONFAILED\]/);
  assert.match((await raw.ask(`LOGIN ${you} merpati`)).join(), /^NO \[CONTACTADMIN\]/);
});

test('who is logged in is shown out when account or password are gone', async (t) => {
  const world = await startImapWorld(t);
  const id = world.account(you);
  const idler = await world.enter();
  idler.begin('IDLE');
  await idler.line();
  const waiter = await world.enter();
  const other = await world.enter(friend);
  const credential = await hashPassword('another');
  await world.store.editDirectory({ kind: 'account-edit', id, credential });
  assert.equal(await idler.all(), '* BYE The password was changed: log in again\r\n');
  assert.match((await waiter.ask('SELECT INBOX')).join(), /^NO \[AUTHORIZATIONFAILED\]/);
  assert.equal(await waiter.all(), '* BYE The password was changed: log in again\r\n');
  assert.match((await other.ask('SELECT INBOX')).at(-1) ?? '', /^OK/);

  const again = await world.dial();
  assert.match((await again.ask(`LOGIN ${you} another`)).join(), /^OK/);
  const settings = { state: 'disabled' } as const;
  await world.store.editDirectory({ kind: 'account-edit', id, settings });
  await sleep(2 * imapLimits.directoryPauseMs);
  assert.match((await again.ask('NOOP')).join(), /^NO \[AUTHORIZATIONFAILED\]/);
  assert.equal(await again.all(), '* BYE This account is switched off\r\n');
});

test('the login decides the home: accounts of several behind one port', async (t) => {
  const world = await startImapWorld(t);
  const other = await testHome();
  await other.addDomain('surat.test');
  await other.addAccount('rina@surat.test');
  const { home } = world;
  const running = await startImap(home, createAuthenticator([home, other.home]), {
    plainAllowed: true,
  });
  t.after(async () => {
    await running.stop();
    await other[Symbol.asyncDispose]();
  });
  const port = running.addresses.find(({ protocol }) => protocol === 'imap')?.port ?? 0;
  const raw = await world.dialPort(port);
  assert.match((await raw.ask('LOGIN rina@surat.test merpati')).join(), /^OK/);
  assert.ok((await raw.ask('SELECT INBOX')).includes('* 0 EXISTS'));
});

test('tokens are taken when somebody knows them, and under TLS alone', async (t) => {
  const asked: string[] = [];
  const tokens: TokenVerifier = {
    verify: async (token) => {
      asked.push(token);
      return token === 'good' ? you : token === 'stale' ? 'gone@merpati.test' : null;
    },
  };
  const world = await startImapWorld(t, { tokens });
  const plain = await world.dial();
  assert.doesNotMatch(plain.greeting, /OAUTHBEARER|XOAUTH2/);
  const raw = await world.dial('imaps');
  assert.match(raw.greeting, /AUTH=OAUTHBEARER AUTH=XOAUTH2/);
  const failed = `+ ${base64('{"status":"invalid_token","schemes":"bearer"}')}\r\n`;
  for (const [user, token] of [
    [you, 'bad'],
    [friend, 'good'],
    ['', 'stale'],
  ] as const) {
    const message = encodeBase64(writeOAuthBearer({ user, token }));
    const tag = raw.begin(`AUTHENTICATE OAUTHBEARER ${message}`);
    assert.equal(await raw.line(), failed);
    raw.send(`${base64('\u0001')}\r\n`);
    assert.match((await raw.answer(tag)).join(), /^NO \[AUTHENTICATIONFAILED\]/);
  }
  const message = encodeBase64(writeXoauth2({ user: you, token: 'good' }));
  assert.match((await raw.ask(`AUTHENTICATE XOAUTH2 ${message}`)).join(), /^OK .*you@merpati/);
  assert.deepEqual(asked, ['bad', 'good', 'stale', 'good']);
});

test('capabilities are kept from accounts and clients', async (t) => {
  const world = await startImapWorld(t, {
    config: {
      imap: {
        without: [
          { account: 'friend@*', capabilities: ['NOTIFY', 'condstore', 'COMPRESS=DEFLATE'] },
          { client: 'OldMail/1.*', capabilities: ['IDLE'] },
        ],
      },
    },
  });
  const raw = await world.enter(friend);
  const [told = ''] = await raw.ask('CAPABILITY');
  assert.doesNotMatch(told, /NOTIFY| CONDSTORE/);
  assert.match(told, / IDLE /);
  assert.deepEqual(await raw.ask('ENABLE CONDSTORE QRESYNC'), ['* ENABLED QRESYNC', 'OK Enabled']);
  assert.match((await raw.ask('COMPRESS DEFLATE')).join(), /^BAD/);
  assert.match((await raw.ask('NOTIFY NONE')).join(), /^BAD/);
  await raw.ask('ID ("name" "OldMail/1.7")');
  assert.doesNotMatch((await raw.ask('CAPABILITY'))[0] ?? '', /IDLE/);
});

test('patterns of names', () => {
  const fitting = [
    ['', '*'],
    ['abc', 'A*C'],
    ['abc', '*b*'],
    ['abc', 'abc'],
    ['aab', '*ab'],
    ['a.b', 'a*.*b'],
  ] as const;
  for (const [text, pattern] of fitting) assert.ok(fits(text, pattern), pattern);
  for (const [text, pattern] of [
    ['abc', 'ab'],
    ['ab', 'abc*'],
    ['ab', 'ab*b'],
    ['', '?'],
  ] as const) {
    assert.ok(!fits(text, pattern), pattern);
  }
  assert.ok(!fits('a'.repeat(10_000), `${'*a'.repeat(2000)}b`));
});
