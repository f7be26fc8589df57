/** The queue: leases, retries, busy domains, and what an operator does to it. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Outcome, QueueItem, Store } from '../contract.ts';
import { queueId, type JourneyId } from '../ids.ts';
import {
  acceptance,
  addAccount,
  addDomain,
  delivery,
  event,
  nextJourney,
  nowMs,
  readAll,
  recipient,
  sampleBody,
  sampleText,
} from './fixtures.ts';
import { withStore, type Engine } from './engine.ts';

const leaseMs = 60_000;
const minute = 60_000;

function claim(store: Store, atMs: number, changed: { itemsMax?: number; skip?: string[] } = {}) {
  return store.claim({
    nowMs: atMs,
    leaseMs,
    itemsMax: changed.itemsMax ?? 100,
    skipDomains: changed.skip ?? [],
  });
}

async function enqueue(store: Store, ...addresses: string[]) {
  const journey = nextJourney();
  const recipients = addresses.map((address) => recipient(address));
  const result = await store.accept(acceptance(await sampleBody(store), { journey, recipients }));
  assert.ok(result.ok);
  return { journey, ids: result.queued };
}

function settle(store: Store, items: readonly QueueItem[], outcome: Outcome) {
  return store.settle({
    items: items.map(({ id, token }) => ({ id, token, outcome })),
    events: [],
    notices: [],
    nowMs,
  });
}

/** Whose attempts were broken off, and which. */
async function interrupted(store: Store, id: JourneyId): Promise<string[]> {
  const events = (await store.journey(id))?.events ?? [];
  return events
    .filter(({ code }) => code === 'queue.interrupted')
    .map(({ rcpt, attempt }) => `${rcpt} ${attempt}`);
}

const later = (dueMs: number): Outcome => ({
  kind: 'later',
  dueMs,
  reply: '451 4.7.1 later',
  delayNoticeSent: false,
});

export function queueSuite(engine: Engine): void {
  it('gives a row to one runner, with everything it must send', () =>
    withStore(engine, async (store) => {
      const { journey, ids } = await enqueue(store, 'a@surat.test', 'b@surat.test');
      assert.deepEqual(await claim(store, nowMs - 1), []);
      const [first] = await claim(store, nowMs, { itemsMax: 1 });
      const [second] = await claim(store, nowMs);
      assert.ok(first && second);
      assert.deepEqual([first.id, second.id], ids);
      assert.equal(first.journey, journey);
      assert.equal(first.leasedUntilMs, nowMs + leaseMs);
      const bytes = await readAll(await store.readQueued(first));
      assert.equal(bytes.toString(), `Received: by merpati.test\r\n${sampleText}`);
      assert.deepEqual(await claim(store, nowMs), []);
      assert.deepEqual((await settle(store, [first, second], { kind: 'done' })).items, [
        'ok',
        'ok',
      ]);
      assert.deepEqual(await store.queue({}, 10), []);
      assert.deepEqual((await store.check({ deep: true })).counted.blobs, 0);
    }));

  it('gives it to another one when the lease is over, and tells the first one', () =>
    withStore(engine, async (store) => {
      const { journey } = await enqueue(store, 'a@surat.test');
      const [first] = await claim(store, nowMs);
      assert.ok(first);
      assert.deepEqual(await interrupted(store, journey), []);
      assert.equal(await store.nextDue([]), nowMs + leaseMs);
      await store.renew([first], nowMs + 2 * leaseMs);
      assert.deepEqual(await claim(store, nowMs + leaseMs), []);
      const [second] = await claim(store, nowMs + 2 * leaseMs);
      assert.ok(second);
      assert.notEqual(first.token, second.token);
      assert.deepEqual(await interrupted(store, journey), ['a@surat.test 1']);
      await store.renew([first], nowMs + 9 * leaseMs);
      assert.deepEqual((await settle(store, [first], { kind: 'done' })).items, ['lost']);
      assert.deepEqual((await settle(store, [second], later(nowMs + 999))).items, ['ok']);
      assert.deepEqual((await settle(store, [second], { kind: 'done' })).items, ['lost']);
      assert.equal((await store.queue({}, 1))[0]?.attempts, 1);
      assert.equal((await claim(store, nowMs + 999)).length, 1);
      assert.equal((await interrupted(store, journey)).length, 1, 'what was settled was not');
    }));

  it('forgets leases when it was opened again: nobody holds them any more', async () => {
    let store = await engine.open();
    try {
      const { journey } = await enqueue(store, 'a@surat.test', 'b@surat.test', 'c@surat.test');
      const untouched = await enqueue(store, 'a@pos.test');
      const [before, second] = await claim(store, nowMs, { itemsMax: 2 });
      assert.ok(before && second);
      await settle(store, [second], later(nowMs));
      await claim(store, nowMs, { itemsMax: 1, skip: ['pos.test'] });
      store = await engine.reopen(store);
      const told = await interrupted(store, journey);
      assert.deepEqual(told.length, 2, told.join());
      assert.ok(told.includes('a@surat.test 1'), told.join());
      assert.deepEqual(await interrupted(store, untouched.journey), []);
      store = await engine.reopen(store);
      assert.deepEqual(await interrupted(store, journey), told, 'told once');
      const [after] = await claim(store, nowMs);
      assert.ok(after);
      assert.notEqual(after.token, before.token, 'no token is ever given twice');
      assert.deepEqual((await settle(store, [before], { kind: 'done' })).items, ['lost']);
    } finally {
      await engine.discard(store);
    }
  });

  it('counts attempts, keeps the last answer, and leaves the untried as they were', () =>
    withStore(engine, async (store) => {
      await enqueue(store, 'a@surat.test');
      await settle(store, await claim(store, nowMs), later(nowMs + minute));
      const waiting = (await store.queue({}, 1))[0];
      await settle(store, await claim(store, nowMs + minute), { kind: 'untried' });
      assert.deepEqual((await store.queue({}, 1))[0], waiting);
      assert.equal(waiting?.attempts, 1);
      assert.equal(waiting?.lastReply, '451 4.7.1 later');
      assert.equal(await store.nextDue([]), nowMs + minute);
      await settle(store, await claim(store, nowMs + minute), { kind: 'failed', reply: '550' });
      assert.equal(await store.nextDue([]), null);
    }));

  it('looks past domains at their limit, however much waits for them', { timeout: 60_000 }, () =>
    withStore(engine, async (store) => {
      for (let round = 0; round < 2; round += 1) {
        const many = Array.from({ length: 400 }, (_, index) => `${round}-${index}@busy.test`);
        await enqueue(store, ...many);
      }
      const dueMs = nowMs + 5;
      const calm = [recipient('a@calm.test', { dueMs }), recipient('b@zebra.test', { dueMs })];
      await store.accept(acceptance(await sampleBody(store), { recipients: calm }));
      assert.equal(await store.nextDue(['busy.test']), dueMs);
      assert.equal(await store.nextDue(['busy.test', 'calm.test', 'zebra.test']), null);
      const found = await claim(store, dueMs, { itemsMax: 10, skip: ['busy.test'] });
      assert.deepEqual(found.map((item) => item.domain).sort(), ['calm.test', 'zebra.test']);
      assert.equal((await claim(store, dueMs, { itemsMax: 1000 })).length, 800);
    }),
  );

  it('does what the operator says', () =>
    withStore(engine, async (store) => {
      const { journey, ids } = await enqueue(store, 'a@surat.test', 'b@pos.test');
      await enqueue(store, 'c@surat.test');
      const edited = async (...[filter, edit]: [object, Parameters<Store['editQueue']>[1]]) =>
        store.editQueue(filter, edit, [event(`queue.${edit.kind}`)]);
      assert.deepEqual(await edited({ journey }, { kind: 'hold' }), ids);
      assert.deepEqual(
        (await claim(store, nowMs)).map((item) => item.recipient),
        ['c@surat.test'],
      );
      assert.deepEqual(await store.queueCount(), { waiting: 1, held: 2, oldestMs: nowMs });
      assert.deepEqual(await edited({ state: 'held', toDomain: 'POS.test' }, { kind: 'release' }), [
        queueId(2),
      ]);
      await edited({ ids: [queueId(2)] }, { kind: 'reroute', route: 'smart.test' });
      const [item] = await claim(store, nowMs);
      assert.equal(item?.route, 'smart.test');
      assert.ok(item);
      await settle(store, [item], later(nowMs + 9 * minute));
      await edited({ recipient: 'B@pos.test' }, { kind: 'retry', nowMs: nowMs + minute });
      assert.equal(await store.nextDue(['surat.test']), nowMs + minute);
      await edited({ ids: [queueId(1)] }, { kind: 'bounce', nowMs: nowMs + minute });
      const [given] = await claim(store, nowMs + minute, { skip: ['pos.test'] });
      assert.equal(given?.expiresMs, nowMs + minute, 'held or not, it is given up now');
      assert.deepEqual(await edited({}, { kind: 'cancel' }), [1, 2, 3].map(queueId));
      assert.ok(given);
      assert.deepEqual((await settle(store, [given], { kind: 'done' })).items, ['lost']);
      const story = (await store.journey(journey))?.events.map((each) => each.code);
      assert.ok(story?.includes('queue.hold') && story.includes('queue.cancel'));
      assert.deepEqual((await store.check({ deep: true })).findings, []);
    }));

  it('holds what is being tried, and keeps it held afterwards', () =>
    withStore(engine, async (store) => {
      await enqueue(store, 'a@surat.test');
      const items = await claim(store, nowMs);
      await store.editQueue({}, { kind: 'hold' }, []);
      await settle(store, items, later(nowMs + minute));
      assert.equal((await store.queue({}, 1))[0]?.state, 'held');
      assert.deepEqual(await claim(store, nowMs + 9 * minute), []);
      await store.editQueue({}, { kind: 'release' }, []);
      assert.equal((await claim(store, nowMs + 9 * minute)).length, 1);
    }));

  it('accepts notices in the transaction that settles', () =>
    withStore(engine, async (store) => {
      await addDomain(store, 'merpati.test');
      const account = await addAccount(store, 'you@merpati.test');
      const full = await addAccount(store, 'full@merpati.test', { quotaBytes: 1 });
      const { journey } = await enqueue(store, 'a@surat.test', 'b@surat.test');
      const items = await claim(store, nowMs);
      const notice = async (to: typeof account, text: string) =>
        acceptance(await sampleBody(store, text), {
          deliveries: [delivery(to)],
          sender: '',
        });
      const settled = await store.settle({
        items: items.map(({ id, token }) => ({
          id,
          token,
          outcome: { kind: 'failed', reply: '550 5.1.1 no' },
        })),
        events: [{ journey, events: [event('smtp.refused')] }],
        notices: [await notice(account, 'one\r\n'), await notice(full, 'two\r\n')],
        nowMs,
      });
      assert.deepEqual(
        settled.notices.map((each) => each.ok),
        [true, false],
      );
      assert.equal((await store.maildrop(account)).length, 1);
      const { events } = (await store.journey(journey)) ?? { events: [] };
      assert.equal(events.at(-1)?.code, 'smtp.refused');
      assert.deepEqual((await store.check({ deep: true })).findings, []);
    }));

  it('announces what is due', () =>
    withStore(engine, async (store) => {
      const heard: unknown[] = [];
      store.subscribe((changes) =>
        heard.push(...changes.filter((change) => change.kind === 'queue-changed')),
      );
      await enqueue(store, 'a@surat.test');
      await settle(store, await claim(store, nowMs), later(nowMs + minute));
      assert.deepEqual(heard, [
        { kind: 'queue-changed', dueMs: nowMs, domain: 'surat.test' },
        { kind: 'queue-changed', dueMs: nowMs + minute, domain: 'surat.test' },
      ]);
    }));
}
