/**
 * How fast a big mailbox answers: `node packages/store/bench/mailboxes.ts [messages] [rounds]`. Its
 * rows are written by SQL, not delivered. Each line tells the best and the worst round, and for how
 * long the event loop was held up.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import type { FlagEdit, Store } from '../src/contract.ts';
import { mailboxId, modSeq, uid, type AccountId, type Uid } from '../src/ids.ts';
import {
  acceptance,
  addAccount,
  addDomain,
  delivery,
  nowMs,
  sampleBody,
  transfer,
} from '../src/conformance/fixtures.ts';
import { openForWriting, type Database } from '../src/sqlite/database.ts';
import { countAll } from '../src/sqlite/mailbox-counters.ts';
import { openStore } from '../src/sqlite/open.ts';
import { sealAll } from '../src/sqlite/seals.ts';
import { storePaths } from '../src/sqlite/segments/files.ts';

const [messages = 100_000, rounds = 5] = process.argv.slice(2).map(Number);
const directory = mkdtempSync(join(process.env['BENCH_DIR'] ?? tmpdir(), 'mailboxes-bench-'));
const inbox = mailboxId(1);
const sent = mailboxId(2);

/** One message that was delivered, so many times. */
function multiply(db: Database): void {
  db.exec(`
    BEGIN;
    CREATE TEMP TABLE series AS
      WITH RECURSIVE s (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM s WHERE n < ${messages})
      SELECT n FROM s;
    INSERT INTO content (account_id, content_id, refs, blob_hash, size, crc, meta, prefix)
      SELECT account_id, n, 1, blob_hash, size, crc, meta, prefix FROM series, content;
    INSERT INTO message SELECT account_id, mailbox_id, n, modseq + n, n % 64 <> 0,
      CASE WHEN n % 20 = 0 THEN '["$Forwarded"]' END, n, n, internal_date_ms + n * 1000,
      saved_ms + n * 1000, size, unterminated, journey_id FROM series, message;
    UPDATE blob SET refs = ${messages};
    UPDATE mailbox SET uidnext = ${messages + 1}, modseq = ${messages + 100},
      total = ${messages}, size = ${messages} * (SELECT size FROM message LIMIT 1),
      unseen = (SELECT sum(flags = 0) FROM message) WHERE mailbox_id = 1;
    UPDATE account SET messages = ${messages}, used = (SELECT sum(size) FROM mailbox),
      modseq = ${messages + 100}, next_content = ${messages + 1}, next_email = ${messages + 1};
    INSERT OR REPLACE INTO index_state VALUES (1, ${messages + 1});
  `);
  countAll(db);
  sealAll(db);
  db.exec('COMMIT');
}

async function prepare(): Promise<AccountId> {
  const store = await openStore({ directory });
  await addDomain(store, 'bench.test');
  const account = await addAccount(store, 'user@bench.test');
  await store.accept(
    acceptance(await sampleBody(store), { deliveries: [delivery(account, { flags: 0 })] }),
  );
  await store.indexed(account);
  await store.close();
  const db = openForWriting(storePaths(directory).database);
  multiply(db);
  db.close();
  return account;
}

async function time(name: string, run: (round: number) => Promise<unknown>): Promise<void> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await setImmediate();
    delay.enable();
    const start = performance.now();
    await run(round);
    times.push(performance.now() - start);
    await setImmediate();
    delay.disable();
  }
  const heldUp = Math.max(0, delay.max / 1e6 - 1);
  const ms = (value: number) => value.toFixed(value < 10 ? 2 : 0).padStart(8);
  console.log(`${name.padEnd(34)}${ms(Math.min(...times))}${ms(Math.max(...times))}${ms(heldUp)}`);
}

function uidsFrom(first: number, count: number): Uid[] {
  return Array.from({ length: count }, (_, index) => uid(first + index));
}

async function reads(store: Store, account: AccountId): Promise<void> {
  const all = { fromUid: uid(1), toUid: uid(messages) };
  await time('mailbox (STATUS, SELECT)', () => store.mailbox(account, inbox));
  await time('mailboxes (LIST, all STATUS)', () => store.mailboxes(account));
  await time('uids', () => store.uids(account, inbox));
  await time('flagTable, all', () => store.flagTable(account, inbox, { ...all, limit: messages }));
  await time('flagRows, all, by 1,000', async () => {
    for (let from = 1; from <= messages; from += 1000) {
      await store.flagRows(account, inbox, { ...all, fromUid: uid(from), limit: 1000 });
      await setImmediate();
    }
  });
  await time('flagRows, newest 50', () =>
    store.flagRows(account, inbox, { ...all, fromUid: uid(messages - 49), limit: 50 }),
  );
  await time('messages, newest 50', () =>
    store.messages(account, inbox, { fromUid: uid(messages - 49), limit: 50 }),
  );
  await time('firstUnseen', () => store.firstUnseen(account, inbox));
  await time('keywords', () => store.keywords(account, inbox));
}

async function writes(store: Store, account: AccountId): Promise<void> {
  const edit = (uids: readonly Uid[], round: number): FlagEdit => {
    const op = round % 2 === 0 ? 'add' : 'remove';
    return { account, mailbox: inbox, uids, op, flags: 4, keywords: [] };
  };
  const modseq = (await store.findAccount(account))?.modseq ?? modSeq(0);
  await time('setFlags, 1', (round) => store.setFlags(edit([uid(messages)], round)));
  await time('setFlags, 10,000', (round) => store.setFlags(edit(uidsFrom(1, 10_000), round)));
  await time('changes since, 10,000', () =>
    store.changes(account, { mailbox: inbox, since: modseq, limit: 20_000 }),
  );
  await time('mailboxChanges since, 10,000', () =>
    store.mailboxChanges(account, inbox, { since: modseq, limit: 20_000 }),
  );
  await time('copy, 1,000', (round) =>
    store.copy(transfer(account, [inbox, sent], uidsFrom(1 + round * 1000, 1000))),
  );
  await time('copy, 10,000', () =>
    store.copy(transfer(account, [inbox, sent], uidsFrom(1, 10_000))),
  );
  await time('move, 1,000', (round) =>
    store.move(transfer(account, [inbox, sent], uidsFrom(1 + round * 1000, 1000))),
  );
  await time('expunge, 1,000', (round) =>
    store.expunge(account, inbox, uidsFrom(10_001 + round * 1000, 1000)),
  );
  await time('expunge, 10,000', (round) =>
    store.expunge(account, inbox, uidsFrom(20_001 + round * 10_000, 10_000)),
  );
  await time('append, 1', async () => append(store, account, 1));
  await time('append, 100 at once', async () => append(store, account, 100));
}

async function append(store: Store, account: AccountId, count: number): Promise<void> {
  const one = async () => {
    const body = await sampleBody(store);
    const { head, events } = acceptance(body, {});
    const { summary } = delivery(account);
    return { head, events, body, flags: 1, keywords: [], internalDateMs: nowMs, summary };
  };
  const list = await Promise.all(Array.from({ length: count }, one));
  await store.append({ account, mailbox: sent, key: null, messages: list, replaces: null, nowMs });
}

const account = await prepare();
const store = await openStore({ directory });
try {
  console.log(`${messages} messages, ms:`.padEnd(34) + '    best   worst held up');
  await reads(store, account);
  await writes(store, account);
  await time('remove a mailbox', async (round) => {
    if (round === 0) await store.editMailbox(account, { kind: 'remove', id: sent });
  });
} finally {
  await store.close();
  rmSync(directory, { recursive: true });
}
