/** Who leaves in the middle of a TLS handshake, or right after it, holds no place. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectPlain } from 'node:net';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from 'node:tls';
import { testHome } from '../testing/home.ts';
import { listen } from './listen.ts';

/** Less than a handshake may take. */
const waitMsMax = 15_000;

test('who leaves with the handshake is noticed at once', async (t) => {
  await using made = await testHome();
  const { home } = made;
  const options = { home, protocol: 'imaps', address: '127.0.0.1', port: 0, busy: '' };
  const listener = await listen({ ...options, implicitTls: true }, async (wire) => {
    await wire.readChunk(60_000);
  });
  t.after(() => listener.stop(0));
  for (let count = 0; count < 10; count += 1) {
    const finished = connect({ port: listener.port, rejectUnauthorized: false });
    await once(finished, 'secureConnect');
    finished.destroy();
    const silent = connectPlain(listener.port, '127.0.0.1');
    await once(silent, 'connect');
    silent.destroy();
  }
  const open = async () => (await home.metrics.connections.get()).values[0]?.value;
  const startedMs = performance.now();
  while ((await open()) !== 0) {
    assert.ok(performance.now() - startedMs < waitMsMax, `${await open()} are still open`);
    await delay(50);
  }
});
