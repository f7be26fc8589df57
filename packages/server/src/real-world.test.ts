import assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import test from 'node:test';
import { createClockUs, worldWithDns } from './real-world.ts';

test('the clock is fine, follows the wall and never goes back', () => {
  let wall = 1_000_000;
  let steady = 0;
  const nowUs = createClockUs(
    () => wall,
    () => steady,
  );
  assert.equal(nowUs(), 1_000_000_000);
  steady += 0.25;
  assert.equal(nowUs(), 1_000_000_250);
  wall += 3_600_000; // the machine has slept
  assert.equal(nowUs(), 1_000_000_000 + 3_600_000_000);
  wall -= 7_200_000; // somebody set the clock back
  assert.equal(nowUs(), 1_000_000_000 + 3_600_000_000);
});

test('a dial connects, times out, is refused, is given up', async (t) => {
  const world = worldWithDns([], 1000);
  const server = createServer((socket) => socket.on('error', () => {}).end('hi'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const here = { address: '127.0.0.1', timeoutMs: 1000 };
  const socket = await world.dial({ ...here, port });
  assert.equal(socket.remotePort, port);
  socket.destroy();
  await assert.rejects(world.dial({ ...here, port: 1 }), { code: 'ECONNREFUSED' });
  const signal = AbortSignal.abort();
  await assert.rejects(world.dial({ ...here, port, signal }), { code: 'ABORT_ERR' });
  const far = { address: '192.0.2.1', port: 25, timeoutMs: 20 };
  await assert.rejects(world.dial(far), (error: NodeJS.ErrnoException) =>
    ['ETIMEDOUT', 'ENETUNREACH', 'EHOSTUNREACH', 'ECONNREFUSED', 'EACCES'].includes(
      error.code ?? '',
    ),
  );
});
