/**
 * Views against a naive model: a mailbox that remembers everything, and clients that believe what
 * they are told and nothing else.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import type {
  FlagRow,
  FlagTable,
  MailboxChanges,
  MailboxStatus,
  UidSlice,
} from '@merpati/store/contract.ts';
import {
  accountId,
  contentId,
  emailId,
  journeyId,
  mailboxId,
  modSeq,
  uid,
} from '@merpati/store/ids.ts';
import { UidList } from './uid-list.ts';
import { View, ViewLost, type ViewStore, type ViewUpdates } from './view.ts';

const owner = accountId(1);
const inbox = mailboxId(1);

/** A mailbox as one would write it down on paper. */
class NaiveMailbox implements ViewStore {
  modseq = 1;
  uidNext = 1;
  /** By uid. */
  rows = new Map<number, FlagRow>();
  vanished: { uid: number; modseq: number }[] = [];
  floor = 0;
  isThere = true;

  deliver(count: number): number {
    this.modseq += 1;
    for (let i = 0; i < count; i += 1) {
      this.rows.set(this.uidNext, row(this.uidNext, this.modseq, 0));
      this.uidNext += 1;
    }
    return this.modseq;
  }

  setFlags(uids: readonly number[], flags: number): number {
    this.modseq += 1;
    for (const one of uids) {
      if (this.rows.has(one)) this.rows.set(one, row(one, this.modseq, flags));
    }
    return this.modseq;
  }

  expunge(uids: readonly number[]): number {
    this.modseq += 1;
    for (const one of uids) {
      if (this.rows.delete(one)) this.vanished.push({ uid: one, modseq: this.modseq });
    }
    return this.modseq;
  }

  get status(): MailboxStatus {
    return {
      id: inbox,
      name: 'INBOX',
      role: 'inbox',
      uidValidity: 1,
      uidNext: uid(this.uidNext),
      modseq: modSeq(this.modseq),
      total: this.rows.size,
      unseen: 0,
      deleted: 0,
      deletedBytes: 0,
      sizeBytes: 0,
    };
  }

  mailbox = async () => (this.isThere ? this.status : null);

  uids = async () => Uint32Array.from([...this.rows.keys()].toSorted((a, b) => a - b));

  flagTable = async (
    _account: unknown,
    _mailbox: unknown,
    { fromUid, toUid, limit }: UidSlice,
  ): Promise<FlagTable> => {
    const all = (await this.uids()).filter((one) => one >= fromUid && one <= toUid);
    const uids = all.slice(0, limit);
    return {
      uids,
      flags: new Uint8Array(uids.length),
      modseqs: Float64Array.from(uids, () => 1),
      keywords: [[]],
      keywordSets: new Uint16Array(uids.length),
    };
  };

  mailboxChanges = async (
    _account: unknown,
    _mailbox: unknown,
    { since, limit }: { since: number; limit: number },
  ): Promise<MailboxChanges> => {
    const changed = [...this.rows.values()].filter((one) => one.modseq > since);
    const vanished = this.vanished.filter((one) => one.modseq > since);
    const all = [...changed, ...vanished].map((one) => one.modseq).toSorted((a, b) => a - b);
    const end = all.length < limit ? this.modseq : (all[limit - 1] ?? this.modseq);
    return {
      modseq: modSeq(end),
      changed: changed.filter((one) => one.modseq <= end).toSorted((a, b) => a.modseq - b.modseq),
      vanished: vanished.filter((one) => one.modseq <= end).map((one) => uid(one.uid)),
      truncated: since < this.floor,
    };
  };
}

function row(one: number, modseq: number, flags: number): FlagRow {
  return {
    uid: uid(one),
    modseq: modSeq(modseq),
    flags,
    keywords: [],
    content: contentId(one),
    email: emailId(one),
    internalDateMs: 0,
    savedMs: 0,
    size: 0,
    journey: journeyId(one),
  };
}

/** Numbers as the lines of a page: EXPUNGE strikes one out, EXISTS adds blank ones. */
class NaiveClient {
  readonly view: View;
  /** null: known to be there, uid not asked for yet. */
  lines: (number | null)[];
  readonly flags = new Map<number, number>();
  readonly withNumbers: boolean;
  #heard: number;

  constructor(mailbox: NaiveMailbox, withNumbers: boolean) {
    this.view = new View(mailbox, owner, mailbox.status, { changesMax: 3, tailUids: 6 });
    this.withNumbers = withNumbers;
    this.lines = Array.from({ length: mailbox.rows.size }, () => null);
    for (const one of mailbox.rows.values()) this.flags.set(one.uid, one.flags);
    this.#heard = mailbox.modseq;
  }

  /** Of one mutation after the other, none left out. */
  hear(upTo: number): void {
    while (this.#heard < upTo) {
      this.#heard += 1;
      const modseq = modSeq(this.#heard);
      this.view.hear({ kind: 'expunged', account: owner, mailbox: inbox, uids: [], modseq });
    }
  }

  async take(expungesAllowed: boolean): Promise<ViewUpdates> {
    const told = await this.view.take({
      expungesAllowed,
      expungesHaveNumbers: this.withNumbers,
      changesHaveNumbers: this.withNumbers,
    });
    assert.ok(expungesAllowed || told.vanished.length === 0);
    if (this.withNumbers) this.#strike(told);
    else await this.#strikeByUid(told);
    if (told.exists !== null) {
      assert.ok(told.exists > this.lines.length, 'EXISTS never shrinks a mailbox');
      while (this.lines.length < told.exists) this.lines.push(null);
    }
    assert.equal(this.lines.length, this.view.count);
    for (const one of told.changed) this.flags.set(one.uid, one.flags);
    return told;
  }

  #strike(told: ViewUpdates): void {
    const expunged = told.vanished.length === 0 ? [] : told.expunged;
    assert.ok(expunged !== null);
    assert.equal(expunged.length, told.vanished.length);
    for (const number of expunged) {
      assert.ok(number >= 1 && number <= this.lines.length, 'EXPUNGE of a number there is');
      const [struck] = this.lines.splice(number - 1, 1);
      assert.ok(struck === null || told.vanished.includes(uid(struck!)));
    }
  }

  /** VANISHED names uids: a client that has not asked for them all asks now. */
  async #strikeByUid(told: ViewUpdates): Promise<void> {
    for (const one of told.vanished) {
      const at = this.lines.indexOf(one);
      this.lines.splice(at === -1 ? this.lines.indexOf(null) : at, 1);
    }
  }

  /** What FETCH n:* (UID) would say, with no more in memory than it needs. */
  async peek(back: number): Promise<void> {
    const from = Math.max(this.lines.length - back, 1);
    const set = [{ from, to: '*' as const }];
    await this.view.loadFor(set, 'number');
    for (const range of this.view.resolve(set, 'number')) {
      for (let number = range.from; number <= range.to; number += 1) {
        const known = this.lines[number - 1] ?? null;
        const one = this.view.uidAt(number);
        if (this.withNumbers) assert.ok(known === null || known === one, 'changed silently');
        this.lines[number - 1] = one;
      }
    }
    // The same, by uid.
    const first = this.lines[from - 1] ?? 1;
    const byUid = [{ from: first, to: '*' as const }];
    await this.view.loadFor(byUid, 'uid');
    const ranges = this.lines.length === 0 ? [] : [{ from, to: this.lines.length }];
    assert.deepEqual(this.view.resolve(byUid, 'uid'), ranges);
  }

  /** What FETCH 1:* (UID) would say: all that was known stays as it was. */
  async look(): Promise<void> {
    await this.view.load();
    for (const [index, known] of this.lines.entries()) {
      const one = this.view.uidAt(index + 1);
      if (this.withNumbers) assert.ok(known === null || known === one, 'a number changed silently');
      this.lines[index] = one;
      assert.equal(this.view.numberOf(one), index + 1);
    }
    assert.throws(() => this.view.uidAt(this.lines.length + 1), RangeError);
  }
}

type Step =
  | { do: 'deliver'; count: number }
  | { do: 'expunge' | 'flag' | 'own-flag'; client: number; picks: number[]; flags: number }
  | { do: 'hear' | 'look'; client: number }
  | { do: 'peek'; client: number; back: number }
  | { do: 'sync'; client: number; force: boolean }
  | { do: 'take'; client: number; expunges: boolean }
  | { do: 'reopen'; client: number };

const client = fc.nat(3);
const picks = fc.array(fc.nat(40), { minLength: 1, maxLength: 5 });
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ do: fc.constant('deliver' as const), count: fc.integer({ min: 1, max: 6 }) }),
    fc.record({
      do: fc.constantFrom('expunge' as const, 'flag' as const, 'own-flag' as const),
      client,
      picks,
      flags: fc.nat(31),
    }),
    fc.record({ do: fc.constantFrom('hear' as const, 'look' as const), client }),
    fc.record({ do: fc.constant('peek' as const), client, back: fc.nat(8) }),
    fc.record({ do: fc.constant('sync' as const), client, force: fc.boolean() }),
    fc.record({ do: fc.constant('take' as const), client, expunges: fc.boolean() }),
    fc.record({ do: fc.constant('reopen' as const), client }),
  ),
  { maxLength: 60 },
);

const uidsAt = (mailbox: NaiveMailbox, at: readonly number[]): number[] => {
  const all = [...mailbox.rows.keys()];
  const picked = at.map((one) => all[one % Math.max(all.length, 1)] ?? 0);
  return [...new Set(picked)].filter((one) => one > 0);
};

async function perform(mailbox: NaiveMailbox, clients: NaiveClient[], step: Step): Promise<void> {
  if (step.do === 'deliver') {
    mailbox.deliver(step.count);
    return;
  }
  const one = clients[step.client];
  assert.ok(one !== undefined);
  switch (step.do) {
    case 'expunge':
      mailbox.expunge(uidsAt(mailbox, step.picks));
      break;
    case 'flag':
      mailbox.setFlags(uidsAt(mailbox, step.picks), step.flags);
      break;
    case 'own-flag': {
      // STORE on what the client sees and the store still has.
      const seen = uidsAt(mailbox, step.picks).filter((n) => n < mailbox.uidNext);
      await one.view.load();
      const known = seen.filter((n) => one.view.numberOf(uid(n)) > 0);
      const modseq = modSeq(mailbox.setFlags(known, step.flags));
      for (const n of known) one.flags.set(n, step.flags);
      // The feed is as fast as the answer, or not.
      if (step.flags % 2 === 0) one.hear(mailbox.modseq);
      one.view.knowsFlags(modseq);
      break;
    }
    case 'hear':
      one.hear(mailbox.modseq);
      break;
    case 'look':
      await one.look();
      break;
    case 'peek':
      await one.peek(step.back);
      break;
    case 'sync':
      assert.equal(await one.view.sync(step.force), true);
      break;
    case 'take':
      await one.take(step.expunges);
      break;
    case 'reopen':
      clients[step.client] = new NaiveClient(mailbox, step.client % 2 === 0);
      break;
    default:
      throw new Error(`unhandled step ${String(step satisfies never)}`);
  }
}

async function settle(mailbox: NaiveMailbox, one: NaiveClient): Promise<void> {
  await one.view.sync(true);
  await one.take(true);
  await one.look();
  assert.deepEqual(one.lines, [...(await mailbox.uids())], 'the same messages at last');
  for (const { uid: id, flags } of mailbox.rows.values()) {
    if (one.flags.has(id)) assert.equal(one.flags.get(id), flags, `the flags of ${id}`);
  }
}

describe('views', () => {
  test('what others have changed is not told after an own change of the same message', async () => {
    const mailbox = new NaiveMailbox();
    mailbox.deliver(1);
    const one = new NaiveClient(mailbox, true);
    mailbox.setFlags([1], 1);
    assert.equal(await one.view.sync(true), true);
    for (const flags of [2, 3]) {
      await perform(mailbox, [one], { do: 'own-flag', client: 0, picks: [0], flags });
      await one.take(true);
    }
    await settle(mailbox, one);
  });

  test('never disagree with a naive model, with clients interleaved at random', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(30), picks, steps, async (initial, gaps, script) => {
        const mailbox = new NaiveMailbox();
        if (initial > 0) mailbox.deliver(initial);
        mailbox.expunge(uidsAt(mailbox, gaps));
        const clients = [0, 1, 2, 3].map((n) => new NaiveClient(mailbox, n % 2 === 0));
        for (const step of script) await perform(mailbox, clients, step);
        for (const one of clients) await settle(mailbox, one);
      }),
      { numRuns: 2000 },
    );
  });

  test('load nothing for who only counts', async () => {
    const mailbox = new NaiveMailbox();
    mailbox.deliver(10);
    mailbox.expunge([3]);
    let asked = 0;
    const view = new View(
      {
        mailbox: mailbox.mailbox,
        flagTable: mailbox.flagTable,
        mailboxChanges: mailbox.mailboxChanges,
        uids: () => {
          asked += 1;
          return mailbox.uids();
        },
      },
      owner,
      mailbox.status,
    );
    mailbox.deliver(2);
    await view.sync(true);
    const options = { expungesAllowed: true, expungesHaveNumbers: true, changesHaveNumbers: true };
    assert.equal((await view.take(options)).exists, 11);
    assert.equal(asked, 0);
    mailbox.expunge([1]);
    await view.sync(true);
    assert.deepEqual((await view.take(options)).expunged, [1]);
    assert.equal(asked, 1);
  });

  test('know no more than the end when no more is asked for', async () => {
    const mailbox = new NaiveMailbox();
    mailbox.deliver(100);
    mailbox.expunge([50, 95]);
    const asked: string[] = [];
    const view = new View(
      {
        mailbox: mailbox.mailbox,
        mailboxChanges: mailbox.mailboxChanges,
        flagTable: (...args) => {
          asked.push('tail');
          return mailbox.flagTable(...args);
        },
        uids: () => {
          asked.push('all');
          return mailbox.uids();
        },
      },
      owner,
      mailbox.status,
      { changesMax: 100, tailUids: 10 },
    );
    await view.loadFor([{ from: 95, to: '*' }], 'number');
    assert.deepEqual([...view.uidsOf({ from: 94, to: 98 })], [96, 97, 98, 99, 100]);
    await view.loadFor([{ from: 97, to: 500 }], 'uid');
    assert.deepEqual(view.resolve([{ from: 97, to: 500 }], 'uid'), [{ from: 95, to: 98 }]);
    assert.deepEqual(asked, ['tail']);
    assert.throws(() => view.uidAt(1), /not loaded/);
    mailbox.expunge([2, 99]);
    await view.sync(true);
    const options = { expungesAllowed: true, expungesHaveNumbers: true, changesHaveNumbers: true };
    assert.deepEqual((await view.take(options)).expunged, [97, 2]);
    assert.deepEqual(asked, ['tail', 'all']);
  });

  test('resolve sets by number and by uid', async () => {
    const mailbox = new NaiveMailbox();
    mailbox.deliver(10);
    mailbox.expunge([2, 3, 9]);
    const view = new View(mailbox, owner, mailbox.status);
    await view.load();
    const all = [{ from: 1, to: '*' as const }];
    assert.deepEqual(view.resolve(all, 'number'), [{ from: 1, to: 7 }]);
    assert.deepEqual(view.resolve(all, 'uid'), [{ from: 1, to: 7 }]);
    assert.deepEqual(view.resolve([{ from: 2, to: 3 }], 'uid'), []);
    assert.deepEqual(view.resolve([{ from: 9, to: 4_294_967_295 }], 'uid'), [{ from: 7, to: 7 }]);
    const split = [4, 1, 10].map((one) => ({ from: one, to: one }));
    assert.deepEqual(view.resolve(split, 'uid'), [
      { from: 1, to: 2 },
      { from: 7, to: 7 },
    ]);
    assert.deepEqual(view.resolve([{ from: 20, to: '*' }], 'uid'), [{ from: 7, to: 7 }]);
    assert.throws(() => view.resolve([{ from: 8, to: 8 }], 'number'), { name: 'SyntaxFault' });
    assert.deepEqual([...view.uidsOf({ from: 1, to: 3 })], [1, 4, 5]);
  });

  test('an empty mailbox has no last message', async () => {
    const mailbox = new NaiveMailbox();
    const view = new View(mailbox, owner, mailbox.status);
    await view.load();
    assert.deepEqual(view.resolve([{ from: 1, to: '*' }], 'number'), []);
    assert.deepEqual(view.resolve([{ from: 1, to: '*' }], 'uid'), []);
    assert.throws(() => view.resolve([{ from: 1, to: 1 }], 'number'), { name: 'SyntaxFault' });
  });

  test('say so when the log was cut, or the mailbox is gone', async () => {
    const mailbox = new NaiveMailbox();
    mailbox.deliver(3);
    const view = new View(mailbox, owner, mailbox.status);
    mailbox.floor = 100;
    await assert.rejects(view.sync(true), ViewLost);
    mailbox.isThere = false;
    assert.equal(await view.sync(true), false);
  });
});

test('lists of uids are sets that know their order', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 40 }),
      fc.array(fc.array(fc.integer({ min: 1, max: 90 }), { maxLength: 8 }), { maxLength: 8 }),
      (first, turns) => {
        let model = first.toSorted((a, b) => a - b);
        const list = UidList.of(Uint32Array.from(model));
        for (const [turn, some] of turns.entries()) {
          const sorted = [...new Set(some)].toSorted((a, b) => a - b);
          if (turn % 2 === 0) {
            const numbers = list.remove(some);
            assert.deepEqual(
              numbers,
              sorted.filter((one) => model.includes(one)).map((one) => model.indexOf(one) + 1),
            );
            model = model.filter((one) => !some.includes(one));
          } else {
            const more = sorted.map((one) => one + (model.at(-1) ?? 0));
            list.append(more);
            model.push(...more);
          }
          assert.deepEqual([...list.slice(1, list.length)], model);
          for (const one of some) assert.equal(list.numberOf(one), model.indexOf(one) + 1);
        }
      },
    ),
  );
});

test('a million messages, and ten thousand of them taken out at once', () => {
  const list = UidList.withoutGaps(1_000_000);
  assert.equal(list.at(1_000_000), 1_000_000);
  const numbers = list.remove(Array.from({ length: 10_000 }, (_, i) => (i + 1) * 50));
  assert.equal(numbers.length, 10_000);
  assert.equal(list.length, 990_000);
  assert.equal(list.numberOf(51), 50);
});
