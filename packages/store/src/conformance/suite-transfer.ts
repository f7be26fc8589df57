/** Messages that come into mailboxes, go elsewhere, and vanish with them. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import * as fc from 'fast-check';
import type { Change, MailboxEdit, Store } from '../contract.ts';
import { flagBits } from '../contract.ts';
import { mailboxId, modSeq, uid, type AccountId, type Uid } from '../ids.ts';
import { withStore, type Engine } from './engine.ts';
import { addAccount, addDomain, nowMs, readAll, transfer } from './fixtures.ts';
import {
  append,
  begin,
  fill,
  inbox,
  isClean,
  later,
  modseqOf,
  rowsOf,
  sent,
  statusOf,
  uidMax,
} from './mailbox-steps.ts';

export function transferSuite(engine: Engine): void {
  appendTests(engine);
  transferTests(engine);
  removalTests(engine);
}

function appendTests(engine: Engine): void {
  it('appends several messages in one step, and gives them back as they came', () =>
    withStore(engine, async (store) => {
      const account = await begin(store);
      await fill(store, account, 3);
      const before = await modseqOf(store, account);
      const large = 'Subject: c\r\n\r\n' + 'x'.repeat(600_000);
      const small = ['Subject: a\r\n\r\n', 'Subject: b\r\n\r\nno end', 'Subject: a\r\n\r\n'];
      const texts = [...small, large, large];
      const heard: Change[] = [];
      store.subscribe((changes) => heard.push(...changes));
      const result = await append(store, account, { texts, flags: flagBits.seen });
      assert.ok(result.ok);
      assert.deepEqual(
        result.stored.map((each) => each.uid),
        [4, 5, 6, 7, 8],
      );
      assert.equal(result.modseq, before + 1);
      const added = heard.filter((change) => change.kind === 'message-added');
      assert.deepEqual(
        added.map((change) => [change.uid, change.modseq]),
        [4, 5, 6, 7, 8].map((each) => [each, before + 1]),
      );
      const rows = (await rowsOf(store, account)).slice(3);
      assert.deepEqual(
        rows.map((row) => [row.email, row.flags, row.internalDateMs, row.savedMs]),
        result.stored.map(({ email }) => [email, flagBits.seen, nowMs - 5, nowMs]),
      );
      for (const [index, row] of rows.entries()) {
        const body = await store.readMessage(account, row.content);
        assert.ok(body);
        assert.equal((await readAll(body)).toString(), texts[index]);
        const story = await store.journey(row.journey);
        assert.equal(story?.events.at(-1)?.code, 'store.appended');
        assert.ok(await store.mayRead(account, row.journey));
      }
      await isClean(store);
    }));

  it('I5: an append with a key is made once, also after reopening', async () => {
    let store = await engine.open();
    try {
      const account = await begin(store);
      const once = () => append(store, account, { key: 'x', texts: ['a\r\n', 'b\r\n'] });
      const results = await Promise.all(Array.from({ length: 10 }, once));
      store = await engine.reopen(store);
      results.push(await once());
      const places = results.map((result) => (result.ok ? JSON.stringify(result.stored) : ''));
      assert.equal(new Set(places).size, 1);
      assert.equal(results.filter((result) => result.ok && !result.duplicate).length, 1);
      assert.equal((await statusOf(store, account, 'INBOX')).total, 2);
    } finally {
      await engine.discard(store);
    }
  });

  it('I4: all of an append or nothing', () =>
    withStore(engine, async (store) => {
      await addDomain(store, 'merpati.test');
      const account = await addAccount(store, 'you@merpati.test', { quotaBytes: 60 });
      const text = 'x'.repeat(23) + '\r\n';
      assert.deepEqual(await append(store, account, { texts: [text, text, text] }), {
        ok: false,
        code: 'over-quota',
      });
      assert.equal((await statusOf(store, account, 'inbox')).total, 0);
      assert.ok((await append(store, account, { texts: [text, text] })).ok);
      for (const mailbox of [mailboxId(99), mailboxId(7)]) {
        const refused = await append(store, account, { mailbox });
        assert.equal(!refused.ok && refused.code, 'no-mailbox');
      }
      const texts = [text];
      const gone = await append(store, account, {
        texts,
        replaces: { mailbox: inbox, uid: uid(9) },
      });
      assert.equal(!gone.ok && gone.code, 'no-message');
      // Instead of another one there is room.
      const replaces = { mailbox: inbox, uid: uid(1) };
      const before = await modseqOf(store, account);
      const replaced = await append(store, account, { texts, replaces, mailbox: sent });
      assert.ok(replaced.ok);
      assert.equal(replaced.modseq, before + 1);
      assert.equal((await statusOf(store, account, 'INBOX')).total, 1);
      const { vanished } = await store.changes(account, { since: modSeq(before), limit: 9 });
      assert.deepEqual(vanished, [{ mailbox: inbox, uid: uid(1) }]);
      assert.equal((await store.findAccount(account))?.usedBytes, 50);
      await isClean(store);
    }));
}

function transferTests(engine: Engine): void {
  it('moves and copies the same e-mail, in the order of its uids', () =>
    withStore(engine, async (store) => {
      const account = await begin(store);
      await fill(store, account, 4);
      const emails = new Map((await rowsOf(store, account)).map((row) => [row.uid, row.email]));
      const uids = [uid(3), uid(1), uid(3), uid(77)];
      const copied = await store.copy({ ...transfer(account, [inbox, sent], uids), nowMs: later });
      const { uidValidity } = await statusOf(store, account, 'Sent');
      const modseq = await modseqOf(store, account);
      const pairs = [
        { from: 1, to: 1 },
        { from: 3, to: 2 },
      ];
      assert.deepEqual(copied, { ok: true, modseq, uidValidity, pairs });
      const moved = await store.move({ ...transfer(account, [inbox, 3], uids), nowMs: later });
      assert.deepEqual(moved.ok && moved.pairs, pairs);
      for (const mailbox of [sent, mailboxId(3)]) {
        const rows = await rowsOf(store, account, mailbox);
        assert.deepEqual(
          rows.map((row) => [row.email, row.internalDateMs, row.savedMs]),
          [uid(1), uid(3)].map((each) => [emails.get(each), nowMs - 5, later]),
        );
      }
      const nowhere = await store.move(transfer(account, [inbox, 99], [uid(2)]));
      assert.deepEqual(nowhere, { ok: false, code: 'no-mailbox' });
      const hidden = await store.copy(transfer(account, [inbox, 7], [uid(2)]));
      assert.deepEqual(hidden, { ok: false, code: 'no-mailbox' });
      await isClean(store);
    }));

  it('moves very many, there and back', { timeout: 60_000 }, () =>
    withStore(engine, async (store) => {
      const account = await begin(store);
      await fill(store, account, 350);
      const ten = (uids: readonly Uid[]) => Array.from({ length: 10 }, () => uids).flat();
      let uids = (await rowsOf(store, account)).map((row) => row.uid);
      for (let round = 0; round < 5; round += 1) {
        await store.copy(transfer(account, [inbox, inbox], uids));
        uids = Array.from(await store.uids(account, inbox), uid);
      }
      assert.equal(uids.length, 11_200);
      const moved = await store.move(transfer(account, [inbox, sent], ten(uids).toReversed()));
      assert.deepEqual(
        moved.ok && moved.pairs,
        uids.map((each, index) => ({ from: each, to: index + 1 })),
      );
      assert.equal((await statusOf(store, account, 'INBOX')).total, 0);
      await isClean(store);
    }),
  );

  it('holds copies to the quota, and moves only to that of others', () =>
    withStore(engine, async (store) => {
      const account = await begin(store);
      const other = await addAccount(store, 'other@merpati.test', { quotaBytes: 20 });
      await fill(store, account, 3);
      const used = (await store.findAccount(account))?.usedBytes ?? 0;
      const settings = { quotaBytes: used + 20 };
      await store.editDirectory({ kind: 'account-edit', id: account, settings });
      const uids = [uid(1), uid(2)];
      assert.deepEqual(await store.copy(transfer(account, [inbox, sent], uids)), {
        ok: false,
        code: 'over-quota',
      });
      assert.equal((await statusOf(store, account, 'Sent')).total, 0, 'not even one of them');
      assert.ok((await store.copy(transfer(account, [inbox, sent], [uid(1)]))).ok);
      assert.ok((await store.move(transfer(account, [inbox, sent], uids))).ok);
      const away = {
        ...transfer(account, [sent, 0], [uid(1), uid(2)]),
        to: { account: other, mailbox: inbox },
      };
      assert.equal((await store.move(away)).ok, false);
      assert.equal((await statusOf(store, account, 'Sent')).total, 3);
      assert.ok((await store.move({ ...away, uids: [uid(1)] })).ok);
      assert.equal((await statusOf(store, account, 'Sent')).total, 2);
      await isClean(store);
    }));

  it('gives what goes to another account an identity there, and the same octets', () =>
    withStore(engine, async (store) => {
      const account = await begin(store);
      const other = await addAccount(store, 'other@merpati.test');
      await append(store, other, { texts: ['Subject: own\r\n\r\n'] });
      await fill(store, account, 2);
      const uids = [uid(1), uid(2)];
      const to = { account: other, mailbox: inbox };
      const copied = await store.copy({ ...transfer(account, [inbox, 0], uids), to });
      assert.ok(copied.ok);
      assert.deepEqual(
        copied.pairs.map((pair) => pair.to),
        [2, 3],
      );
      const rows = await rowsOf(store, other);
      assert.deepEqual(
        rows.map((row) => row.email),
        [1, 2, 3],
      );
      for (const row of rows.slice(1)) {
        assert.ok(await store.mayRead(other, row.journey));
        const body = await store.readMessage(other, row.content);
        assert.ok(body);
        assert.match((await readAll(body)).toString(), /^Subject: [01]/);
      }
      await store.expunge(account, inbox, uids);
      await store.editDirectory({ kind: 'account-remove', id: account });
      const [, last] = rows;
      assert.ok(last && (await store.readMessage(other, last.content)));
    }));

  it('lets a device take both copies of one e-mail away, and brings both back', () =>
    withStore(engine, async (store) => {
      const account = await begin(store);
      await fill(store, account, 1);
      await store.copy(transfer(account, [inbox, inbox], [uid(1)]));
      const [one, two] = await store.maildrop(account);
      assert.ok(one && two && one.email === two.email);
      await store.popUpdate({
        account,
        device: 'ponsel',
        address: '192.0.2.7',
        nowMs,
        retrieved: [],
        deleted: [one.uid, two.uid],
      });
      assert.equal((await store.downloaded(account)).length, 2);
      await isClean(store);
      assert.equal(await store.restoreDownloaded(account, [one.email], nowMs), 2);
      assert.equal((await store.maildrop(account)).length, 2);
      await isClean(store);
    }));

  it('tells a journey once of each device that reads', () =>
    withStore(engine, async (store) => {
      const account = await begin(store);
      await fill(store, account, 2);
      const note = {
        account,
        mailbox: inbox,
        uids: [uid(1), uid(2), uid(9)],
        reader: 'you@merpati.test',
        device: 'Thunderbird',
        address: '192.0.2.7',
        nowMs,
      };
      await store.readNote(note);
      await store.readNote({ ...note, address: '192.0.2.8' });
      await store.readNote({ ...note, device: 'K-9', uids: [uid(2)] });
      const told = await Promise.all(
        (await rowsOf(store, account)).map(async (row) => {
          const events = (await store.journey(row.journey))?.events ?? [];
          return events.filter((event) => event.code === 'read.imap').length;
        }),
      );
      assert.deepEqual(told, [1, 2]);
    }));
}

/** More than an engine takes away at once. */
const many = 1300;

function removalTests(engine: Engine): void {
  it('removes a big mailbox at once for those who look, and slowly for itself', async () => {
    let store = await engine.open();
    try {
      const account = await begin(store);
      const made = await store.editMailbox(account, { kind: 'create', name: 'Big', role: null });
      assert.ok(made.ok && made.id !== null);
      const big = made.id;
      await fill(store, account, many);
      const uids = (await rowsOf(store, account)).map((row) => row.uid);
      assert.ok((await store.copy(transfer(account, [inbox, big], uids))).ok);
      await store.expunge(account, inbox, uids);
      const before = await modseqOf(store, account);
      assert.ok((await store.editMailbox(account, { kind: 'remove', id: big })).ok);
      assert.equal(await store.mailbox(account, big), null);
      const row = await store.findAccount(account);
      assert.deepEqual([row?.messages, row?.usedBytes], [0, 0]);
      const changes = await store.changes(account, { since: modSeq(0), limit: 10_000 });
      assert.deepEqual(changes.changed, []);
      assert.deepEqual([...(await store.flagRows(account, big, slice))], []);
      assert.deepEqual(await store.move(transfer(account, [big, sent], [uid(1)])), {
        ok: false,
        code: 'no-mailbox',
      });
      const again = await store.editMailbox(account, { kind: 'create', name: 'Big', role: null });
      assert.ok(again.ok && again.id !== big);
      await isClean(store);
      store = await engine.reopen(store);
      for (let tries = 0; (await store.check({ deep: true })).counted.messages > 0; tries += 1) {
        assert.ok(tries < 500, 'it is gone after a while');
        await delay(20);
      }
      const { vanished } = await store.changes(account, { since: modSeq(before), limit: 10_000 });
      assert.equal(vanished.filter((each) => each.mailbox === big).length, many);
      assert.equal((await store.check({ deep: true })).counted.blobs, 0);
      await isClean(store);
    } finally {
      await engine.discard(store);
    }
  });

  it('keeps its counters while big mailboxes come and go', { timeout: 120_000 }, () =>
    withStore(engine, async (store) => {
      const account = await begin(store);
      const other = await addAccount(store, 'other@merpati.test', { quotaBytes: 20_000 });
      await fill(store, account, 700);
      const uids = (await rowsOf(store, account)).map((row) => row.uid);
      const some = fc.sample(fc.tuple(fc.nat(6), fc.nat(700), fc.nat(9)), 150);
      const work = some.map(async ([what, first, n]) => {
        const few = uids.slice(first, first + n);
        const foreign = { account: other, mailbox: sent };
        if (what === 0) await append(store, account, { texts: ['a\r\n', 'b\r\n'] });
        else if (what === 1) await store.expunge(account, inbox, few);
        else if (what === 2) await store.move(transfer(account, [inbox, 3], few));
        else if (what === 3) {
          await store.copy({ ...transfer(account, [inbox, 0], few), to: foreign });
        } else if (what === 4) {
          const replaces = { mailbox: inbox, uid: uid(first) };
          await append(store, account, { mailbox: sent, replaces });
        } else if (what === 5) {
          const keywords = [`k${n}`];
          const edit = { account, mailbox: inbox, op: 'set', flags: n, keywords } as const;
          await store.setFlags({ ...edit, uids: uids.slice(first) });
        } else await makeAndRemove(store, account, { name: `Big ${first} ${n}`, uids });
      });
      await Promise.all(work);
      await isClean(store);
    }),
  );

  it('leaves nothing of an account that goes with all it had', () =>
    withStore(engine, async (store) => {
      const account = await begin(store);
      await fill(store, account, 700);
      const uids = (await rowsOf(store, account)).map((row) => row.uid);
      await store.copy(transfer(account, [inbox, sent], uids));
      const value = Buffer.from('x');
      const edits: readonly MailboxEdit[] = [
        { kind: 'annotate', mailbox: null, entry: '/a', value },
        { kind: 'annotate', mailbox: inbox, entry: '/a', value },
        { kind: 'set-acl', mailbox: inbox, identifier: 'anyone', rights: 'lr' },
        { kind: 'remove', id: sent },
      ];
      for (const edit of edits) assert.ok((await store.editMailbox(account, edit)).ok);
      await store.editDirectory({ kind: 'account-remove', id: account });
      assert.deepEqual(await store.subscriptions(account), []);
      assert.deepEqual(await store.annotations(account, inbox), []);
      assert.deepEqual(await store.acl(account, inbox), []);
      assert.deepEqual([...(await store.uids(account, inbox))], []);
      const other = await addAccount(store, 'other@merpati.test');
      assert.deepEqual(await store.sharedMailboxes(other), []);
      for (let tries = 0; (await store.check({ deep: true })).counted.mailboxes > 7; tries += 1) {
        assert.ok(tries < 500, 'it is gone after a while');
        await delay(20);
      }
      await isClean(store);
    }));
}

const slice = { fromUid: uid(1), toUid: uidMax, limit: 10 };

async function makeAndRemove(
  store: Store,
  account: AccountId,
  what: { readonly name: string; readonly uids: readonly Uid[] },
): Promise<void> {
  const { name, uids } = what;
  const made = await store.editMailbox(account, { kind: 'create', name, role: null });
  if (!made.ok || made.id === null) return; // the same name again
  await store.copy(transfer(account, [inbox, made.id], uids));
  await store.editMailbox(account, { kind: 'remove', id: made.id });
}
