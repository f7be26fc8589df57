import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nameServers, readNameServer, readResolvConf, trustOf } from './servers.ts';

test('name servers as people write them', () => {
  assert.deepEqual(readNameServer('127.0.0.1'), { address: '127.0.0.1', port: 53 });
  assert.deepEqual(readNameServer('127.0.0.1:5353'), { address: '127.0.0.1', port: 5353 });
  assert.deepEqual(readNameServer('::1'), { address: '::1', port: 53 });
  assert.deepEqual(readNameServer('[2001:db8::1]:5353'), { address: '2001:db8::1', port: 5353 });
  for (const text of ['', 'ns.test', '127.0.0.1:0', '127.0.0.1:65536']) {
    assert.equal(readNameServer(text), null, text);
  }
});

test('resolv.conf: nameserver lines only', () => {
  const text =
    '# made by dhcp\nsearch corp.test\nnameserver 192.0.2.1\n nameserver\t2001:db8::1 \n' +
    'nameserver not-an-address\noptions rotate\n';
  assert.deepEqual(readResolvConf(text), [
    { address: '192.0.2.1', port: 53 },
    { address: '2001:db8::1', port: 53 },
  ]);
  assert.deepEqual(nameServers([], '/nonexistent/resolv.conf'), [
    { address: '127.0.0.1', port: 53 },
  ]);
  assert.deepEqual(nameServers(['[::1]:5300']), [{ address: '::1', port: 5300 }]);
});

test('loopback', () => {
  const isTrusted = (address: string) => trustOf(['192.0.2.53'])({ address, port: 53 });
  for (const address of ['127.0.0.53', '127.0.0.1', '::ffff:127.0.0.1', '::1', '192.0.2.53']) {
    assert.ok(isTrusted(address), address);
  }
  // Docker's own only passes on what somebody else says.
  for (const address of ['192.0.2.1', '1270.0.0.1', '127.0.0.11', '::ffff:127.0.0.11']) {
    assert.ok(!isTrusted(address), address);
  }
});
