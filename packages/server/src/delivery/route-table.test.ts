import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configSchema } from '../config/schema.ts';
import { matchRoute, readNextHop } from './route-table.ts';

test('the most particular route wins, whatever the order', () => {
  const domains = ['*', '.example.org', '.mail.example.org', 'mail.example.org', 'example.org'];
  const { routes } = configSchema.parse({
    routes: domains.map((domain) => ({ domain, host: `for ${domain}` })),
  });
  const cases = [
    ['example.org', 'example.org'],
    ['a.example.org', '.example.org'],
    ['mail.example.org', 'mail.example.org'],
    ['x.mail.example.org', '.mail.example.org'],
    ['badexample.org', '*'],
    ['[192.0.2.1]', '*'],
  ] as const;
  for (const list of [routes, routes.toReversed()]) {
    for (const [domain, expected] of cases) {
      assert.equal(matchRoute(list, domain)?.host, `for ${expected}`, domain);
    }
  }
  assert.equal(matchRoute(routes.slice(1), 'other.test'), null);
});

test('next hops as people write them', () => {
  assert.deepEqual(readNextHop('Mx.Test'), { host: 'mx.test', port: 25 });
  assert.deepEqual(readNextHop(' mx.test:587 '), { host: 'mx.test', port: 587 });
  assert.deepEqual(readNextHop('192.0.2.1:2525'), { host: '192.0.2.1', port: 2525 });
  assert.deepEqual(readNextHop('[192.0.2.1]'), { host: '192.0.2.1', port: 25 });
  assert.deepEqual(readNextHop('[2001:db8::1]:587'), { host: '2001:db8::1', port: 587 });
  assert.deepEqual(readNextHop('[IPv6:2001:db8::1]'), { host: '2001:db8::1', port: 25 });
  assert.deepEqual(readNextHop('2001:db8::1'), { host: '2001:db8::1', port: 25 });
  for (const text of ['', 'a b', 'mx.test:0', 'mx.test:99999', '[mx.test]', 'mx.test:smtp']) {
    assert.equal(readNextHop(text), null, text);
  }
});
