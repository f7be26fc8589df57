/**
 * How fast the queue is claimed and settled, and how long journeys take to be found among many:
 * `node packages/store/bench/queue.ts [rows] [journeys]`.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { acceptance, makeBody, recipient } from '../src/conformance/fixtures.ts';
import { accountId, journeyId } from '../src/ids.ts';
import { firstJourneyIdAt, formatJourneyId } from '../src/journey.ts';
import { openStore } from '../src/sqlite/open.ts';

const [rows = 20_000, journeys = 200_000] = process.argv.slice(2).map(Number);
const directory = mkdtempSync(join(process.env['BENCH_DIR'] ?? tmpdir(), 'store-bench-'));
const store = await openStore({ directory });
const nowMs = Date.now();

async function timed<T>(what: string, count: number, task: () => Promise<T>): Promise<T> {
  const cpu = process.cpuUsage();
  const begun = performance.now();
  const result = await task();
  const ms = performance.now() - begun;
  const { user, system } = process.cpuUsage(cpu);
  const each = ((user + system) / count).toFixed(1);
  const rate = ((count / ms) * 1000).toFixed(0);
  console.log(`${what}: ${ms.toFixed(1)} ms, ${rate}/s, ${each} µs CPU each`);
  return result;
}

const body = await makeBody(store, Buffer.from('Subject: x\r\n\r\n'));
let serial = 0;
const enqueue = (recipients: number) => {
  serial += 1;
  const to = Array.from({ length: recipients }, (_, n) => recipient(`u${n}@d${serial % 500}.test`));
  const journey = journeyId(firstJourneyIdAt(nowMs + serial * 8));
  return store.accept(acceptance(body, { journey, recipients: to, nowMs }));
};

async function inBatches(count: number, size: number, task: () => Promise<unknown>) {
  for (let done = 0; done < count; done += size) {
    await Promise.all(Array.from({ length: size }, task));
  }
}

await timed('enqueue', rows, () => inBatches(rows, 100, () => enqueue(1)));
const runner = async () => {
  for (;;) {
    const lease = { nowMs: nowMs + 1e9, leaseMs: 1e6, itemsMax: 50, skipDomains: [] };
    const items = await store.claim(lease);
    if (items.length === 0) return;
    await store.settle({
      items: items.map(({ id, token }) => ({ id, token, outcome: { kind: 'done' } })),
      events: items.map(({ journey }) => ({
        journey,
        events: [{ atUs: nowMs * 1000, stage: 'accept', state: 'ok', code: 'smtp.accepted' }],
      })),
      notices: [],
      nowMs,
    });
  }
};
await timed('claim and settle, 4 at a time in batches of 50', rows, () =>
  Promise.all([runner(), runner(), runner(), runner()]),
);
await timed('more journeys', journeys, () => inBatches(journeys, 200, () => enqueue(0)));
const some = journeyId(firstJourneyIdAt(nowMs + 12_345 * 8));
const asks: [string, () => Promise<unknown>][] = [
  [
    'find by the first four letters',
    () => store.journeysByPrefix(formatJourneyId(some).slice(0, 4)),
  ],
  ['read one journey', () => store.journey(some)],
  ['may an account read it', () => store.mayRead(accountId(1), some)],
  ['the newest 50', () => store.journeys({ limit: 50 })],
  ['search all of them in vain', () => store.journeys({ limit: 50, text: 'nobody at all' })],
];
for (const [what, ask] of asks) await timed(what, 1, ask);
await store.close();
rmSync(directory, { recursive: true });
