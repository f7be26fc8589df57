import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as fc from 'fast-check';
import { type Pop3World, friend, startPop3World, you } from './testing/pop3-world.ts';

async function read(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const octets of content) pieces.push(octets);
  return Buffer.concat(pieces);
}

test('every message comes back byte for byte, and LIST says its octets', async (t) => {
  const world = await startPop3World(t);
  const line = fc.oneof(
    fc.constantFrom('', '.', '..', '.a', '\0', 'é', 'a.', '\ufeff'),
    fc.string({ unit: 'binary', maxLength: 2000 }).map((text) => text.replace(/[\r\n]/g, '')),
  );
  const samples = fc.sample(fc.tuple(fc.array(line, { maxLength: 40 }), fc.boolean()), 60);
  const messages = samples.map(([lines, isClosed]) =>
    Buffer.from(lines.join('\r\n').concat(isClosed ? '\r\n' : 'x'), 'utf8'),
  );
  for (const message of messages) await world.deliver(you, message);
  await using client = await world.login();
  const sizes = await client.list();
  for (const [index, message] of messages.entries()) {
    const isClosed = message.length === 0 || message.subarray(-2).toString() === '\r\n';
    const expected = isClosed ? message : Buffer.concat([message, Buffer.from('\r\n')]);
    const content = await read(await client.retr(index + 1));
    assert.ok(content.equals(expected));
    assert.equal(sizes.get(index + 1), expected.length);
  }
});

test('an empty message, and one that never ends its header', async (t) => {
  const world = await startPop3World(t);
  await world.deliver(you, '');
  await world.deliver(you, 'A: b\r\n'.repeat(10));
  await using client = await world.login();
  assert.deepEqual([...(await client.list()).values()], [0, 60]);
  assert.equal((await read(await client.retr(1))).length, 0);
  assert.equal((await read(await client.top(1, 5))).length, 0);
  assert.equal((await read(await client.top(2, 0))).length, 60);
});

test('no message can end its own reply for readers who take LF for a line end', async (t) => {
  const world = await startPop3World(t);
  await world.deliver(you, 'A: b\r\n\r\nx\n.\r\n+OK forged\r\n\r.\ny\r\n');
  const pop = await world.dial('pop3');
  await pop.line();
  await pop.login();
  await pop.ask('RETR 1');
  const wire = await pop.rest();
  const lines = wire.split('\n').map((text) => text.replace(/^\r|\r$/g, ''));
  assert.equal(lines.indexOf('.'), lines.length - 2);
});

test('TOP of a header of megabytes, of no lines and of some', async (t) => {
  const world = await startPop3World(t);
  const header = 'X-Long: '.concat('y'.repeat(900), '\r\n').repeat(5000);
  await world.deliver(you, `${header}\r\n.one\r\ntwo\r\nthree`);
  await using client = await world.login();
  assert.equal((await read(await client.top(1, 0))).toString(), `${header}\r\n`);
  assert.equal((await read(await client.top(1, 2))).toString(), `${header}\r\n.one\r\ntwo\r\n`);
  assert.ok((await read(await client.top(1, 99))).toString().endsWith('three\r\n'));
});

test('a client that asks for much and reads nothing costs little memory', async (t) => {
  const world = await startPop3World(t);
  await world.deliver(you, Buffer.alloc(50_000_000, 'x'.repeat(76).concat('\r\n')));
  const pop = await world.dial('pop3');
  await pop.line();
  await pop.login();
  pop.socket.pause();
  pop.send('RETR 1\r\n'.repeat(5));
  // What is in use, not what waits to be collected: the least of several looks.
  let held = Infinity;
  for (let look = 0; look < 10; look += 1) {
    await sleep(200);
    gc();
    held = Math.min(held, process.memoryUsage().arrayBuffers);
  }
  t.diagnostic(`${Math.round(held / 1000)} KB in buffers, with 250 MB asked for`);
  pop.socket.destroy();
  assert.ok(held < 4_000_000);
});

/** Memory that is no longer used is given back before it is counted. */
const gc = (() => {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
})();

test('a damaged message is refused or broken off, never served as whole', async (t) => {
  const world = await startPop3World(t);
  const noise = randomBytes(3_000_000).toString('base64').replace(/.{76}/g, '$&\r\n');
  await world.deliver(you, `A: b\r\n\r\n${noise}\r\n`);
  const prefix = 'Return-Path: <rina@surat.test>\r\n';
  await world.deliver(friend, `A: b\r\n\r\n${noise.slice(0, 1000)}\r\n`, prefix);
  damage(world);
  const pop = await world.dial('pop3');
  await pop.line();
  await pop.login();
  assert.match(await pop.ask('RETR 1'), /^\+OK/);
  const received = await pop.all();
  assert.ok(received.length < noise.length && !received.endsWith('.\r\n'));

  const other = await world.dial('pop3');
  await other.line();
  await other.login(friend);
  assert.match(await other.ask('RETR 1'), /^-ERR \[SYS\/PERM\]/);
  assert.match(await other.ask('DELE 1'), /^\+OK/);
});

/** Turns octets around all over the last third of what is used of every segment. */
function damage(world: Pop3World): void {
  const folder = join(world.directory, 'segments');
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const bytes = readFileSync(path);
    const used = bytes.findLastIndex((octet) => octet !== 0);
    for (let at = used - 10; at > used * 0.7; at -= 1000) bytes[at] = (bytes[at] ?? 0) ^ 0x55;
    writeFileSync(path, bytes);
  }
}
