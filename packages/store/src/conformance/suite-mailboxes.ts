/** Mailboxes as IMAP knows them: names, what belongs to them, and how they are listed. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Change, MailboxEdit, Store } from '../contract.ts';
import { flagBits, mailboxLimits } from '../contract.ts';
import { mailboxId, modSeq, uid, type AccountId, type Uid } from '../ids.ts';
import { withStore, type Engine } from './engine.ts';
import { addAccount, transfer } from './fixtures.ts';
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

export function mailboxSuite(engine: Engine): void {
  nameTests(engine);
  partTests(engine);
  listingTests(engine);
}

function nameTests(engine: Engine): void {
  const edit = (store: Store, account: AccountId, ...edits: readonly MailboxEdit[]) =>
    edits.reduce<Promise<unknown[]>>(
      async (done, each) => [...(await done), await store.editMailbox(account, each)],
      Promise.resolve([]),
    );
  const names = async (store: Store, account: AccountId) =>
    (await store.mailboxes(account)).map((mailbox) => mailbox.name).slice(6);
  const create = (name: string): MailboxEdit => ({ kind: 'create', name, role: null });

  it('renames a tree, and leaves INBOX where it is', () =>
    withStore(engine, async (store) => {
      const account = await begin(store);
      await edit(store, account, ...['a', 'a/b', 'a/b/c', 'ab', 'inbox/x'].map(create));
      const a = (await statusOf(store, account, 'a')).id;
      const heard: Change[] = [];
      store.subscribe((changes) => heard.push(...changes));
      const rename = (id: typeof a, name: string) =>
        store.editMailbox(account, { kind: 'rename', id, name, nowMs: later });
      assert.deepEqual(await rename(a, 'a/b/d'), { ok: false, code: 'forbidden' });
      assert.deepEqual(await rename(a, 'ab'), { ok: false, code: 'exists' });
      assert.ok((await rename(a, 'z')).ok);
      assert.deepEqual(await names(store, account), ['z', 'z/b', 'z/b/c', 'ab', 'INBOX/x']);
      assert.equal((await statusOf(store, account, 'z')).id, a);
      const [change] = heard;
      assert.ok(change?.kind === 'mailbox-changed');
      assert.deepEqual(
        [change.edit, change.mailbox, change.name, change.oldName],
        ['rename', a, 'z', 'a'],
      );
      await fill(store, account, 3);
      const emptied = await rename(inbox, 'Lama');
      assert.ok(emptied.ok && emptied.id !== null);
      const rows = await rowsOf(store, account, emptied.id);
      assert.deepEqual(
        rows.map((row) => [row.uid, row.email, row.savedMs]),
        [1, 2, 3].map((each) => [each, each, later]),
      );
      const left = await statusOf(store, account, 'iNbOx');
      assert.deepEqual([left.id, left.total, left.uidNext], [inbox, 0, 4]);
      assert.equal((await names(store, account)).at(-2), 'INBOX/x', 'its levels stay');
      await isClean(store);
    }));

  it('knows names by their levels, and how deep they may go', () =>
    withStore(engine, async (store) => {
      const account = await begin(store);
      const deep = (levels: number) => Array.from({ length: levels }, (_, n) => n).join('/');
      const codes = async (...list: readonly string[]) =>
        (await edit(store, account, ...list.map(create))).map((each) =>
          (each as { ok: boolean; code?: string }).ok ? 'ok' : (each as { code?: string }).code,
        );
      const limit = mailboxLimits.levelsMax;
      assert.deepEqual(await codes(deep(limit), deep(limit + 1)), ['ok', 'forbidden']);
      assert.deepEqual(await codes('INBOX', 'inbox', 'Inbox/a', 'INBOX/a', 'inBOX/b'), [
        'exists',
        'exists',
        'ok',
        'exists',
        'ok',
      ]);
      assert.deepEqual(await codes('', '/', 'a/', 'a\tb', 'a\ud800', 'é'.repeat(501)), [
        ...Array.from({ length: 6 }, () => 'forbidden'),
      ]);
      assert.equal(await store.mailbox(account, 'Inbox/B'), null, 'only the first level is alike');
      assert.ok(await store.mailbox(account, 'INBOX/b'));
    }));
}

function partTests(engine: Engine): void {
  it('keeps subscriptions, whatever becomes of the mailboxes', () =>
    withStore(engine, async (store) => {
      const account = await begin(store);
      const first = await store.subscriptions(account);
      assert.deepEqual(first, ['Archive', 'Drafts', 'INBOX', 'Junk', 'Sent', 'Trash']);
      const before = await modseqOf(store, account);
      await store.editMailbox(account, { kind: 'subscribe', name: 'inbox' });
      assert.equal(await modseqOf(store, account), before, 'nothing changed');
      await store.editMailbox(account, { kind: 'subscribe', name: 'Other Users/ani/Kerja' });
      await store.editMailbox(account, { kind: 'unsubscribe', name: 'Junk' });
      await store.editMailbox(account, { kind: 'remove', id: sent });
      assert.deepEqual(await store.subscriptions(account), [
        'Archive',
        'Drafts',
        'INBOX',
        'Other Users/ani/Kerja',
        'Sent',
        'Trash',
      ]);
      assert.equal(await modseqOf(store, account), before + 3);
      await isClean(store);
    }));

  it('keeps annotations within their bounds', () =>
    withStore(engine, async (store) => {
      const account = await begin(store);
      const put = (entry: string, value: Uint8Array | null, mailbox: typeof inbox | null = inbox) =>
        store.editMailbox(account, { kind: 'annotate', mailbox, entry, value });
      const octets = Buffer.from([0, 255, 13, 10]);
      assert.ok((await put('/shared/comment', octets)).ok);
      assert.ok((await put('/shared/comment', Buffer.from('mine'), null)).ok);
      const [own] = await store.annotations(account, null);
      assert.equal(Buffer.from(own?.value ?? []).toString(), 'mine');
      const [shared] = await store.annotations(account, inbox);
      assert.deepEqual(Buffer.from(shared?.value ?? []), octets);
      const big = Buffer.alloc(mailboxLimits.annotationBytesMax + 1);
      assert.deepEqual(await put('/a', big), { ok: false, code: 'too-big' });
      const count = mailboxLimits.annotationsMax;
      const answers = await Promise.all(
        Array.from({ length: count }, (_, index) => put(`/n/${index}`, octets)),
      );
      assert.deepEqual(
        answers.flatMap((answer) => (answer.ok ? [] : [answer.code])),
        ['too-many'],
      );
      assert.ok((await put('/n/0', Buffer.from('another'))).ok, 'what is there may change');
      assert.ok((await put('/n/1', null)).ok);
      assert.equal((await store.annotations(account, inbox)).length, count - 1);
      const none = await put('/a', octets, mailboxId(99));
      assert.equal(!none.ok && none.code, 'not-found');
      await store.editMailbox(account, { kind: 'create', name: 'x', role: null });
      await isClean(store);
    }));

  it('keeps all annotations of an account within bounds', () =>
    withStore(engine, async (store) => {
      const account = await begin(store);
      const value = Buffer.alloc(mailboxLimits.annotationBytesMax, 'x');
      const room = mailboxLimits.annotationsTotalBytesMax / value.length;
      const put = (mailbox: typeof inbox | null, index: number) =>
        store.editMailbox(account, { kind: 'annotate', mailbox, entry: `/n/${index}`, value });
      const numbers = Array.from({ length: room }, (_, index) => index);
      const half = numbers.slice(room / 2);
      await Promise.all(numbers.slice(0, room / 2).map((index) => put(null, index)));
      const answers = await Promise.all(half.map((index) => put(inbox, index)));
      assert.ok(answers.every((answer) => answer.ok));
      assert.deepEqual(await put(inbox, room), { ok: false, code: 'too-many' });
      const less = { kind: 'annotate', mailbox: null, entry: '/n/0', value: null } as const;
      assert.ok((await store.editMailbox(account, less)).ok);
      assert.ok((await put(inbox, room)).ok);
      await isClean(store);
    }));

  it('shows mailboxes to those whom the owner lets see them', () =>
    withStore(engine, async (store) => {
      const account = await begin(store);
      const ani = await addAccount(store, 'ani@merpati.test');
      const budi = await addAccount(store, 'budi@merpati.test');
      const set = (mailbox: typeof inbox, identifier: string, rights: string | null) =>
        store.editMailbox(account, { kind: 'set-acl', mailbox, identifier, rights });
      const seen = async (who: AccountId) =>
        (await store.sharedMailboxes(who)).map(({ owner, ownerAddress, rights, status }) => [
          owner,
          ownerAddress,
          rights,
          status.name,
        ]);
      await set(sent, 'ani@merpati.test', 'lrs');
      await set(inbox, 'ani@merpati.test', 'rs');
      await set(inbox, 'anyone', 'lr');
      await set(inbox, '-budi@merpati.test', 'l');
      const from = [account, 'you@merpati.test'];
      assert.deepEqual(await seen(ani), [
        [...from, 'lrs', 'INBOX'],
        [...from, 'lrs', 'Sent'],
      ]);
      assert.deepEqual(await seen(budi), []);
      assert.deepEqual(await seen(account), []);
      assert.deepEqual(await store.acl(account, inbox), [
        { identifier: '-budi@merpati.test', rights: 'l' },
        { identifier: 'ani@merpati.test', rights: 'rs' },
        { identifier: 'anyone', rights: 'lr' },
      ]);
      assert.deepEqual(await set(mailboxId(7), 'anyone', 'l'), { ok: false, code: 'forbidden' });
      await store.editMailbox(account, { kind: 'remove', id: sent });
      assert.deepEqual(await store.acl(account, sent), []);
      await set(inbox, 'anyone', null);
      await set(inbox, 'ani@merpati.test', 'l');
      await store.editDirectory({ kind: 'account-remove', id: ani });
      const again = await addAccount(store, 'ani@merpati.test');
      assert.deepEqual(await seen(again), [], 'an address that comes back is somebody else');
      await isClean(store);
    }));
}

function listingTests(engine: Engine): void {
  it('counts what is deleted and which keywords are in use', () =>
    withStore(engine, async (store) => {
      const account = await begin(store);
      await fill(store, account, 5);
      const counted = async (name = 'INBOX') => {
        const { deleted, deletedBytes, id } = await statusOf(store, account, name);
        return [deleted, deletedBytes, (await store.keywords(account, id)).join(' ')];
      };
      const { size } = (await rowsOf(store, account))[0] ?? { size: 0 };
      const edit = { account, mailbox: inbox, flags: flagBits.deleted } as const;
      const set = (op: 'add' | 'remove' | 'set', keywords: readonly string[], uids: Uid[]) =>
        store.setFlags({ ...edit, op, keywords, uids });
      await set('add', ['kerja', 'penting'], [uid(1), uid(2), uid(3)]);
      assert.deepEqual(await counted(), [3, 3 * size, 'kerja penting']);
      await store.setFlags({ ...edit, op: 'remove', keywords: ['kerja'], uids: [uid(3)] });
      await store.setFlags({ ...edit, op: 'set', flags: 1, keywords: ['x'], uids: [uid(1)] });
      assert.deepEqual(await counted(), [1, size, 'kerja penting x']);
      await store.move(transfer(account, [inbox, sent], [uid(2)]));
      assert.deepEqual(await counted(), [0, 0, 'penting x']);
      assert.deepEqual(await counted('Sent'), [1, size, 'kerja penting']);
      await store.expunge(account, sent, [uid(1)]);
      assert.deepEqual(await counted('Sent'), [0, 0, '']);
      await isClean(store);
    }));

  it('writes a keyword as it came first, and finds it in any case', () =>
    withStore(engine, async (store) => {
      const account = await begin(store);
      await fill(store, account, 3);
      const edit = { account, mailbox: inbox, flags: 0 } as const;
      await store.setFlags({ ...edit, op: 'add', uids: [uid(1)], keywords: ['Kerja', 'kerja'] });
      await store.setFlags({ ...edit, op: 'set', uids: [uid(2)], keywords: ['KERJA', '$x'] });
      const before = await modseqOf(store, account);
      await store.setFlags({ ...edit, op: 'add', uids: [uid(2)], keywords: ['kerja'] });
      assert.equal(await modseqOf(store, account), before, 'nothing changed');
      const words = async () => (await rowsOf(store, account)).map((row) => row.keywords.join());
      assert.deepEqual(await words(), ['Kerja', '$x,Kerja', '']);
      await store.setFlags({ ...edit, op: 'remove', uids: [uid(1), uid(2)], keywords: ['kerja'] });
      assert.deepEqual(await words(), ['', '$x', '']);
      await store.setFlags({ ...edit, op: 'add', uids: [uid(3)], keywords: ['kerja'] });
      assert.deepEqual(await store.keywords(account, inbox), ['$x', 'kerja']);
      await isClean(store);
    }));

  it('does not store more keywords than a mailbox may have', () =>
    withStore(engine, async (store) => {
      const account = await begin(store);
      await fill(store, account, 2);
      const max = mailboxLimits.keywordsMax;
      const many = Array.from({ length: max + 5 }, (_, index) => `k${1000 + index}`);
      const edit = { account, mailbox: inbox, op: 'add', flags: 0 } as const;
      await store.setFlags({ ...edit, uids: [uid(1)], keywords: many });
      assert.deepEqual(await store.keywords(account, inbox), many.slice(0, max));
      const known = many[3] ?? '';
      const answer = await store.setFlags({ ...edit, uids: [uid(2)], keywords: [known, 'new'] });
      assert.deepEqual(answer.changed, [2]);
      const before = await modseqOf(store, account);
      await store.setFlags({ ...edit, uids: [uid(2)], keywords: ['newer'] });
      assert.equal(await modseqOf(store, account), before, 'nothing changed');
      assert.deepEqual((await rowsOf(store, account))[1]?.keywords, [known]);
      await isClean(store);
    }));

  it('lists the same in all its ways, with gaps and in parts', () =>
    withStore(engine, async (store) => {
      const account = await begin(store);
      await fill(store, account, 400);
      const thirds = (of: number) =>
        Array.from({ length: 400 }, (_, index) => uid(index + 1)).filter((each) => each % 3 === of);
      const edit = { account, mailbox: inbox, op: 'add' } as const;
      await store.setFlags({ ...edit, uids: thirds(1), flags: 1, keywords: ['b', 'a'] });
      await store.setFlags({ ...edit, uids: [uid(5)], flags: 5, keywords: ['c'] });
      await store.expunge(account, inbox, thirds(0));
      const rows = (await rowsOf(store, account)).map(
        ({ mailbox: _mailbox, summary: _summary, ...row }) => row,
      );
      const uids = rows.map((row) => row.uid);
      assert.deepEqual([...(await store.uids(account, inbox))], uids);
      const all = { fromUid: uid(1), toUid: uidMax, limit: 10_000 };
      assert.deepEqual(await store.flagRows(account, inbox, all), rows);
      const part = { fromUid: uid(4), toUid: uid(90), limit: 7 };
      const some = rows.filter((row) => row.uid >= 4).slice(0, 7);
      assert.deepEqual(await store.flagRows(account, inbox, part), some);
      for (const [slice, expected] of [
        [all, rows],
        [part, some],
        [{ ...part, limit: 0 }, []],
      ] as const) {
        const table = await store.flagTable(account, inbox, slice);
        const read = Array.from(table.uids, (each, index) => ({
          uid: each,
          flags: table.flags[index],
          modseq: table.modseqs[index],
          keywords: table.keywords[table.keywordSets[index] ?? -1],
        }));
        assert.deepEqual(
          read,
          expected.map(({ uid: each, flags, modseq, keywords }) => ({
            uid: each,
            flags,
            modseq,
            keywords,
          })),
        );
        assert.deepEqual(table.keywords[0], []);
      }
      assert.equal(await store.firstUnseen(account, inbox), 2);
      assert.equal(await store.firstUnseen(account, sent), null);
      assert.deepEqual([...(await store.uids(account, mailboxId(99)))], []);
    }));

  it('I6: who has a mailbox open can follow it, whatever happens elsewhere', () =>
    withStore(engine, async (store) => {
      const account = await begin(store);
      await fill(store, account, 8);
      await store.copy(transfer(account, [inbox, sent], [uid(1), uid(2)]));
      await store.expunge(account, inbox, [uid(3), uid(4)]);
      await store.move(transfer(account, [inbox, sent], [uid(5)]));
      await store.expunge(account, sent, [uid(1)]);
      await fill(store, account, 2);
      // However much happens elsewhere, an answer that is not full leaves nothing out.
      for (let round = 0; round < 3; round += 1) {
        await append(store, account, { mailbox: sent, texts: ['a', 'b', 'c'] });
      }
      const first = await store.mailboxChanges(account, inbox, { since: modSeq(0), limit: 9 });
      assert.equal(first.modseq, await modseqOf(store, account));
      const now = new Set((await rowsOf(store, account)).map((row) => row.uid));
      const last = await modseqOf(store, account);
      for (const limit of [1, 2, 50]) {
        const known = new Set<number>();
        for (let state = modSeq(0); state < last;) {
          const answer = await store.mailboxChanges(account, inbox, { since: state, limit });
          for (const each of answer.vanished) known.delete(each);
          for (const row of answer.changed) known.add(row.uid);
          assert.ok(answer.modseq > state);
          state = answer.modseq;
        }
        assert.deepEqual(known, now);
      }
    }));
}
