import assert from 'node:assert/strict';
import test from 'node:test';
import type { Store } from '@merpati/store/contract.ts';
import { accountId } from '@merpati/store/ids.ts';
import { lockMaildrop } from './maildrop-locks.ts';

/** Locks are kept by identity: what the store can do does not matter here. */
const newStore = () => ({}) as Store;
const rina = accountId(1);

test('one holder at a time, per store and account', async () => {
  const store = newStore();
  const lock = await lockMaildrop(store, rina, 0);
  assert.ok(lock);
  assert.equal(await lockMaildrop(store, rina, 1), null);
  assert.ok(await lockMaildrop(store, accountId(2), 0));
  assert.ok(await lockMaildrop(newStore(), rina, 0));
  lock.release();
  assert.ok(await lockMaildrop(store, rina, 0));
});

test('who waits gets it in turn, and a second release frees nobody else', async () => {
  const store = newStore();
  const first = await lockMaildrop(store, rina, 0);
  const second = lockMaildrop(store, rina, 5000);
  const third = lockMaildrop(store, rina, 5000);
  const impatient = await lockMaildrop(store, rina, 1);
  assert.equal(impatient, null);
  first?.release();
  first?.release();
  const holder = await second;
  assert.ok(holder);
  assert.equal(await Promise.race([third, Promise.resolve('waiting')]), 'waiting');
  holder.release();
  (await third)?.release();
  assert.ok(await lockMaildrop(store, rina, 0));
});
