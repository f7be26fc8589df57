/** Networks, and the places that connections take. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultConfig } from '../config/read.ts';
import { ConnectionLimits } from './connection-limits.ts';
import { createNetworks, isLoopback, networkOf } from './networks.ts';

test('networks', () => {
  const networks = createNetworks(['10.0.0.0/8', '192.0.2.7', '2001:db8::/32']);
  assert.deepEqual(
    ['10.1.2.3', '192.0.2.7', '192.0.2.8', '2001:db8:1::1', '2001:db9::1', 'x'].map((address) =>
      networks.has(address),
    ),
    [true, true, false, true, false, false],
  );
  for (const bad of ['10.0.0.0/33', 'host', '', '10.0.0.0/x']) {
    assert.throws(() => createNetworks([bad]), RangeError);
  }
});

test('what one party has for itself', () => {
  assert.equal(networkOf('192.0.2.7'), '192.0.2.7');
  assert.equal(networkOf('2001:db8::1'), '2001:db8:0:0::/64');
  assert.equal(networkOf('2001:0DB8:0:0:5::1'), '2001:db8:0:0::/64');
  assert.equal(networkOf('::1'), '0:0:0:0::/64');
  assert.equal(networkOf('fe80::1%eth0'), 'fe80:0:0:0::/64');
  assert.equal(isLoopback('127.9.9.9'), true);
  assert.equal(isLoopback('::1'), true);
  assert.equal(isLoopback('128.0.0.1'), false);
});

test('places for connections', () => {
  const { limits } = defaultConfig({ limits: { connections_max: 10, connections_per_ip_max: 2 } });
  const places = new ConnectionLimits(limits);
  assert.equal(places.enter('2001:db8::1'), true);
  assert.equal(places.enter('2001:db8::2'), true);
  assert.equal(places.enter('2001:db8::3'), false, 'the same /64');
  assert.equal(places.enter('192.0.2.1'), true);
  places.leave('2001:db8::1');
  assert.equal(places.enter('2001:db8::3'), true);
  for (let i = 0; i < 6; i += 1) assert.equal(places.enter('127.0.0.1'), true, 'loopback is many');
  assert.equal(places.isStressed, true);
  assert.equal(places.enter('127.0.0.1'), true);
  assert.equal(places.enter('198.51.100.1'), false, 'all places are taken');
  assert.equal(places.total, 10);
});
