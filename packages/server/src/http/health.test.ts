import assert from 'node:assert/strict';
import test from 'node:test';
import { testHome } from '../testing/home.ts';
import { createHealthApp } from './health.ts';

test('alive, ready, going down, and a store that cannot be read', async () => {
  await using made = await testHome();
  const { home } = made;
  let isServing = true;
  const app = createHealthApp(home, { isServing: () => isServing });
  const get = async (at: string) => {
    const answer = await app.request(at);
    return [answer.status, await answer.text()];
  };
  assert.deepEqual(await get('/healthz'), [200, '{"status":"ok"}']);
  assert.equal((await get('/healthz/live'))[0], 200);
  isServing = false;
  const down = '{"status":"unavailable","why":"going down"}';
  assert.deepEqual(await get('/healthz/ready'), [503, down]);
  assert.equal((await get('/healthz/live'))[0], 200);
  assert.match(String((await get('/metrics'))[1]), /^merpati_bugs_total 0$/m);

  isServing = true;
  await home.store.close();
  const unread = '{"status":"unavailable","why":"the store cannot be read"}';
  assert.deepEqual(await get('/healthz'), [503, unread]);
});
