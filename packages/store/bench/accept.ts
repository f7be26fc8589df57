/**
 * How fast the store alone takes messages, and what they cost: `node packages/store/bench/accept.ts
 * [sessions] [octets] [seconds]`. Sessions wait for their answer before they send the next one. Pin
 * it to a core (`taskset -c 0`) to see what one core does.
 */

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Acceptance } from '../src/contract.ts';
import { accountId, type AccountId } from '../src/ids.ts';
import { makeJourneyId, type JourneyEvent } from '../src/journey.ts';
import { openStore } from '../src/sqlite/open.ts';
import type { Store } from '../src/contract.ts';

const [sessions = 50, octets = 2048, seconds = 5] = process.argv.slice(2).map(Number);
const accounts = 100;
const directory = mkdtempSync(join(process.env['BENCH_DIR'] ?? tmpdir(), 'store-bench-'));

async function addAccounts(store: Store): Promise<AccountId[]> {
  const nowMs = Date.now();
  const domain = { name: 'bench.test', aliasOf: null, catchAll: null, createdMs: nowMs };
  await store.editDirectory({ kind: 'domain-put', domain });
  const results = await Promise.all(
    Array.from({ length: accounts }, (_, index) =>
      store.editDirectory({
        kind: 'account-add',
        address: `user${index}@bench.test`,
        nowMs,
        credential: { passwordHash: '', scram: null },
        settings: {
          displayName: '',
          state: 'active',
          quotaBytes: null,
          pop: { policy: 'hide', keepDays: 30 },
          limits: { messagesPerDay: 1e9, newRecipientsPerDay: 1e9 },
          hideClientAddress: false,
        },
      }),
    ),
  );
  return results.map((result) => accountId((result.ok && result.id) || 0));
}

/** About what a server tells of a message from outside: 1.2 KB of JSON. */
function events(nowMs: number): JourneyEvent[] {
  const codes = ['connect', 'helo', 'tls.started', 'mail', 'rcpt', 'data', 'body', 'accepted'];
  return codes.map((code, index) => ({
    atUs: nowMs * 1000 + index,
    stage: 'receive',
    state: 'ok',
    code: `smtp.${code}`,
    args: { client: '192.0.2.17', helo: 'mail.sender.test', size: octets },
    durUs: 120,
  }));
}

const filler = randomBytes(octets).toString('base64');

async function acceptOne(store: Store, account: AccountId, serial: number): Promise<void> {
  const nowMs = Date.now();
  const writer = store.newBody();
  const text = `Message-ID: <${serial}@bench.test>\r\n\r\n${filler}`.slice(0, octets - 2);
  await writer.write(Buffer.from(`${text}\r\n`, 'latin1'));
  const body = await writer.finish();
  const recipient = `user${account}@bench.test`;
  const acceptance: Acceptance = {
    head: {
      id: makeJourneyId(nowMs, serial),
      startedUs: nowMs * 1000,
      direction: 'in',
      sender: 'someone@sender.test',
      recipients: [recipient],
      messageId: `${serial}@bench.test`,
      subject: 'A subject of middling length',
      size: body.size,
      submittedBy: null,
    },
    events: events(nowMs),
    body,
    deliveries: [
      {
        account,
        mailbox: 'inbox',
        key: `${serial}-${recipient}`,
        prefix: Buffer.alloc(300, 'Received: by bench.test\r\n'),
        flags: 0,
        keywords: [],
        internalDateMs: nowMs,
        summary: {
          from: 'Someone <someone@sender.test>',
          to: recipient,
          subject: 'A subject of middling length',
          dateMs: nowMs,
          messageId: `${serial}@bench.test`,
        },
        recipient,
      },
    ],
    queue: null,
    sending: null,
    nowMs,
  };
  const result = await store.accept(acceptance);
  if (!result.ok) throw new Error(result.code);
}

const store = await openStore({ directory });
const ids = await addAccounts(store);
let serial = 0;
const latencies: number[] = [];

async function session(untilMs: number): Promise<void> {
  while (performance.now() < untilMs) {
    serial += 1;
    const begun = performance.now();
    await acceptOne(store, ids[serial % ids.length] ?? accountId(0), serial);
    latencies.push(performance.now() - begun);
  }
}

const run = (ms: number) => {
  const until = performance.now() + ms;
  return Promise.all(Array.from({ length: sessions }, () => session(until)));
};

await run(1000); // warm
latencies.length = 0;
const before = await store.stats();
const cpu = process.cpuUsage();
const begun = performance.now();
await run(seconds * 1000);
const elapsed = (performance.now() - begun) / 1000;
const { user, system } = process.cpuUsage(cpu);
const after = await store.stats();
const count = latencies.length;
latencies.sort((a, b) => a - b);
const at = (share: number) => (latencies[Math.floor(count * share)] ?? 0).toFixed(2);
console.log(
  `${sessions} sessions, ${octets} octets: ${(count / elapsed).toFixed(0)} messages/s, ` +
    `${((user + system) / count).toFixed(0)} µs CPU each ` +
    `(system ${(system / count).toFixed(0)}), ` +
    `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(0.9999)} ms, ` +
    `${(count / (after.commits - before.commits)).toFixed(1)} per commit`,
);
await store.close();
rmSync(directory, { recursive: true });
