/** Bodies come back byte for byte, whatever their size and however they arrive. */

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as fc from 'fast-check';
import type { Store } from '../contract.ts';
import { contentId, uid } from '../ids.ts';
import {
  acceptance,
  addAccount,
  addDomain,
  delivery,
  makeBody,
  readAll,
  recipient,
} from './fixtures.ts';
import type { Engine } from './engine.ts';

const kib = 1024;
/** Around the borders of frames, of what stays in memory, and of nothing. */
const sizes = [0, 1, 2, 4095, 4096, 256 * kib, 256 * kib + 1, 512 * kib, 512 * kib + 1, 3000 * kib];

function bytesOf(size: number, kind: 'noise' | 'text'): Buffer {
  if (kind === 'noise') return randomBytes(size);
  return Buffer.alloc(size, 'Dear all, here is the usual.\r\n');
}

async function storeBytes(store: Store, bytes: Uint8Array, chunkBytes: number) {
  const account = (await store.accounts())[0]?.id;
  assert.ok(account !== undefined);
  const body = await makeBody(store, bytes, chunkBytes);
  assert.equal(body.size, bytes.length);
  assert.deepEqual(Buffer.from(body.hash), createHash('sha256').update(bytes).digest());
  const result = await store.accept(acceptance(body, { deliveries: [delivery(account)] }));
  assert.ok(result.ok);
  const entry = (await store.maildrop(account)).at(-1);
  assert.ok(entry);
  return { account, entry };
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** What is held after a collection: how much garbage lies about is no business of a test. */
function heldBytes(): number {
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

export function bodySuite(engine: Engine): void {
  it('gives back every size, also after it was opened again', async () => {
    let store = await engine.open();
    try {
      await addDomain(store, 'merpati.test');
      await addAccount(store, 'you@merpati.test');
      const kept: { bytes: Buffer; content: number }[] = [];
      for (const size of sizes) {
        for (const kind of ['noise', 'text'] as const) {
          const bytes = bytesOf(size, kind);
          const { entry } = await storeBytes(store, bytes, 60_000);
          kept.push({ bytes, content: entry.content });
        }
      }
      for (const round of ['at once', 'later']) {
        const account = (await store.accounts())[0]?.id;
        assert.ok(account !== undefined);
        for (const { bytes, content } of kept) {
          const body = await store.readMessage(account, contentId(content));
          assert.ok(body);
          const whole = Buffer.concat([body.prefix, bytes]);
          assert.equal(body.size, whole.length);
          for await (const chunk of body.chunks()) assert.ok(chunk.length <= 256 * kib);
          assert.ok((await readAll(body)).equals(whole), `${bytes.length} octets, ${round}`);
        }
        store = round === 'at once' ? await engine.reopen(store) : store;
      }
      assert.deepEqual((await store.check({ deep: true })).findings, []);
    } finally {
      await engine.discard(store);
    }
  });

  it('reads many messages in one go, as they are one by one', async () => {
    let store = await engine.open();
    try {
      await addDomain(store, 'merpati.test');
      const id = await addAccount(store, 'you@merpati.test');
      const kept: Buffer[] = [];
      for (const size of [0, 1, 900, 70_000, 300 * kib, 5000, 40_000, 2]) {
        const bytes = bytesOf(size, size % 2 === 0 ? 'noise' : 'text');
        const { entry } = await storeBytes(store, bytes, 60_000);
        const body = await store.readMessage(id, entry.content);
        assert.ok(body);
        kept.push(await readAll(body));
      }
      const inbox = (await store.mailbox(id, 'INBOX'))!.id;
      for (const round of ['at once', 'later']) {
        for (const octetsMax of [1, 2000, 100_000, 1024 * kib]) {
          let fromUid = uid(1);
          const seen: (Buffer | null)[] = [];
          while (fromUid <= kept.length) {
            const slice = { fromUid, toUid: uid(1000), limit: 5, octetsMax };
            const whole = await store.wholeMessages(id, inbox, slice);
            assert.ok(whole.length > 0 && whole.length <= 5);
            const octets = whole.reduce((sum, { bytes }) => sum + (bytes?.length ?? 0), 0);
            assert.ok(octets <= octetsMax);
            for (const { bytes } of whole) seen.push(bytes === null ? null : Buffer.from(bytes));
            fromUid = uid(whole.at(-1)!.uid + 1);
          }
          const expected = kept.map((bytes) => (bytes.length > octetsMax ? null : bytes));
          assert.deepEqual(seen, expected, `${round}, ${octetsMax}`);
        }
        store = round === 'at once' ? await engine.reopen(store) : store;
      }
    } finally {
      await engine.discard(store);
    }
  });

  it('does not care how the octets arrive', async () => {
    const store = await engine.open();
    try {
      const bytes = bytesOf(700 * kib, 'noise');
      const property = fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 300 * kib }), { minLength: 1, maxLength: 30 }),
        async (cuts) => {
          const writer = store.newBody();
          let at = 0;
          for (let index = 0; at < bytes.length; index += 1) {
            const end = at + (cuts[index % cuts.length] ?? 1) + 4000;
            await writer.write(bytes.subarray(at, end));
            at = end;
          }
          const body = await writer.finish();
          assert.equal(body.size, bytes.length);
          assert.deepEqual(Buffer.from(body.hash), createHash('sha256').update(bytes).digest());
        },
      );
      await fc.assert(property, { numRuns: 20 });
    } finally {
      await engine.discard(store);
    }
  });

  it('knows whether the last line has its CRLF', async () => {
    const store = await engine.open();
    try {
      await addDomain(store, 'merpati.test');
      await addAccount(store, 'you@merpati.test');
      const cases: [string, boolean][] = [
        ['', false],
        ['a\r\n', false],
        ['a\n', true],
        ['a\r', true],
        ['a', true],
        ['\r\n', false],
      ];
      for (const [text, expected] of cases) {
        for (const chunkBytes of [1, 100]) {
          const { entry } = await storeBytes(store, Buffer.from(text), chunkBytes);
          assert.equal(entry.unterminated, expected, JSON.stringify(text));
        }
      }
    } finally {
      await engine.discard(store);
    }
  });

  it('takes 200 MB without holding it', { timeout: 120_000 }, async () => {
    const store = await engine.open();
    try {
      await addDomain(store, 'merpati.test');
      const account = await addAccount(store, 'you@merpati.test');
      const chunk = bytesOf(64 * kib, 'noise');
      const writer = store.newBody();
      const before = heldBytes();
      let most = before;
      for (let index = 0; index < 3200; index += 1) {
        await writer.write(Buffer.from(chunk));
        if (index % 256 === 0) most = Math.max(most, heldBytes());
      }
      const body = await writer.finish();
      const result = await store.accept(acceptance(body, { deliveries: [delivery(account)] }));
      assert.ok(result.ok);
      const [entry] = await store.maildrop(account);
      assert.ok(entry);
      const stored = await store.readMessage(account, entry.content);
      assert.ok(stored);
      const hash = createHash('sha256');
      let count = 0;
      let pieces = 0;
      for await (const part of stored.chunks()) {
        hash.update(part);
        count += part.length;
        pieces += 1;
        if (pieces % 128 === 0) most = Math.max(most, heldBytes());
      }
      assert.equal(count, entry.size);
      assert.ok(most - before < 128 * kib * kib, `${(most - before) / kib / kib} MiB more`);
    } finally {
      await engine.discard(store);
    }
  });

  it('keeps one body for many who hold it, until the last one lets go', async () => {
    const store = await engine.open();
    try {
      await addDomain(store, 'merpati.test');
      const one = await addAccount(store, 'one@merpati.test', {
        pop: { policy: 'hide', keepDays: 0 },
      });
      const two = await addAccount(store, 'two@merpati.test', {
        pop: { policy: 'hide', keepDays: 0 },
      });
      const bytes = bytesOf(100 * kib, 'noise');
      const accept = async () =>
        store.accept(
          acceptance(await makeBody(store, bytes), {
            deliveries: [delivery(one), delivery(two, { recipient: 'two@merpati.test' })],
            recipients: [recipient('friend@surat.test')],
          }),
        );
      await accept();
      await accept();
      const { counted } = await store.check({ deep: true });
      assert.deepEqual([counted.blobs, counted.messages, counted.queued], [1, 4, 2]);
      for (const account of [one, two]) {
        const deleted = (await store.maildrop(account)).map((entry) => entry.uid);
        const session = { device: 'd', address: 'a', nowMs: 0, retrieved: [], deleted };
        await store.popUpdate({ account, ...session });
      }
      const [item] = await store.claim({
        nowMs: Number.MAX_SAFE_INTEGER,
        leaseMs: 0,
        itemsMax: 1,
        skipDomains: [],
      });
      assert.ok(item);
      const queued = await readAll(await store.readQueued(item));
      assert.ok(queued.equals(Buffer.concat([item.message.prefix, bytes])));
      await store.editQueue({}, { kind: 'cancel' }, []);
      const after = await store.check({ deep: true });
      assert.deepEqual(after.findings, []);
      assert.equal(after.counted.blobs, 0);
      await accept();
      assert.deepEqual((await store.check({ deep: true })).findings, []);
    } finally {
      await engine.discard(store);
    }
  });

  it('forgets what was begun and not finished', async () => {
    const store = await engine.open();
    try {
      for (const size of [10, 900 * kib]) {
        const writer = store.newBody();
        await writer.write(bytesOf(size, 'noise'));
        await writer.abort();
        await writer.abort();
      }
      assert.deepEqual((await store.check({ deep: true })).findings, []);
    } finally {
      await engine.discard(store);
    }
  });
}
