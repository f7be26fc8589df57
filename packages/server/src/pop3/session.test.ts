import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { uid } from '@merpati/store/ids.ts';
import { friend, startPop3World, you } from './testing/pop3-world.ts';

const prefix = 'Return-Path: <rina@surat.test>\r\n';
const rice = 'From: rina@surat.test\r\nSubject: Rice\r\n\r\nReady.\r\n';
const dots = 'Subject: dots\r\n\r\n.\r\n..b\r\n';

test('a whole session: what was deleted is gone, the rest keeps its identity', async (t) => {
  const world = await startPop3World(t);
  await world.deliver(you, rice, prefix);
  await world.deliver(you, dots);
  const pop = await world.dial('pop3s');
  assert.equal(await pop.line(), '+OK mail.merpati.test POP3 server ready\r\n');
  const size = prefix.length + rice.length;
  assert.equal(await pop.login(), `+OK 2 messages, ${size + dots.length} octets\r\n`);
  assert.equal(await pop.ask('STAT'), `+OK 2 ${size + dots.length}\r\n`);
  assert.match(await pop.ask('LIST'), /^\+OK/);
  assert.equal(await pop.rest(), `1 ${size}\r\n2 ${dots.length}\r\n.\r\n`);
  assert.equal(await pop.ask('list 2'), `+OK 2 ${dots.length}\r\n`);
  await pop.ask('UIDL');
  const [first, second] = (await pop.rest()).split('\r\n').map((line) => line.split(' ')[1]);
  assert.ok(first !== second);
  assert.equal(await pop.ask('UIDL 2'), `+OK 2 ${second}\r\n`);
  assert.equal(await pop.ask('RETR 1'), `+OK ${size} octets\r\n`);
  assert.equal(await pop.rest(), `${prefix}${rice}.\r\n`);
  await pop.ask('RETR 2');
  assert.equal(await pop.rest(), 'Subject: dots\r\n\r\n..\r\n...b\r\n.\r\n');
  await pop.ask('TOP 2 0');
  assert.equal(await pop.rest(), 'Subject: dots\r\n\r\n.\r\n');
  await pop.ask('TOP 2 1');
  assert.equal(await pop.rest(), 'Subject: dots\r\n\r\n..\r\n.\r\n');
  assert.match(await pop.ask('DELE 1'), /^\+OK/);
  assert.match(await pop.ask('DELE 1'), /^-ERR/);
  assert.match(await pop.ask('RETR 1'), /^-ERR/);
  assert.equal(await pop.ask('STAT'), `+OK 1 ${dots.length}\r\n`);
  assert.match(await pop.ask('RSET'), /^\+OK/);
  assert.match(await pop.ask('DELE 1'), /^\+OK/);
  assert.equal(await pop.ask('QUIT'), '+OK Good-bye, 1 deleted\r\n');
  assert.equal(await pop.all(), '');

  const again = await world.dial('pop3');
  await again.line();
  await again.login();
  await again.ask('UIDL');
  assert.equal(await again.rest(), `1 ${second}\r\n.\r\n`);
  await again.ask('QUIT');
});

test('one session per maildrop, across listeners, until it drops', async (t) => {
  const world = await startPop3World(t);
  await world.deliver(you, rice);
  const first = await world.dial('pop3');
  await first.line();
  assert.match(await first.login(), /^\+OK/);
  const second = await world.dial('pop3s');
  await second.line();
  assert.match(await second.login(), /^-ERR \[IN-USE\]/);
  assert.match(await second.login(friend), /^\+OK/);
  assert.match(await first.ask('DELE 1'), /^\+OK/);
  first.socket.destroy();
  const third = await world.dial('pop3');
  await third.line();
  // Even at once: the end of the dropped session is waited for.
  assert.match(await third.login(), /^\+OK 1 messages/);
});

test('a session sees what was there when it began', async (t) => {
  const world = await startPop3World(t);
  await world.deliver(you, rice);
  await world.deliver(you, dots);
  const pop = await world.dial('pop3');
  await pop.line();
  await pop.login();
  await world.deliver(you, 'Subject: new\r\n\r\n');
  const account = world.account(you);
  const inbox = (await world.store.mailboxes(account)).find(({ role }) => role === 'inbox');
  assert.ok(inbox);
  const rows = await world.store.messages(account, inbox.id, { fromUid: uid(1), limit: 10 });
  const second = rows[1];
  assert.ok(second);
  await world.store.expunge(account, inbox.id, [second.uid]);
  assert.equal(await pop.ask('STAT'), `+OK 2 ${rice.length + dots.length}\r\n`);
  assert.match(await pop.ask('DELE 2'), /^\+OK/);
  assert.match(await pop.ask('RETR 3'), /^-ERR/);
  assert.match(await pop.ask('QUIT'), /^\+OK/);
});

test('a message that is removed elsewhere is refused, not broken off', async (t) => {
  const world = await startPop3World(t);
  await world.deliver(you, rice);
  const pop = await world.dial('pop3');
  await pop.line();
  await pop.login();
  const account = world.account(you);
  const inbox = (await world.store.mailboxes(account)).find(({ role }) => role === 'inbox');
  assert.ok(inbox);
  await world.store.expunge(account, inbox.id, [uid(1)]);
  const reply = await pop.ask('RETR 1');
  // The bytes may still be there until the store collects them: either is honest.
  assert.match(reply, /^-ERR That message|^\+OK/);
});

test('whoever errs too often is sent away', async (t) => {
  const world = await startPop3World(t, { limits: { errors_max: 3 } });
  const pop = await world.dial('pop3');
  await pop.line();
  assert.equal(await pop.ask('FLY'), '-ERR Unknown command\r\n');
  assert.equal(await pop.ask('STAT'), '-ERR Log in first\r\n');
  assert.equal(await pop.ask('LIST one'), '-ERR Too many errors, good-bye\r\n');
  assert.equal(await pop.all(), '');
});

test('whoever only asks and never logs in is sent away', async (t) => {
  const world = await startPop3World(t);
  const pop = await world.dial('pop3');
  await pop.line();
  pop.send('CAPA\r\n'.repeat(200));
  const all = await pop.all();
  assert.equal(all.split('+OK Capabilities follow').length - 1, 100);
  assert.ok(all.endsWith('-ERR Too many errors, good-bye\r\n'));
});

test('a line without end is not read to its end', async (t) => {
  const world = await startPop3World(t);
  const pop = await world.dial('pop3');
  await pop.line();
  pop.send('x'.repeat(100_000));
  assert.match(await pop.all(), /^-ERR Line too long/);
});

test('many commands in one packet get as many replies, in order', async (t) => {
  const world = await startPop3World(t);
  await world.deliver(you, rice);
  const pop = await world.dial('pop3s');
  await pop.line();
  pop.send(`USER ${you}\r\nPASS merpati\r\n${'NOOP\r\n'.repeat(5000)}RETR 1\r\nSTAT\r\nQUIT\r\n`);
  const all = await pop.all();
  const lines = all.split('\r\n');
  assert.equal(lines.filter((line) => line === '+OK Still here').length, 5000);
  assert.ok(all.endsWith(`${rice}.\r\n+OK 1 ${rice.length}\r\n+OK Good-bye\r\n`));
});

test('LANG changes the words, UTF8 is taken before login only. RFC 6856', async (t) => {
  const world = await startPop3World(t);
  const pop = await world.dial('pop3');
  await pop.line();
  await pop.ask('LANG');
  assert.equal(await pop.rest(), 'en English\r\nid Bahasa Indonesia\r\n.\r\n');
  assert.equal(await pop.ask('LANG ID-id'), '+OK id Bahasa diganti\r\n');
  assert.equal(await pop.ask('LANG xx'), '-ERR Bahasa itu tidak ada di sini\r\n');
  assert.match(await pop.ask('LANG *'), /^\+OK en /);
  assert.match(await pop.ask('UTF8'), /^\+OK/);
  assert.equal(await pop.ask('STLS'), '-ERR No STLS after UTF8\r\n');
  await pop.login();
  assert.match(await pop.ask('UTF8'), /^-ERR/);
});

test('stopping tells the sessions and deletes nothing', async (t) => {
  const world = await startPop3World(t);
  await world.deliver(you, rice);
  const pop = await world.dial('pop3');
  await pop.line();
  await pop.login();
  await pop.ask('DELE 1');
  const stopped = world.running.stop();
  assert.match(await pop.all(), /^-ERR \[SYS\/TEMP\] The server is being stopped/);
  pop.socket.destroy();
  await stopped;
  assert.equal((await world.store.maildrop(world.account(you))).length, 1);
});

test('the lab can be busy or slow', async (t) => {
  const world = await startPop3World(t);
  world.faults.add('busy');
  assert.match(await (await world.dial('pop3')).all(), /^-ERR \[SYS\/TEMP\]/);
  world.faults.clear();
  world.faults.add('slow');
  const pop = await world.dial('pop3');
  const greeting = pop.line();
  assert.equal(await Promise.race([greeting, sleep(500, 'nothing yet')]), 'nothing yet');
  assert.match(await greeting, /^\+OK/);
});
