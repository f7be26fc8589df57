/** What hostile or broken clients do: answered in time, in bounded memory, and nothing changes. */

import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { imapLimits } from './limits.ts';
import { startImapWorld, you } from './testing/imap-world.ts';

test('thousands of commands without a login', async (t) => {
  const world = await startImapWorld(t);
  const raw = await world.dial();
  raw.send('a CAPABILITY\r\n'.repeat(5000));
  const all = await raw.all();
  assert.equal(all.match(/a OK/g)?.length, imapLimits.commandsBeforeLoginMax + 1);
  assert.match(all, /\* BYE Too many commands without a login\r\n$/);
});

test('nothing but mistakes', async (t) => {
  const world = await startImapWorld(t);
  const raw = await world.enter();
  raw.send('x\r\n'.repeat(100));
  const all = await raw.all();
  assert.equal(all.match(/BAD/g)?.length, world.home.config.limits.errors_max);
  assert.match(all, /\* BYE Too many errors\r\n$/);
});

test('literals without end, before and after login', async (t) => {
  const world = await startImapWorld(t);
  const raw = await world.dial();
  assert.match((await raw.ask('LOGIN {4000000000}')).join(), /^NO \[TOOBIG\]/);
  // Many small ones are one large one.
  const many = await world.dial();
  many.send(`a LOGIN ${'{1000+}\r\n'.concat('x'.repeat(1000), ' ').repeat(200)}\r\n`);
  assert.match(await many.all(), /^a NO \[TOOBIG\] |^\* BYE Too much input\r\n$/);

  const user = await world.enter();
  const key = '{60000+}\r\n'.concat('x'.repeat(60_000));
  user.send(`s SELECT INBOX\r\nb SEARCH ${`BODY ${key} `.repeat(20)}ALL\r\nc NOOP\r\n`);
  const lines = await user.answer('c');
  assert.ok(
    lines.some((line) => line.startsWith('b NO [TOOBIG]')),
    lines.join('\n'),
  );
});

test('a line without end', async (t) => {
  const world = await startImapWorld(t);
  const raw = await world.enter();
  raw.send(`a SEARCH ${'NOT '.repeat(1_000_000)}`);
  assert.equal(await raw.all(), '* BYE Line too long\r\n');
});

test('commands in one packet are answered in order, whatever is between them', async (t) => {
  const world = await startImapWorld(t);
  await world.deliver(you, 'Subject: a\r\n\r\nb\r\n');
  const raw = await world.enter();
  raw.send(
    'a SELECT INBOX\r\nb FETCH 1 FLAGS\r\nc bogus\r\nd STATUS {5+}\r\nINBOX (MESSAGES)\r\n' +
      'e IDLE\r\nDONE\r\nf LOGOUT\r\ng NOOP\r\n',
  );
  const tags = (await raw.all()).match(/^[a-g] (?:OK|NO|BAD)/gm);
  assert.deepEqual(tags, ['a OK', 'b OK', 'c BAD', 'd OK', 'e OK', 'f OK']);
});

test('who reads nothing holds no more than the socket does', async (t) => {
  const world = await startImapWorld(t);
  const message = `Subject: large\r\n\r\n${'x'.repeat(76).concat('\r\n').repeat(60_000)}`;
  for (let i = 0; i < 10; i += 1) await world.deliver(you, message);
  const raw = await world.enter();
  await raw.ask('SELECT INBOX');
  const before = process.memoryUsage().arrayBuffers;
  raw.socket.pause();
  raw.send('a FETCH 1:10 BODY.PEEK[]\r\nb FETCH 1:10 BODY.PEEK[]\r\n'.repeat(20));
  await sleep(500);
  assert.ok(process.memoryUsage().arrayBuffers - before < 32 * 1024 * 1024);
  raw.socket.destroy();
});

test('faults of the lab: busy, down, slow', async (t) => {
  const world = await startImapWorld(t);
  world.faults.add('busy');
  assert.match((await world.dial()).greeting, /^\* BYE \[UNAVAILABLE\]/);
  world.faults.delete('busy');
  world.faults.add('down');
  assert.equal((await world.dial().catch(() => null))?.greeting ?? '', '');
  world.faults.delete('down');
  world.faults.add('slow');
  const startedMs = performance.now();
  await world.dial();
  assert.ok(performance.now() - startedMs > 1500);
});

test('when the server stops, who idles is told', async (t) => {
  const world = await startImapWorld(t);
  const raw = await world.enter();
  raw.begin('IDLE');
  await raw.line();
  await world.running.stop();
  assert.equal(await raw.all(), '* BYE The server is being stopped\r\n');
});
