/** Records: small state that is not mail. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import {
  array,
  assert as holds,
  asyncProperty,
  constantFrom,
  option,
  record,
  string,
} from 'fast-check';
import { recordLimits, type RecordChange } from '../records.ts';
import { nowMs } from './fixtures.ts';
import { withStore, type Engine } from './engine.ts';

const kind = 'key';

export function recordSuite(engine: Engine): void {
  it('keeps them with versions that only grow, also when it is opened again', async () => {
    let store = await engine.open();
    try {
      assert.equal(await store.record(kind, 'a'), null);
      assert.equal(await store.putRecords([{ kind, name: 'a', value: '{"n":1}' }], nowMs), true);
      const first = await store.record(kind, 'a');
      assert.ok(first);
      const { version, ...rest } = first;
      const value = '{"n":1}';
      assert.deepEqual(rest, { kind, name: 'a', value, changedMs: nowMs, expiresMs: null });
      await store.putRecords([{ kind, name: 'a', value: null }], nowMs);
      assert.equal(await store.record(kind, 'a'), null);
      const changes = [{ kind, name: 'a', value: '2', expiresMs: nowMs + 5 }];
      await store.putRecords(changes, nowMs + 1);
      store = await engine.reopen(store);
      const second = await store.record(kind, 'a');
      assert.ok(second !== null && second.version > version);
      assert.deepEqual([second.value, second.expiresMs], ['2', nowMs + 5]);
      assert.deepEqual((await store.check({ deep: true })).findings, []);
    } finally {
      await engine.discard(store);
    }
  });

  it('changes all or none, by the versions that are expected', () =>
    withStore(engine, async (store) => {
      const put = (...changes: Omit<RecordChange, 'kind'>[]) =>
        store.putRecords(
          changes.map((change) => ({ kind, ...change })),
          nowMs,
        );
      assert.equal(await put({ name: 'a', value: '1', expected: 0 }), true);
      assert.equal(await put({ name: 'a', value: '2', expected: 0 }), false);
      const version = (await store.record(kind, 'a'))?.version ?? 0;
      const b = { name: 'b', value: '1' };
      assert.equal(await put(b, { name: 'a', value: '2', expected: version + 1 }), false);
      assert.equal(await store.record(kind, 'b'), null);
      assert.equal(await put(b, { name: 'a', value: null, expected: version }), true);
      assert.equal(await store.record(kind, 'a'), null);
      assert.equal((await store.record(kind, 'b'))?.value, '1');
    }));

  it('only one of many at the same time finds the version it expects', () =>
    withStore(engine, async (store) => {
      const tries = Array.from({ length: 20 }, (_, i) =>
        store.putRecords([{ kind, name: 'a', value: `${i}`, expected: 0 }], nowMs),
      );
      const won = (await Promise.all(tries)).flatMap((isDone, i) => (isDone ? [`${i}`] : []));
      assert.deepEqual(won, [(await store.record(kind, 'a'))?.value]);
    }));

  it('lists by kind, prefix and place', () =>
    withStore(engine, async (store) => {
      const names = ['a', 'a%', 'a/1', 'a/2', 'a_', 'b', 'é', '😀'];
      const changes = names.map((name) => ({ kind, name, value: '0' }));
      await store.putRecords([...changes, { kind: 'other', name: 'a/3', value: '0' }], nowMs);
      const list = async (slice?: Parameters<typeof store.records>[1]) =>
        (await store.records(kind, slice)).map(({ name }) => name);
      assert.deepEqual(await list(), names);
      assert.deepEqual(await list({ prefix: 'a/' }), ['a/1', 'a/2']);
      assert.deepEqual(await list({ prefix: 'a%' }), ['a%']);
      assert.deepEqual(await list({ prefix: 'a', after: 'a/1', limit: 2 }), ['a/2', 'a_']);
      assert.deepEqual(await list({ prefix: 'z' }), []);
    }));

  it('drops what has expired, and nothing else', () =>
    withStore(engine, async (store) => {
      const changes = Array.from({ length: 1200 }, (_, i) => ({
        kind,
        name: String(i).padStart(4, '0'),
        value: '0',
        expiresMs: i < 1100 ? nowMs + i : null,
      }));
      await store.putRecords(changes, nowMs);
      assert.equal(await store.purgeRecords(nowMs - 1), 0);
      assert.equal(await store.purgeRecords(nowMs + 999), 1000);
      assert.equal((await store.records(kind, { limit: 5000 })).length, 200);
    }));

  it('tells its listeners which kinds have changed', () =>
    withStore(engine, async (store) => {
      const heard: string[] = [];
      const stop = store.subscribe(
        (changes) => {
          for (const change of changes) {
            if (change.kind === 'records-changed') heard.push(change.of);
          }
        },
        { of: 'mail' },
      );
      await store.putRecords([{ kind, name: 'a', value: '1' }], nowMs);
      await store.putRecords([{ kind, name: 'a', value: '1', expected: 0 }], nowMs);
      stop();
      assert.deepEqual(heard, [kind]);
    }));

  it('refuses what is too big or has no proper kind', () =>
    withStore(engine, async (store) => {
      const { nameBytesMax, valueBytesMax } = recordLimits;
      const refused: RecordChange[] = [
        { kind: '', name: 'a', value: '0' },
        { kind: 'Big', name: 'a', value: '0' },
        { kind, name: '', value: '0' },
        { kind, name: 'é'.repeat(nameBytesMax / 2) + 'x', value: '0' },
        { kind, name: 'a', value: 'é'.repeat(valueBytesMax / 2) + 'x' },
      ];
      for (const change of refused) {
        await assert.rejects(store.putRecords([change], nowMs), RangeError);
      }
      const value = 'x'.repeat(valueBytesMax);
      assert.equal(await store.putRecords([{ kind, name: 'a', value }], nowMs), true);
      assert.equal((await store.record(kind, 'a'))?.value.length, valueBytesMax);
    }));

  it('does what a map does', () =>
    withStore(engine, async (store) => {
      const name = constantFrom('a', 'b', 'c');
      const change = record({ name, value: option(string({ unit: 'grapheme' })) });
      await holds(
        asyncProperty(array(array(change, { maxLength: 4 }), { maxLength: 5 }), async (all) => {
          const model = new Map((await store.records(kind)).map((row) => [row.name, row.value]));
          for (const changes of all) {
            await store.putRecords(
              changes.map((one) => ({ kind, ...one })),
              nowMs,
            );
            for (const one of changes) {
              if (one.value === null) model.delete(one.name);
              else model.set(one.name, one.value);
            }
          }
          const rows = await store.records(kind);
          assert.deepEqual(new Map(rows.map((row) => [row.name, row.value])), model);
        }),
        { numRuns: 30 },
      );
    }));
}
