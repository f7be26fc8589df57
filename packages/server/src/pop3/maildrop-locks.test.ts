import assert from 'node:assert/strict';
import test from 'node:test';
import { accountId } from '@merpati/store/ids.ts';
import { OwnMaildropLocks } from './maildrop-locks.ts';

const rina = accountId(1);

test('one holder at a time, for each account', async () => {
  const locks = new OwnMaildropLocks();
  const lock = await locks.lock(rina, 0);
  assert.ok(lock);
  assert.equal(await locks.lock(rina, 1), null);
  assert.ok(await locks.lock(accountId(2), 0));
  lock.release();
  assert.ok(await locks.lock(rina, 0));
});

test('who waits gets it in turn, and a second release frees nobody else', async () => {
  const locks = new OwnMaildropLocks();
  const first = await locks.lock(rina, 0);
  const second = locks.lock(rina, 5000);
  const third = locks.lock(rina, 5000);
  const impatient = await locks.lock(rina, 1);
  assert.equal(impatient, null);
  first?.release();
  first?.release();
  const holder = await second;
  assert.ok(holder);
  assert.equal(await Promise.race([third, Promise.resolve('waiting')]), 'waiting');
  holder.release();
  (await third)?.release();
  assert.ok(await locks.lock(rina, 0));
});
