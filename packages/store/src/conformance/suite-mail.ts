/** Invariants of mailboxes: order of UIDs, modseq, exactly once, all or nothing, what vanished. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import * as fc from 'fast-check';
import type { Accepted, Change, MailboxStatus, Store } from '../contract.ts';
import { StoreUnavailable } from '../contract.ts';
import { mailboxId, modSeq, uid, type AccountId } from '../ids.ts';
import {
  acceptance,
  addAccount,
  addDomain,
  delivery,
  nextJourney,
  nowMs,
  recipient,
  sampleBody,
  transfer,
} from './fixtures.ts';
import { withStore, type Engine } from './engine.ts';

async function begin(store: Store): Promise<AccountId> {
  await addDomain(store, 'merpati.test');
  return addAccount(store, 'you@merpati.test');
}

async function inboxOf(store: Store, account: AccountId): Promise<MailboxStatus> {
  const inbox = (await store.mailboxes(account)).find((mailbox) => mailbox.role === 'inbox');
  assert.ok(inbox);
  return inbox;
}

async function fill(store: Store, account: AccountId, count: number): Promise<Accepted[]> {
  const bodies = await Promise.all(
    Array.from({ length: count }, (_, index) => sampleBody(store, `Subject: ${index}\r\n\r\n`)),
  );
  return Promise.all(
    bodies.map((body) => store.accept(acceptance(body, { deliveries: [delivery(account)] }))),
  );
}

export function mailSuite(engine: Engine): void {
  it('I1: UIDs become visible in their order, without gaps', () =>
    withStore(engine, async (store) => {
      const account = await begin(store);
      const seen: number[][] = [];
      const filling = new AbortController();
      const watch = async () => {
        while (!filling.signal.aborted) {
          const rows = await store.messages(account, mailboxId(1), {
            fromUid: uid(1),
            limit: 9999,
          });
          seen.push(rows.map((row) => row.uid));
          await new Promise((resolve) => {
            setImmediate(resolve);
          });
        }
      };
      const watching = watch();
      for (let round = 0; round < 5; round += 1) await fill(store, account, 60);
      filling.abort();
      await watching;
      for (const uids of seen) {
        assert.deepEqual(
          uids,
          uids.map((_, index) => index + 1),
        );
      }
      assert.equal((await inboxOf(store, account)).uidNext, 301);
    }));

  it('I2: each mutation takes one modseq of the account, and never one from before', () =>
    withStore(engine, async (store) => {
      const account = await begin(store);
      const modseq = async () => (await store.findAccount(account))?.modseq ?? modSeq(0);
      await fill(store, account, 5);
      const steps: (() => Promise<unknown>)[] = [
        () => fill(store, account, 1),
        () =>
          store.setFlags({
            account,
            mailbox: mailboxId(1),
            uids: [uid(1), uid(2), uid(3)],
            op: 'add',
            flags: 1,
            keywords: [],
          }),
        () => store.move(transfer(account, [1, 2], [uid(1), uid(2)])),
        () => store.copy(transfer(account, [2, 1], [uid(1), uid(2)])),
        () => store.expunge(account, mailboxId(1), [uid(3), uid(4)]),
        () => store.editMailbox(account, { kind: 'create', name: 'Kerja', role: null }),
      ];
      for (const step of steps) {
        const before = await modseq();
        await step();
        assert.equal(await modseq(), before + 1);
        const highest = Math.max(...(await store.mailboxes(account)).map((each) => each.modseq));
        assert.equal(highest, await modseq());
      }
      const before = await modseq();
      await store.expunge(account, mailboxId(1), [uid(99)]);
      await store.setFlags({
        account,
        mailbox: mailboxId(2),
        uids: [uid(1)],
        op: 'add',
        flags: 1,
        keywords: [],
      });
      assert.equal(await modseq(), before, 'nothing changed');
    }));

  it('I4: all of an acceptance or nothing', () =>
    withStore(engine, async (store) => {
      const account = await begin(store);
      const small = await addAccount(store, 'small@merpati.test', { quotaBytes: 10 });
      const body = await sampleBody(store);
      const journey = nextJourney();
      const full = await store.accept(
        acceptance(body, {
          journey,
          deliveries: [delivery(account), delivery(small, { recipient: 'small@merpati.test' })],
          recipients: [recipient('friend@surat.test')],
        }),
      );
      assert.deepEqual(full, { ok: false, code: 'over-quota', what: 'small@merpati.test' });
      for (const mailbox of [mailboxId(77), 'downloaded'] as const) {
        const refused = await store.accept(
          acceptance(body, {
            journey,
            deliveries: [delivery(account), delivery(account, { mailbox })],
          }),
        );
        assert.equal(!refused.ok && refused.code, 'no-mailbox');
      }
      const unknown = await store.accept(
        acceptance(body, { journey, deliveries: [delivery(account), delivery(99 as AccountId)] }),
      );
      assert.equal(!unknown.ok && unknown.code, 'no-account');
      assert.equal(await store.journey(journey), null);
      assert.deepEqual(await store.queue({}, 10), []);
      assert.equal((await inboxOf(store, account)).total, 0);
      assert.equal((await store.check({ deep: true })).counted.blobs, 0);
    }));

  it('I5: a key is delivered once, also at the same time and after reopening', async () => {
    let store = await engine.open();
    try {
      const account = await begin(store);
      const once = async () =>
        store.accept(
          acceptance(await sampleBody(store), { deliveries: [delivery(account, { key: 'x' })] }),
        );
      const results = await Promise.all(Array.from({ length: 40 }, once));
      store = await engine.reopen(store);
      results.push(await once());
      const stored = results.flatMap((result) => (result.ok ? result.stored : []));
      assert.equal(stored.length, 41);
      assert.equal(stored.filter((each) => !each.duplicate).length, 1);
      assert.equal(
        new Set(stored.map((each) => `${each.mailbox} ${each.uid} ${each.email}`)).size,
        1,
      );
      assert.equal((await inboxOf(store, account)).total, 1);
      const unlimited = { kind: 'account-edit', id: account, settings: { quotaBytes: 1 } } as const;
      await store.editDirectory(unlimited);
      assert.ok((await once()).ok, 'a repeated delivery needs no room');
    } finally {
      await engine.discard(store);
    }
  });

  it('I6: who asks from any modseq on can follow to the present', () =>
    withStore(engine, async (store) => {
      const account = await begin(store);
      await fill(store, account, 12);
      const edit = { account, mailbox: mailboxId(1), op: 'add', keywords: [] } as const;
      await store.setFlags({ ...edit, uids: [1, 2, 3, 4, 5, 6].map(uid), flags: 1 });
      await store.move(transfer(account, [1, 3], [uid(2), uid(9)]));
      await store.expunge(account, mailboxId(1), [uid(4), uid(12)]);
      const present = await listAll(store, account);
      const last = (await store.findAccount(account))?.modseq ?? 0;
      for (let since = 0; since <= last; since += 1) {
        for (const limit of [1, 3, 1000]) {
          const known = await viewAt(store, account, since);
          let state = modSeq(since);
          for (let steps = 0; state < last; steps += 1) {
            assert.ok(steps < 50, 'each answer goes on');
            const answer = await store.changes(account, { since: state, limit });
            assert.equal(answer.truncated, false);
            for (const gone of answer.vanished) known.delete(`${gone.mailbox}/${gone.uid}`);
            for (const row of answer.changed) known.set(`${row.mailbox}/${row.uid}`, row.flags);
            assert.ok(answer.modseq > state);
            state = answer.modseq;
          }
          assert.deepEqual(known, present, `from ${since} in steps of ${limit}`);
        }
      }
    }));

  it('tells listeners after the commit, in its order', () =>
    withStore(engine, async (store) => {
      const account = await begin(store);
      const heard: Change[] = [];
      const ofMail: Change[] = [];
      const stopMail = store.subscribe((changes) => ofMail.push(...changes), { of: 'mail' });
      await fill(store, account, 1);
      const stop = store.subscribe((changes) => heard.push(...changes));
      await fill(store, account, 19);
      const added = heard.flatMap((change) =>
        change.kind === 'message-added' ? [change.uid] : [],
      );
      assert.deepEqual(
        added,
        Array.from({ length: 19 }, (_, index) => index + 2),
      );
      assert.deepEqual(
        ofMail.map(({ kind }) => kind),
        Array.from({ length: 20 }, () => 'message-added'),
      );
      const events = heard.flatMap((change) => (change.kind === 'journey' ? change.events : []));
      assert.ok(events.some((event) => event.code === 'store.stored' && event.seq === 2));
      stop();
      stopMail();
      const before = heard.length;
      await fill(store, account, 1);
      assert.equal(heard.length, before);
      assert.equal(ofMail.length, 20);
    }));

  it('counts what an account sends, and holds it to its limits', () =>
    withStore(engine, async (store) => {
      const account = await begin(store);
      const limits = { messagesPerDay: 3, newRecipientsPerDay: 2 };
      const send = async (day: number, ...to: string[]) =>
        store.accept(
          acceptance(await sampleBody(store), {
            submittedBy: account,
            recipients: to.map((each) => recipient(each)),
            sending: { account, day, recipients: to, limits },
          }),
        );
      assert.ok((await send(1, 'a@surat.test', 'A@surat.test')).ok);
      assert.ok((await send(1, 'a@surat.test', 'b@surat.test')).ok);
      const tooMany = await send(1, 'c@surat.test');
      assert.deepEqual(tooMany, { ok: false, code: 'over-limit', what: 'you@merpati.test' });
      assert.ok((await send(1, 'b@surat.test')).ok);
      assert.equal((await send(1, 'b@surat.test')).ok, false);
      assert.deepEqual(await store.sent(account, 1), { messages: 3, newRecipients: 2 });
      assert.ok((await send(2, 'c@surat.test', 'd@surat.test')).ok);
      assert.equal(await store.hasWrittenTo(account, 'A@surat.test'), true);
      assert.equal(await store.hasWrittenTo(account, 'x@surat.test'), false);
    }));

  it('puts what is for a role that nobody has into the inbox', () =>
    withStore(engine, async (store) => {
      const account = await begin(store);
      const junk = await store.mailbox(account, 'Junk');
      assert.ok(junk !== null);
      const accept = async (key: string) =>
        store.accept(
          acceptance(await sampleBody(store), {
            deliveries: [delivery(account, { key, mailbox: 'junk' })],
          }),
        );
      await accept('1');
      assert.equal((await store.mailbox(account, 'Junk'))?.total, 1);
      await store.editMailbox(account, { kind: 'remove', id: junk.id });
      assert.ok((await accept('2')).ok);
      assert.equal((await store.mailbox(account, 'INBOX'))?.total, 1);
    }));

  it('takes an account apart, and gives its address to another one', () =>
    withStore(engine, async (store) => {
      const account = await begin(store);
      await fill(store, account, 30);
      await store.editDirectory({ kind: 'account-remove', id: account });
      assert.equal(await store.findAddress('you@merpati.test'), null);
      assert.deepEqual(await store.maildrop(account), []);
      const next = await addAccount(store, 'you@merpati.test');
      assert.ok(next > account, 'numbers are never used again');
      const body = await sampleBody(store);
      const late = await store.accept(acceptance(body, { deliveries: [delivery(account)] }));
      assert.equal(!late.ok && late.code, 'no-account');
      for (let tries = 0; (await store.check({ deep: true })).counted.messages > 0; tries += 1) {
        assert.ok(tries < 500, 'it is gone after a while');
        await delay(20);
      }
      const { findings, counted } = await store.check({ deep: true });
      assert.deepEqual(findings, []);
      assert.equal(counted.blobs, 0);
    }));

  it('keeps its counters whatever happens at the same time', { timeout: 120_000 }, () =>
    withStore(engine, async (store) => {
      const account = await begin(store);
      await fill(store, account, 30);
      const some = fc.sample(fc.tuple(fc.nat(4), fc.nat(40), fc.nat(40)), 300);
      await Promise.all(
        some.map(async ([what, a, b]) => {
          const uids = [uid(a), uid(b)];
          const mailbox = mailboxId(1 + (a % 3));
          if (what === 0) await fill(store, account, 1);
          else if (what === 1) await store.expunge(account, mailbox, uids);
          else if (what === 2) await store.move(transfer(account, [mailbox, 1 + (b % 3)], uids));
          else if (what === 3) await store.copy(transfer(account, [mailbox, 2], uids));
          else {
            const edit = { account, mailbox, uids, op: 'set', flags: b & 1, keywords: [] } as const;
            await store.setFlags(edit);
          }
        }),
      );
      assert.deepEqual((await store.check({ deep: true })).findings, []);
    }),
  );

  it('refuses in one word after it was closed', async () => {
    const store = await engine.open();
    const account = await begin(store);
    const body = await sampleBody(store);
    await engine.discard(store);
    await assert.rejects(
      store.accept(acceptance(body, { deliveries: [delivery(account)], nowMs })),
      (error) => error instanceof StoreUnavailable && error.reason === 'closed',
    );
    await store.close(); // once more, by whoever cleans up after a failure
  });
}

async function listAll(store: Store, account: AccountId): Promise<Map<string, number>> {
  const all = new Map<string, number>();
  for (const mailbox of await store.mailboxes(account, { hidden: true })) {
    const slice = { fromUid: uid(1), limit: 10_000 };
    for (const row of await store.messages(account, mailbox.id, slice)) {
      all.set(`${row.mailbox}/${row.uid}`, row.flags);
    }
  }
  return all;
}

/**
 * What a client that was last here at `since` may know: every message from before, flags of old.
 */
async function viewAt(
  store: Store,
  account: AccountId,
  since: number,
): Promise<Map<string, number>> {
  const all = await store.changes(account, { since: modSeq(0), limit: 10_000 });
  const known = new Map<string, number>();
  for (const row of all.changed) {
    if (row.modseq <= since) known.set(`${row.mailbox}/${row.uid}`, row.flags);
    else if (row.mailbox === 1) known.set(`${row.mailbox}/${row.uid}`, -1);
  }
  for (const gone of all.vanished) known.set(`${gone.mailbox}/${gone.uid}`, -1);
  const later = await store.changes(account, { since: modSeq(since), limit: 10_000 });
  const isLater = new Set(later.vanished.map((gone) => `${gone.mailbox}/${gone.uid}`));
  for (const gone of all.vanished) {
    const key = `${gone.mailbox}/${gone.uid}`;
    if (!isLater.has(key)) known.delete(key);
  }
  return known;
}
