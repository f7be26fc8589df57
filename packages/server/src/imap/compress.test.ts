/** COMPRESS=DEFLATE: both ways, under TLS, with a bomb, and with a client that hangs up. */

import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import test from 'node:test';
import { constants, createDeflateRaw, createInflateRaw } from 'node:zlib';
import { startImapWorld } from './testing/imap-world.ts';

/** The client's half, made of nothing but zlib. */
function compress(socket: Duplex): Duplex {
  const deflate = createDeflateRaw({ flush: constants.Z_SYNC_FLUSH });
  const inflate = createInflateRaw({ finishFlush: constants.Z_SYNC_FLUSH });
  socket.pipe(inflate);
  deflate.pipe(socket);
  return Duplex.from({ readable: inflate, writable: deflate });
}

for (const protocol of ['imap', 'imaps'] as const) {
  test(`a session goes on compressed: ${protocol}`, async (t) => {
    const world = await startImapWorld(t);
    const plain = await world.dial(protocol);
    assert.match((await plain.ask('COMPRESS DEFLATE')).join(), /^BAD/);
    await plain.ask('LOGIN you@merpati.test merpati');
    assert.deepEqual(await plain.ask('COMPRESS LZW'), ['BAD No such compression']);
    assert.deepEqual(await plain.ask('COMPRESS DEFLATE'), ['OK Compressed from here on']);
    const raw = plain.over(compress);
    assert.deepEqual(await raw.ask('NOOP'), ['OK Still here']);
    assert.match((await raw.ask('COMPRESS DEFLATE')).join(), /^NO \[COMPRESSIONACTIVE\]/);
    assert.deepEqual(await raw.ask('UNAUTHENTICATE'), ['OK Nobody is logged in']);
    assert.match((await raw.ask('LOGIN friend@merpati.test merpati')).join(), /^OK/);
    assert.deepEqual(await raw.ask('LOGOUT'), ['* BYE Good-bye', 'OK Logged out']);
  });
}

test('what is no DEFLATE ends the connection, and a bomb fills no memory', async (t) => {
  const world = await startImapWorld(t);
  const raw = await world.enter();
  await raw.ask('COMPRESS DEFLATE');
  raw.send('\xff\xff\xff\xff');
  await raw.all();

  const bomber = await world.enter();
  await bomber.ask('COMPRESS DEFLATE');
  const deflate = createDeflateRaw({ level: 9 });
  deflate.pipe(bomber.socket, { end: false });
  const before = process.memoryUsage().arrayBuffers;
  // 256 MB of one letter are 256 KB: a line far too long.
  const piece = Buffer.alloc(1024 * 1024, 'a');
  const closed = new Promise((resolve) => bomber.socket.once('close', resolve));
  for (let i = 0; i < 256 && !bomber.socket.closed; i += 1) {
    if (deflate.write(piece)) continue;
    await Promise.race([closed, new Promise((resolve) => deflate.once('drain', resolve))]);
  }
  deflate.destroy();
  await bomber.all();
  assert.ok(process.memoryUsage().arrayBuffers - before < 32 * 1024 * 1024);
});
