import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startImapWorld, you } from '../testing/imap-world.ts';
import type { ImapWorld, RawImap } from '../testing/imap-world.ts';

const message = 'Subject: x\r\n\r\nhi\r\n';

/** The tagged end of the answer. */
async function last(client: RawImap, command: string): Promise<string> {
  return (await client.ask(command)).at(-1)!;
}

async function countIn(world: ImapWorld, name: string): Promise<number> {
  return (await world.store.mailbox(world.account(you), name))!.total;
}

test('the client is asked for each literal, and only when it is wanted', async (t) => {
  const world = await startImapWorld(t);
  const client = await world.enter();
  client.send(`a APPEND INBOX {${message.length}}\r\n`);
  assert.match(await client.line(), /^\+ /);
  client.send(`${message} (\\Seen) {${message.length}}\r\n`);
  assert.match(await client.line(), /^\+ /);
  client.send(`${message}\r\n`);
  assert.match(await client.line(), /^a OK \[APPENDUID \d+ 1:2\]/);
  assert.equal(await last(client, 'APPEND Nowhere {7}'), 'NO [TRYCREATE] No such mailbox');
  assert.match(await last(client, 'APPEND INBOX {999999999999}'), /^NO \[TOOBIG\]/);
  assert.match(await last(client, 'NOOP'), /^OK/);
  assert.equal(await countIn(world, 'INBOX'), 2);
  client.socket.destroy();
});

test('what came unasked and is not wanted is dropped, and the session goes on', async (t) => {
  const world = await startImapWorld(t);
  const client = await world.enter();
  const large = 'x'.repeat(3_000_000);
  assert.match(
    await last(client, `APPEND Nowhere {${large.length}+}\r\n${large}`),
    /^NO \[TRYCREATE\]/,
  );
  assert.match(
    await last(client, `APPEND INBOX {${message.length}+}\r\n${message} {0+}\r\n`),
    /^NO/,
  );
  assert.match(await last(client, `APPEND INBOX {5+}\r\nhello nonsense`), /^BAD/);
  assert.match(await last(client, 'NOOP'), /^OK/);
  assert.equal(await countIn(world, 'INBOX'), 0);
  client.socket.destroy();
});

test('a large message comes in whole; several at once have a bound', async (t) => {
  const world = await startImapWorld(t);
  const client = await world.enter();
  const large = `Subject: large\r\n\r\n${'0123456789abcdef\r\n'.repeat(200_000)}`;
  assert.match(await last(client, `APPEND INBOX {${large.length}+}\r\n${large}`), /^OK/);
  const [row] = await world.store.flagRows(
    world.account(you),
    (await world.store.mailbox(world.account(you), 'INBOX'))!.id,
    { fromUid: 1 as never, toUid: 9 as never, limit: 9 },
  );
  const body = await world.store.readMessage(world.account(you), row!.content);
  const chunks: Uint8Array[] = [];
  for await (const chunk of body!.chunks()) chunks.push(chunk);
  assert.ok(Buffer.concat(chunks).toString('latin1') === large);

  client.send('b APPEND INBOX');
  for (let number = 0; number < 12; number += 1) {
    client.send(` {${large.length}+}\r\n${large}`);
  }
  client.send('\r\n');
  assert.match((await client.answer('b')).at(-1)!, /^NO \[LIMIT\]/);
  assert.equal(await countIn(world, 'INBOX'), 1);
  client.socket.destroy();
});

test('a client that goes away in the middle leaves nothing behind', async (t) => {
  const world = await startImapWorld(t);
  for (const sent of [10, 700_000]) {
    const client = await world.enter();
    client.send(`a APPEND INBOX {1000000+}\r\n${'x'.repeat(sent)}`);
    await delay(50);
    client.socket.destroy();
  }
  await delay(100);
  assert.equal(await countIn(world, 'INBOX'), 0);
  assert.deepEqual((await world.store.check({ deep: true })).findings, []);
});

test('no room left: nothing of several messages is stored', async (t) => {
  const world = await startImapWorld(t, { settings: { quotaBytes: 100_000 } });
  const client = await world.enter();
  const large = `Subject: y\r\n\r\n${'y'.repeat(70_000)}`;
  const one = `{${large.length}+}\r\n${large}`;
  assert.match(await last(client, `APPEND INBOX ${one} ${one}`), /^NO \[OVERQUOTA\]/);
  assert.equal(await countIn(world, 'INBOX'), 0);
  assert.match(await last(client, `APPEND INBOX ${one}`), /^OK/);
  await client.ask('SELECT INBOX');
  assert.match(await last(client, 'COPY 1 INBOX'), /^NO \[OVERQUOTA\]/);
  assert.match(
    await last(client, 'APPEND INBOX CATENATE (URL "/INBOX/;UID=1")'),
    /^NO \[OVERQUOTA\]/,
  );
  client.socket.destroy();
});

test('a message put together may not be longer than any other', async (t) => {
  const world = await startImapWorld(t, { config: { limits: { message_bytes_max: 65_536 } } });
  const client = await world.enter();
  const large = `Subject: y\r\n\r\n${'y'.repeat(40_000)}`;
  assert.match(await last(client, `APPEND INBOX {${large.length}+}\r\n${large}`), /^OK/);
  const url = '"/INBOX/;UID=1"';
  assert.match(
    await last(client, `APPEND INBOX CATENATE (URL ${url} URL ${url})`),
    /^NO \[TOOBIG\]/,
  );
  assert.match(
    await last(client, `APPEND INBOX CATENATE (URL ${url} TEXT {30000}`),
    /^NO \[TOOBIG/,
  );
  assert.match(await last(client, `APPEND INBOX CATENATE (URL ${url} TEXT {2+}\r\nxy)`), /^OK/);
  assert.equal(await countIn(world, 'INBOX'), 2);
  client.socket.destroy();
});

test('a message is not replaced twice', async (t) => {
  const world = await startImapWorld(t);
  await world.deliver(you, message);
  const [one, other] = [await world.enter(), await world.enter()];
  for (const client of [one, other]) await client.ask('SELECT INBOX');
  const text = `{${message.length}+}\r\n${message}`;
  assert.match(await last(one, `UID REPLACE 1 INBOX ${text}`), /^OK/);
  assert.match(await last(other, `UID REPLACE 1 INBOX ${text}`), /^NO \[EXPUNGEISSUED\]/);
  assert.equal(await countIn(world, 'INBOX'), 1);
  for (const client of [one, other]) client.socket.destroy();
});
