/** A damaged row of the queue is held with its reason, and does not stop the rows behind it. */

import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { acceptance, makeBody, recipient } from '../src/conformance/fixtures.ts';
import { storePaths } from '../src/sqlite/segments/files.ts';
import { addYou, Scratch } from './scratch.ts';

test('a damaged row is held, the others are claimed', async () => {
  await using scratch = new Scratch();
  const store = await scratch.open();
  await addYou(store);
  for (const to of ['a@one.test', 'b@two.test']) {
    const body = await makeBody(store, Buffer.from(`Subject: ${to}\r\n\r\nHi\r\n`));
    const accepted = await store.accept(acceptance(body, { recipients: [recipient(to)] }));
    assert.ok(accepted.ok);
  }
  await store.close();
  const db = new DatabaseSync(storePaths(scratch.directory).database);
  db.exec(
    'UPDATE queue_message SET crc = crc + 1 WHERE first_id = (SELECT min(first_id) FROM queue)',
  );
  db.close();

  const again = await scratch.open();
  const nowMs = Date.UTC(2100, 0);
  const items = await again.claim({ nowMs, leaseMs: 1000, itemsMax: 10, skipDomains: [] });
  assert.deepEqual(
    items.map((item) => item.recipient),
    ['b@two.test'],
  );
  const [held] = await again.queue({ state: 'held' }, 10);
  assert.equal(held?.recipient, 'a@one.test');
  assert.match(held?.lastReply ?? '', /CRC/);
  const journey = held === undefined ? null : await again.journey(held.journey);
  assert.equal(journey?.events.at(-1)?.code, 'queue.damaged');
});
