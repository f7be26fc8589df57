/** Domains where several servers share one command, as in the lab. */

import assert from 'node:assert/strict';
import test from 'node:test';
import { testHome } from '../../testing/home.ts';
import { perform } from '../perform.ts';

test('an alias domain goes to the server of its domain; nothing is half a value', async () => {
  await using one = await testHome();
  await using two = await testHome();
  await one.addDomain('merpati.test');
  await two.addDomain('surat.test');
  const context = { homes: [one.home, two.home], lab: null, server: null } as const;
  const put = (input: object) => perform(context, 'domain.put', input);
  await put({ name: 'toko.test', mode: 'add', aliasOf: 'surat.test' });
  assert.equal((await two.home.store.findDomain('toko.test'))?.aliasOf, 'surat.test');
  assert.equal(await one.home.store.findDomain('toko.test'), null);
  await assert.rejects(put({ name: 'x.test', mode: 'add', aliasOf: 'none.test' }), {
    code: 'domain.unknown',
    args: { domain: 'none.test', known: 'merpati.test, surat.test, toko.test' },
  });
  await assert.rejects(put({ name: 'surat.test', mode: 'edit', catchAll: '' }), {
    code: 'address.invalid',
  });
  await put({ name: 'surat.test', mode: 'edit', catchAll: 'rina@surat.test' });
  await put({ name: 'surat.test', mode: 'edit', catchAll: null });
  assert.equal((await two.home.store.findDomain('surat.test'))?.catchAll, null);
});
