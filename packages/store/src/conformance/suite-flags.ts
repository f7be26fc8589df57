/** Flags of very many messages at once become what they become one by one. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import * as fc from 'fast-check';
import type { FlagEdit, Store } from '../contract.ts';
import { mailboxId, uid, type AccountId, type MailboxId, type Uid } from '../ids.ts';
import { withStore, type Engine } from './engine.ts';
import { acceptance, addAccount, addDomain, delivery, nowMs, sampleBody } from './fixtures.ts';

const messages = 200;
/** So few are written one by one. */
const few = 50;

interface Step {
  readonly op: FlagEdit['op'];
  readonly flags: number;
  readonly keywords: readonly string[];
  /** Every so many-th message, from there on. */
  readonly every: number;
  readonly from: number;
}

const someSteps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    op: fc.constantFrom('add', 'remove', 'set'),
    flags: fc.nat(31),
    keywords: fc.subarray(['kerja', 'penting'], { maxLength: 1 }),
    every: fc.constantFrom(1, 1, 1, 2, 3),
    from: fc.nat(60),
  }),
  { minLength: 3, maxLength: 8 },
);

/** Two mailboxes with the same messages, of all kinds of flags, and with gaps. */
async function makeTwins(
  store: Store,
): Promise<{ readonly account: AccountId; readonly twins: readonly [MailboxId, MailboxId] }> {
  await addDomain(store, 'merpati.test');
  const account = await addAccount(store, 'you@merpati.test');
  const bodies = await Promise.all(
    Array.from({ length: messages }, (_, at) =>
      sampleBody(store, `Subject: ${'x'.repeat(at)}\r\n\r\n`),
    ),
  );
  await Promise.all(
    bodies.map((body, at) => {
      const flags = { flags: (at * 7) % 32, keywords: at % 40 === 7 ? ['kerja'] : [] };
      return store.accept(acceptance(body, { deliveries: [delivery(account, flags)] }));
    }),
  );
  const uids = Array.from({ length: messages }, (_, at) => uid(at + 1));
  const from = { account, mailbox: mailboxId(1) };
  const twins: MailboxId[] = [];
  for (const name of ['Satu', 'Dua']) {
    const made = await store.editMailbox(account, { kind: 'create', name, role: null });
    assert.ok(made.ok && made.id !== null);
    await store.copy({ from, to: { account, mailbox: made.id }, uids, nowMs });
    await store.expunge(account, made.id, [3, 4, 90, 150].map(uid));
    twins.push(made.id);
  }
  return { account, twins: [twins[0]!, twins[1]!] };
}

async function listing(store: Store, account: AccountId, mailbox: MailboxId) {
  const slice = { fromUid: uid(1), toUid: uid(2 ** 32 - 1), limit: 10 * messages };
  const { uids, flags, keywords, keywordSets } = await store.flagTable(account, mailbox, slice);
  const status = await store.mailbox(account, mailbox);
  assert.ok(status !== null);
  const { total, unseen, deleted, deletedBytes, sizeBytes } = status;
  const rows = [...uids].map((one, at) => [one, flags[at], keywords[keywordSets[at]!]]);
  return { rows, counts: { total, unseen, deleted, deletedBytes, sizeBytes } };
}

export function flagSuite(engine: Engine): void {
  it('edits the flags of many as of each', { timeout: 120_000 }, async () => {
    const property = fc.asyncProperty(someSteps, (steps) =>
      withStore(engine, async (store) => {
        const { account, twins } = await makeTwins(store);
        const [together, apart] = twins;
        for (const { op, flags, keywords, every, from } of steps) {
          const uids: Uid[] = [];
          for (let one = from + 1; one <= messages; one += every) uids.push(uid(one));
          const edit = { account, op, flags, keywords };
          const before = await store.mailbox(account, together);
          const all = await store.setFlags({ ...edit, mailbox: together, uids });
          const changed: Uid[] = [];
          for (let at = 0; at < uids.length; at += few) {
            const some = uids.slice(at, at + few);
            changed.push(
              ...(await store.setFlags({ ...edit, mailbox: apart, uids: some })).changed,
            );
          }
          assert.deepEqual(all.changed, changed);
          assert.deepEqual(all.modified, []);
          const lists = [
            await listing(store, account, together),
            await listing(store, account, apart),
          ];
          assert.deepEqual(lists[0], lists[1]);
          const since = before!.modseq;
          const heard = await store.mailboxChanges(account, together, { since, limit: 1000 });
          assert.deepEqual(
            heard.changed.map((row) => row.uid).toSorted((one, other) => one - other),
            changed,
          );
        }
        assert.deepEqual((await store.check({ deep: true })).findings, []);
      }),
    );
    await fc.assert(property, { numRuns: 12 });
  });
}
