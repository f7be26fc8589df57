/** POP3's end of a session, journeys, and the directory. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Store } from '../contract.ts';
import { flagBits } from '../contract.ts';
import { journeyId, mailboxId, uid, type AccountId } from '../ids.ts';
import { firstJourneyIdAt, formatJourneyId } from '../journey.ts';
import {
  acceptance,
  addAccount,
  addDomain,
  delivery,
  event,
  nextJourney,
  nowMs,
  recipient,
  sampleBody,
} from './fixtures.ts';
import { withStore, type Engine } from './engine.ts';

const day = 86_400_000;

async function begin(store: Store, policy: 'hide' | 'leave-copy', keepDays = 30) {
  await addDomain(store, 'merpati.test');
  const account = await addAccount(store, 'you@merpati.test', { pop: { policy, keepDays } });
  const journeys = [nextJourney(), nextJourney(), nextJourney()];
  for (const journey of journeys) {
    const body = await sampleBody(store, `Subject: ${journey}\r\n\r\n`);
    await store.accept(acceptance(body, { journey, deliveries: [delivery(account)] }));
  }
  return { account, journeys };
}

function endSession(store: Store, account: AccountId, deleted: number[], retrieved: number[] = []) {
  return store.popUpdate({
    account,
    device: 'ponsel',
    address: '192.0.2.7',
    nowMs,
    retrieved: retrieved.map(uid),
    deleted: deleted.map(uid),
  });
}

export function popSuite(engine: Engine): void {
  it('hides what a device deletes, and brings it back as the same message', () =>
    withStore(engine, async (store) => {
      const { account, journeys } = await begin(store, 'hide');
      const before = await store.maildrop(account);
      assert.deepEqual(await endSession(store, account, [1, 3, 77], [1]), { deleted: 2 });
      assert.deepEqual(
        (await store.maildrop(account)).map((entry) => entry.uid),
        [2],
      );
      assert.equal((await store.findAccount(account))?.messages, 1, 'hidden ones fill no quota');
      const taken = await store.downloaded(account);
      assert.deepEqual(
        taken.map(({ device, address, atMs, keepUntilMs }) => [device, address, atMs, keepUntilMs]),
        Array.from({ length: 2 }, () => ['ponsel', '192.0.2.7', nowMs, nowMs + 30 * day]),
      );
      assert.equal(await store.restoreDownloaded(account, 'all', nowMs), 2);
      const after = await store.maildrop(account);
      assert.deepEqual(
        after.map((entry) => entry.email).sort((a, b) => a - b),
        before.map((entry) => entry.email).sort((a, b) => a - b),
      );
      assert.deepEqual(
        after.map((entry) => entry.uid),
        [2, 4, 5],
      );
      const story = (await store.journey(journeys[0] ?? journeyId(0)))?.events;
      assert.deepEqual(
        story?.map((each) => each.code),
        ['smtp.data', 'store.stored', 'read.pop3', 'read.pop3.deleted', 'store.restored'],
      );
      assert.deepEqual(story?.[2]?.args, { device: 'ponsel', address: '192.0.2.7' });
      assert.deepEqual((await store.check({ deep: true })).findings, []);
    }));

  it('removes it when its time is over, and not before', () =>
    withStore(engine, async (store) => {
      const { account } = await begin(store, 'hide', 7);
      await endSession(store, account, [1, 2]);
      assert.equal(await store.purgeDownloaded(nowMs + 7 * day - 1), 0);
      assert.equal(await store.purgeDownloaded(nowMs + 7 * day), 2);
      assert.equal(await store.restoreDownloaded(account, 'all', nowMs), 0);
      const { counted, findings } = await store.check({ deep: true });
      assert.deepEqual([counted.messages, counted.blobs, findings.length], [1, 1, 0]);
    }));

  it('removes at once what is kept for no day', () =>
    withStore(engine, async (store) => {
      const { account } = await begin(store, 'hide', 0);
      await endSession(store, account, [1, 2, 3]);
      assert.deepEqual(await store.downloaded(account), []);
      assert.equal((await store.check({ deep: true })).counted.blobs, 0);
    }));

  it('leaves a copy where others see it', () =>
    withStore(engine, async (store) => {
      const { account } = await begin(store, 'leave-copy');
      assert.deepEqual(await endSession(store, account, [2, 2]), { deleted: 1 });
      assert.deepEqual(await endSession(store, account, [2]), { deleted: 0 });
      assert.deepEqual(
        (await store.maildrop(account)).map((entry) => entry.uid),
        [1, 3],
      );
      const rows = await store.messages(account, mailboxId(1), { fromUid: uid(1), limit: 9 });
      assert.deepEqual(
        rows.map((row) => row.flags & flagBits.popHidden),
        [0, flagBits.popHidden, 0],
      );
    }));

  it('restores one of many', () =>
    withStore(engine, async (store) => {
      const { account } = await begin(store, 'hide');
      await endSession(store, account, [1, 2, 3]);
      const [, second] = await store.downloaded(account);
      assert.ok(second);
      assert.equal(await store.restoreDownloaded(account, [second.email, second.email], nowMs), 1);
      assert.equal((await store.downloaded(account)).length, 2);
    }));
}

export function journeySuite(engine: Engine): void {
  it('keeps one stream per message, numbered without gaps', () =>
    withStore(engine, async (store) => {
      await addDomain(store, 'merpati.test');
      const account = await addAccount(store, 'you@merpati.test');
      const journey = nextJourney();
      const rich = {
        ...event('smtp.dialogue'),
        args: { host: 'mx.surat.test', list: ['a', 'b'], nothing: null, yes: true },
        durUs: 12,
        attempt: 2,
        rcpt: 'friend@surat.test',
        lines: [{ dir: 'out', tls: true, afterUs: 0, text: 'EHLO "x"\\' }],
      } as const;
      const body = await sampleBody(store);
      await store.accept(
        acceptance(body, {
          journey,
          events: [event('smtp.data', nowMs * 1000 + 5)],
          deliveries: [delivery(account)],
          recipients: [recipient('friend@surat.test')],
        }),
      );
      await Promise.all([
        store.appendJourney(journey, [rich, event('b')]),
        store.appendJourney(journey, []),
        store.appendJourney(journey, [event('c')]),
      ]);
      const story = await store.journey(journey);
      assert.deepEqual(
        story?.events.map((each) => [each.seq, each.code]),
        [
          [1, 'smtp.data'],
          [2, 'store.stored'],
          [3, 'queue.queued'],
          [4, 'smtp.dialogue'],
          [5, 'b'],
          [6, 'c'],
        ],
      );
      assert.deepEqual(story?.events[3], { ...rich, journey, seq: 4 });
      assert.equal(story?.events[1]?.atUs, nowMs * 1000 + 5, 'never before what led to it');
      assert.deepEqual(story?.events[2]?.args, { id: 1, domain: 'surat.test', due: nowMs });
    }));

  it('begins a journey of a message that was not taken', () =>
    withStore(engine, async (store) => {
      await addDomain(store, 'merpati.test');
      const account = await addAccount(store, 'you@merpati.test');
      const other = await addAccount(store, 'other@merpati.test');
      const { head } = acceptance(await sampleBody(store), { journey: nextJourney() });
      await store.beginJourney(head, [event('a'), event('b')], [account]);
      const story = await store.journey(head.id);
      assert.deepEqual(story?.head, head);
      assert.deepEqual(
        story.events.map(({ seq, code }) => [seq, code]),
        [
          [1, 'a'],
          [2, 'b'],
        ],
      );
      assert.equal(await store.mayRead(account, head.id), true);
      assert.equal(await store.mayRead(other, head.id), false);
      await store.beginJourney(head, [event('c')], []);
      assert.equal((await store.journey(head.id))?.events.at(-1)?.seq, 3, 'it goes on');
    }));

  it('shows a journey to those who take part, and to nobody else', () =>
    withStore(engine, async (store) => {
      await addDomain(store, 'merpati.test');
      const [from, to, other] = [
        await addAccount(store, 'from@merpati.test'),
        await addAccount(store, 'to@merpati.test'),
        await addAccount(store, 'other@merpati.test'),
      ];
      const journey = nextJourney();
      const body = await sampleBody(store);
      await store.accept(
        acceptance(body, { journey, submittedBy: from, deliveries: [delivery(to)] }),
      );
      await store.expunge(to, mailboxId(1), [uid(1)]);
      assert.equal(await store.mayRead(from, journey), true);
      assert.equal(await store.mayRead(to, journey), true, 'who held a copy may read');
      assert.equal(await store.mayRead(other, journey), false);
      assert.equal(await store.mayRead(from, nextJourney()), false);
      assert.equal((await store.journeys({ account: to, limit: 9 })).length, 1);
      assert.deepEqual(await store.journeys({ account: other, limit: 9 }), []);
    }));

  it('finds by text, by id and by its beginning, newest first', { timeout: 60_000 }, () =>
    withStore(engine, async (store) => {
      const body = await sampleBody(store);
      const count = 2500;
      const ids = Array.from({ length: count }, (_, index) =>
        journeyId(firstJourneyIdAt(nowMs + index * 8) + 1),
      );
      await Promise.all(
        ids.map((journey, index) =>
          store.accept({
            ...acceptance(body, { journey, sender: `s${index % 100}@Sender.test` }),
            nowMs: nowMs + index,
          }),
        ),
      );
      const newest = await store.journeys({ limit: 3 });
      assert.deepEqual(
        newest.map((head) => head.id),
        ids.slice(-3).reverse(),
      );
      assert.equal((await store.journeys({ text: 's7@sender', limit: 99 })).length, 25);
      assert.equal((await store.journeys({ messageId: 'm@sender.test', limit: 5 })).length, 5);
      assert.equal((await store.journeys({ messageId: 'M@sender.test', limit: 5 })).length, 0);
      assert.equal((await store.journeys({ sinceMs: nowMs + 8 * 2400, limit: 999 })).length, 100);
      const one = ids[1234] ?? journeyId(0);
      const code = formatJourneyId(one);
      assert.deepEqual(await store.journeysByPrefix(code.toUpperCase()), [one]);
      assert.ok((await store.journeysByPrefix(code.slice(0, 4))).includes(one));
      assert.equal((await store.journeysByPrefix('')).length, 10);
      assert.deepEqual(await store.journeysByPrefix('%'), []);
      assert.equal(await store.pruneJourneys(nowMs + 8 * 2000), 2000);
      assert.equal(await store.journey(one), null);
      await store.appendJourney(one, [event('late')]);
      assert.equal(await store.journey(one), null, 'what is over stays over');
      assert.equal((await store.journeys({ limit: 9999 })).length, 500);
      assert.deepEqual((await store.check({ deep: true })).findings, []);
    }),
  );
}

export function directorySuite(engine: Engine): void {
  it('keeps addresses to one meaning each', () =>
    withStore(engine, async (store) => {
      await addDomain(store, 'merpati.test');
      const account = await addAccount(store, 'you@merpati.test');
      const heard: string[] = [];
      store.subscribe((changes) => heard.push(...changes.map((change) => change.kind)));
      const put = (address: string, targets: string[]) =>
        store.editDirectory({ kind: 'alias-put', address, targets });
      assert.deepEqual(await put('you@merpati.test', ['a@b.test']), {
        ok: false,
        code: 'exists',
        what: 'you@merpati.test',
      });
      assert.equal((await put('x@nowhere.test', ['a@b.test'])).ok, false);
      assert.deepEqual(heard, [], 'refusals change nothing');
      assert.ok((await put('all@merpati.test', ['you@merpati.test', 'a@b.test'])).ok);
      assert.ok((await put('all@merpati.test', ['you@merpati.test'])).ok);
      assert.deepEqual(heard, ['directory-changed', 'directory-changed']);
      assert.deepEqual(await store.findAddress('all@merpati.test'), {
        kind: 'alias',
        targets: ['you@merpati.test'],
      });
      const found = await store.findAddress('you@merpati.test');
      assert.equal(found?.kind === 'account' && found.account.id, account);
      const busy = await store.editDirectory({ kind: 'domain-remove', name: 'merpati.test' });
      assert.equal(!busy.ok && busy.code, 'in-use');
      await store.editDirectory({ kind: 'alias-remove', address: 'all@merpati.test' });
      await store.editDirectory({ kind: 'account-remove', id: account });
      assert.ok((await store.editDirectory({ kind: 'domain-remove', name: 'merpati.test' })).ok);
      assert.deepEqual(await store.domains(), []);
    }));

  it('gives a new account its mailboxes', () =>
    withStore(engine, async (store) => {
      await addDomain(store, 'merpati.test');
      const account = await addAccount(store, 'you@merpati.test');
      const all = await store.mailboxes(account, { hidden: true });
      assert.deepEqual(
        all.map(({ name, role }) => [name, role]),
        [
          ['INBOX', 'inbox'],
          ['Sent', 'sent'],
          ['Drafts', 'drafts'],
          ['Junk', 'junk'],
          ['Trash', 'trash'],
          ['Archive', 'archive'],
          ['Downloaded', 'downloaded'],
        ],
      );
      assert.equal((await store.mailboxes(account)).length, 6);
      assert.equal(new Set(all.map((mailbox) => mailbox.uidValidity)).size, 7);
    }));

  it('changes an account in parts', () =>
    withStore(engine, async (store) => {
      await addDomain(store, 'merpati.test');
      const account = await addAccount(store, 'you@merpati.test', { quotaBytes: 5 });
      const edit = async (settings: object) =>
        store.editDirectory({ kind: 'account-edit', id: account, settings });
      await edit({ quotaBytes: null, hideClientAddress: true });
      await edit({ displayName: 'Anda', state: 'disabled' });
      const limits = { messagesPerDay: null, newRecipientsPerDay: 0 };
      await edit({ limits });
      const scram = { salt: 'c2FsdA==', iterations: 4096, storedKey: 'AA==', serverKey: 'BB==' };
      const credential = { passwordHash: '$argon2id$new', scram };
      await store.editDirectory({ kind: 'account-edit', id: account, credential });
      const row = await store.findAccount(account);
      assert.equal(row?.quotaBytes, null);
      assert.equal(row?.hideClientAddress, true);
      assert.equal(row?.displayName, 'Anda');
      assert.deepEqual(row?.limits, limits);
      assert.equal(row?.state, 'disabled');
      assert.deepEqual(row?.credential, credential);
      const add = {
        kind: 'app-password-add',
        account,
        label: 'ponsel',
        credential,
        nowMs,
      } as const;
      const one = await store.editDirectory(add);
      assert.ok(one.ok && one.id === 1);
      await store.editDirectory({ kind: 'app-password-used', account, id: 1, nowMs: nowMs + 5 });
      assert.equal((await store.appPasswords(account))[0]?.lastUsedMs, nowMs + 5);
      await store.editDirectory({ kind: 'app-password-remove', account, id: 1 });
      const two = await store.editDirectory(add);
      assert.ok(two.ok && two.id === 2, 'a number means one password for ever');
    }));
}
