import assert from 'node:assert/strict';
import test from 'node:test';
import { mechanisms } from '@merpati/client/pop3/authenticate.ts';
import { Pop3Client } from '@merpati/client/pop3/client.ts';
import { createAuthenticator } from '../accounts/authenticate.ts';
import { testHome } from '../testing/home.ts';
import { startPop3 } from './listeners.ts';
import { RawPop3, friend, password, startPop3World, you } from './testing/pop3-world.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

for (const mechanism of mechanisms) {
  test(`${mechanism} under TLS, right and wrong`, async (t) => {
    const world = await startPop3World(t);
    const trust = { ca: world.ca, servername: 'mail.merpati.test' };
    const connect = () =>
      Pop3Client.connect({
        host: '127.0.0.1',
        port: world.ports.pop3,
        security: 'stls',
        trust,
      });
    const client = await connect();
    await client.login({ user: you, password, mechanism });
    assert.deepEqual(await client.stat(), { messages: 0, octets: 0 });
    await client.quit();
    for (const user of [you, 'nobody@merpati.test']) {
      await using wrong = await connect();
      const login = wrong.login({ user, password: 'wrong', mechanism });
      await assert.rejects(login, { code: 'auth', again: 'never' });
    }
  });
}

test('the best mechanism is taken: bound to the channel', async (t) => {
  const world = await startPop3World(t);
  const said: string[] = [];
  const client = await world.login({ onLine: (_, text) => void said.push(text) });
  await client.quit();
  assert.ok(said.some((line) => line.startsWith('AUTH … ') || line === 'AUTH …'));
  assert.ok(said.some((line) => line === 'UTF8'));
});

test('before TLS no password is taken, and STLS is what CAPA shows instead', async (t) => {
  const world = await startPop3World(t, { plainAllowed: false });
  const pop = await world.dial('pop3');
  await pop.line();
  await pop.ask('CAPA');
  const before = (await pop.rest()).split('\r\n');
  assert.ok(before.includes('STLS') && !before.includes('USER'));
  assert.ok(!before.some((line) => line.startsWith('SASL')));
  assert.match(await pop.ask(`USER ${you}`), /^-ERR Passwords only under TLS/);
  assert.match(await pop.ask('PASS merpati'), /^-ERR Passwords only under TLS/);
  assert.match(await pop.ask('AUTH PLAIN'), /^-ERR Passwords only under TLS/);
  assert.match(await pop.ask('STLS'), /^\+OK/);
  const secure = await pop.startTls(world.ca);
  await secure.ask('CAPA');
  const after = (await secure.rest()).split('\r\n');
  assert.ok(!after.includes('STLS') && after.includes('USER'));
  assert.ok(after.includes('SASL SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN'));
  assert.ok(after.includes('EXPIRE 30 USER') && after.includes('UTF8 USER'));
  assert.match(await secure.ask('STLS'), /^-ERR TLS is active/);
  assert.match(await secure.login(), /^\+OK/);
  await secure.ask('CAPA');
  const inside = (await secure.rest()).split('\r\n');
  assert.ok(inside.includes('EXPIRE 30') && !inside.includes('STLS'));
  for (const tag of ['TOP', 'UIDL', 'RESP-CODES', 'AUTH-RESP-CODE', 'PIPELINING', 'LANG']) {
    assert.ok(before.includes(tag) && inside.includes(tag), tag);
  }
});

test('what was slipped in behind STLS in clear is dropped', async (t) => {
  const world = await startPop3World(t);
  const pop = await world.dial('pop3');
  await pop.line();
  pop.send(`USER ${friend}\r\nSTLS\r\nPASS merpati\r\nSTAT\r\n`);
  assert.match(await pop.line(), /^\+OK/);
  assert.match(await pop.line(), /^\+OK Begin TLS/);
  const secure = await pop.startTls(world.ca);
  assert.equal(await secure.ask('PASS merpati'), '-ERR USER first\r\n');
});

test('without a certificate, or with the fault no-tls, STLS is not there', async (t) => {
  const world = await startPop3World(t);
  world.faults.add('no-tls');
  const pop = await world.dial('pop3');
  await pop.line();
  await pop.ask('CAPA');
  assert.ok(!(await pop.rest()).includes('STLS'));
  assert.equal(await pop.ask('STLS'), '-ERR No TLS here\r\n');
});

test('AUTH: cancelled, malformed, unheard of, asked for. RFC 5034 §4', async (t) => {
  const world = await startPop3World(t);
  const pop = await world.dial('pop3s');
  await pop.line();
  assert.equal(await pop.ask('AUTH PLAIN'), '+ \r\n');
  assert.equal(await pop.ask('*'), '-ERR Authentication cancelled\r\n');
  assert.equal(await pop.ask('AUTH PLAIN !!!!'), '-ERR Wrong arguments\r\n');
  await pop.ask('AUTH PLAIN');
  assert.equal(await pop.ask('no base64'), '-ERR Malformed authentication\r\n');
  assert.equal(
    await pop.ask(`AUTH PLAIN ${base64('no nul')}`),
    '-ERR Malformed authentication\r\n',
  );
  assert.equal(await pop.ask('AUTH CRAM-MD5'), '-ERR No such mechanism here\r\n');
  await pop.ask('AUTH');
  assert.equal(await pop.rest(), 'SCRAM-SHA-256-PLUS\r\nSCRAM-SHA-256\r\nPLAIN\r\nLOGIN\r\n.\r\n');
  const other = base64(`${friend}\0${you}\0${password}`);
  assert.equal(await pop.ask(`AUTH PLAIN ${other}`), '-ERR Malformed authentication\r\n');
  assert.match(await pop.ask(`AUTH PLAIN ${base64(`\0${you}\0${password}`)}`), /^\+OK/);
});

test('five wrong passwords end the connection', async (t) => {
  const world = await startPop3World(t);
  const pop = await world.dial('pop3s');
  await pop.line();
  for (let i = 0; i < 5; i += 1) {
    assert.equal(await pop.login(you, `wrong ${i}`), '-ERR [AUTH] Wrong name or password\r\n');
  }
  assert.equal(await pop.all(), '');
});

test('a disabled account is refused by name only to whoever knows the password', async (t) => {
  const world = await startPop3World(t, { settings: { state: 'disabled' } });
  const pop = await world.dial('pop3s');
  await pop.line();
  assert.match(await pop.login(you, 'wrong'), /^-ERR \[AUTH\] Wrong/);
  assert.match(await pop.login(), /^-ERR \[AUTH\] This account is switched off/);
});

test('the login decides the home: accounts of several behind one port', async (t) => {
  const world = await startPop3World(t);
  const other = await testHome();
  t.after(() => other[Symbol.asyncDispose]());
  await other.addDomain('surat.test');
  await other.addAccount('rina@surat.test');
  const both = await startPop3(world.home, createAuthenticator([world.home, other.home]), {
    plainAllowed: true,
  });
  t.after(() => both.stop());
  const port = both.addresses.find(({ protocol }) => protocol === 'pop3')?.port ?? 0;
  await world.deliver(you, 'Subject: here\r\n\r\n');
  const first = await RawPop3.dial(port, null);
  await first.line();
  assert.match(await first.login('rina@surat.test'), /^\+OK 0 messages/);
  const second = await RawPop3.dial(port, null);
  await second.line();
  assert.match(await second.login(), /^\+OK 1 messages/);
  // The lock is the maildrop's, not the listener's.
  const third = await world.dial('pop3');
  await third.line();
  assert.match(await third.login(), /^-ERR \[IN-USE\]/);
  for (const pop of [first, second, third]) pop.socket.destroy();
});
