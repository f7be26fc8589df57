/** What the index and searches of every engine must do. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { writeBodyStructure } from '@merpati/formats/imap/body-structure.ts';
import { writeEnvelope } from '@merpati/formats/imap/envelope.ts';
import { readMime } from '@merpati/formats/message/mime.ts';
import * as fc from 'fast-check';
import { flagBits, type Store } from '../contract.ts';
import { uid, type AccountId, type MailboxId, type Uid } from '../ids.ts';
import {
  searchLimits,
  SearchTooBig,
  type Criterion,
  type DetailRow,
  type Found,
  type SearchQuery,
} from '../search.ts';
import type { Engine } from './engine.ts';
import { withStore } from './engine.ts';
import {
  acceptance,
  addAccount,
  addDomain,
  delivery,
  makeBody,
  nowMs,
  readAll,
} from './fixtures.ts';
import { searchNaively, type Searchable } from './model-search.ts';
import { testCriterion, testMessage, testOrder, type TestMessage } from './search-messages.ts';

const runs = Number(process.env['TEST_SEARCH_RUNS'] ?? 25);
const everything = { fromUid: uid(1), toUid: uid(2 ** 32 - 1), limit: 1000 };

interface Place {
  readonly store: Store;
  readonly account: AccountId;
  readonly inbox: MailboxId;
}

async function makePlace(store: Store): Promise<Place> {
  await addDomain(store, 'surat.test');
  const account = await addAccount(store, 'siti@surat.test');
  const [inbox] = await store.mailboxes(account);
  assert.ok(inbox !== undefined);
  return { store, account, inbox: inbox.id };
}

async function put({ store, account }: Place, message: TestMessage): Promise<void> {
  const body = await makeBody(store, message.bytes);
  const { flags, keywords, internalDateMs } = message;
  const deliveries = [delivery(account, { flags, keywords, internalDateMs })];
  assert.ok((await store.accept(acceptance(body, { deliveries, nowMs }))).ok);
}

const plain = { flags: 0, keywords: [], internalDateMs: nowMs };

async function putText(place: Place, text: string): Promise<void> {
  await put(place, { bytes: Buffer.from(text.replaceAll('\n', '\r\n')), ...plain });
}

async function find(place: Place, query: Omit<SearchQuery, 'mailboxes'>): Promise<number[]> {
  const uids: number[] = [];
  const mailboxes = [place.inbox];
  for await (const found of place.store.search(place.account, { mailboxes, ...query })) {
    assert.equal(found.mailbox, place.inbox);
    uids.push(...found.uids);
  }
  return uids;
}

async function collect(search: AsyncIterable<Found>): Promise<Found[]> {
  const slices: Found[] = [];
  for await (const found of search) slices.push(found);
  return slices;
}

async function readSearchables(place: Place): Promise<readonly Searchable[]> {
  const { store, account, inbox } = place;
  const rows = await store.messages(account, inbox, { fromUid: uid(1), limit: 1000 });
  return Promise.all(
    rows.map(async (row) => {
      const body = await store.readMessage(account, row.content);
      assert.ok(body !== null);
      return { ...row, bytes: await readAll(body) };
    }),
  );
}

async function details(place: Place): Promise<readonly DetailRow[]> {
  return place.store.details(place.account, place.inbox, everything, [
    'envelope',
    'structure',
    'plainStructure',
    'head',
    'preview',
    'thread',
    'sort',
  ]);
}

const text = (wanted: string): Criterion => ({ kind: 'text', text: wanted });

export function searchSuite(engine: Engine): void {
  it('finds what a look at every message finds', { timeout: 300_000 }, async () => {
    const property = fc.asyncProperty(
      fc.array(testMessage, { minLength: 1, maxLength: 9 }),
      fc.array(fc.tuple(testCriterion, testOrder), { minLength: 8, maxLength: 16 }),
      async (messages, queries) => {
        await withStore(engine, async (store) => {
          const place = await makePlace(store);
          const agree = async () => {
            const known = await readSearchables(place);
            for (const [criteria, order] of queries) {
              const wanted = searchNaively(known, criteria, order);
              assert.deepEqual(
                await find(place, { criteria, order }),
                wanted,
                JSON.stringify(criteria),
              );
            }
          };
          for (const message of messages) await put(place, message);
          await agree(); // perhaps before anything is indexed
          await store.indexed(place.account);
          await agree();
          const [first] = messages;
          if (first !== undefined) await put(place, first);
          await store.expunge(place.account, place.inbox, [uid(1)]);
          await agree();
          const edit = { account: place.account, mailbox: place.inbox, uids: [uid(2), uid(4)] };
          await store.setFlags({ ...edit, op: 'set', flags: flagBits.seen, keywords: ['baru'] });
          await agree();
          await store.reindex(place.account);
          await agree();
          await store.indexed(place.account);
          assert.equal(await store.unindexed(place.account), 0);
          assert.equal(await store.unindexed('all'), 0);
          assert.deepEqual((await store.check({ deep: true })).findings, []);
        });
      },
    );
    await fc.assert(property, { numRuns: runs });
  });

  it('tells details as the formats write them', () =>
    withStore(engine, async (store) => {
      const place = await makePlace(store);
      for (const message of fc.sample(testMessage, { seed: 8, numRuns: 20 })) {
        await put(place, message);
      }
      await store.indexed(place.account);
      const rows = await details(place);
      const known = await readSearchables(place);
      assert.equal(rows.length, known.length);
      rows.forEach((row, index) => {
        const { bytes, size, email } = known[index]!;
        const { root } = readMime(bytes);
        assert.deepEqual(row.envelope, Uint8Array.from(writeEnvelope(root.head)));
        const structure = (extended: boolean) =>
          Uint8Array.from(writeBodyStructure(root, { extended }));
        assert.deepEqual(row.structure, structure(true));
        assert.deepEqual(row.plainStructure, structure(false));
        assert.equal(row.size, size);
        assert.equal(row.email, email);
        assert.ok(row.preview !== null && Array.from(row.preview).length <= 200);
      });
    }));

  it('keeps the fields that lists of mail ask for, octet by octet', () =>
    withStore(engine, async (store) => {
      const place = await makePlace(store);
      await putText(
        place,
        'Received: by x\nSUBJECT:  a\n b\nX-Own: 1\nList-Id: <l.surat.test>\n' +
          'From: s@surat.test\n\nisi\n',
      );
      await store.indexed(place.account);
      const [row] = await details(place);
      assert.equal(
        Buffer.from(row?.head ?? []).toString(),
        'Return-Path: <a@sender.test>\r\nSUBJECT:  a\r\n b\r\nList-Id: <l.surat.test>\r\n' +
          'From: s@surat.test\r\n',
      );
      assert.equal(row?.preview, 'isi');
    }));

  it('reads only what is asked for', () =>
    withStore(engine, async (store) => {
      const place = await makePlace(store);
      await putText(place, 'Subject: a\n\nb\n');
      await store.indexed(place.account);
      const { account, inbox } = place;
      const [row] = await store.details(account, inbox, everything, ['preview']);
      assert.equal(row?.preview, 'b');
      assert.equal(row?.envelope, null);
      assert.equal(row?.sort, null);
    }));

  it('gives answers the thread of what they answer, for ever', () =>
    withStore(engine, async (store) => {
      const place = await makePlace(store);
      const letter = (id: string, subject: string, refs = '') =>
        putText(place, `Message-ID: <${id}@a>\nSubject: ${subject}\n${refs}\nisi\n`);
      await letter('1', 'rapat');
      await letter('2', 'Re: rapat', 'In-Reply-To: <1@a>\n');
      await letter('3', 'lain sekali', 'References: <1@a> <2@a>\n');
      await letter('4', 'Fwd: rapat', 'References: <0@a>\n <2@a>\n');
      await letter('5', 'rapat');
      await store.indexed(place.account);
      const threads = async () => (await details(place)).map(({ thread }) => thread);
      const [one, two, three, four, five] = await threads();
      assert.ok(one !== null && one !== undefined);
      assert.deepEqual([two, four], [one, one]);
      assert.equal(new Set([one, three, five]).size, 3);
      const before = await threads();
      await store.expunge(place.account, place.inbox, [uid(1)]);
      await store.reindex('all');
      await store.indexed(place.account);
      assert.deepEqual(await threads(), before.slice(1));
      assert.deepEqual(await find(place, { criteria: { kind: 'thread', thread: one } }), [2, 4]);
    }));

  it('goes on with its backlog where it was', async () => {
    let store = await engine.open();
    try {
      const place = await makePlace(store);
      for (let n = 1; n <= 30; n += 1) await putText(place, `Subject: nomor ${n}\n\nisi ${n}\n`);
      store = await engine.reopen(store);
      const again = { ...place, store };
      assert.deepEqual(await find(again, { criteria: text('nomor 30') }), [30]);
      await store.indexed(place.account);
      assert.ok((await details(again)).every(({ envelope }) => envelope !== null));
      assert.deepEqual(
        await find(again, { criteria: text('nomor 2') }),
        [2, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29],
      );
    } finally {
      await engine.discard(store);
    }
  });

  it('answers mailbox by mailbox, with a limit for each, and with its modseq', () =>
    withStore(engine, async (store) => {
      const place = await makePlace(store);
      const { account, inbox } = place;
      for (let n = 1; n <= 5; n += 1) await putText(place, `Subject: ${n}\n\nisi\n`);
      const boxes = await store.mailboxes(account);
      const other = boxes.find(({ role }) => role === 'archive') ?? boxes[1];
      assert.ok(other !== undefined);
      const uids: readonly Uid[] = [uid(1), uid(2)];
      await store.copy({
        from: { account, mailbox: inbox },
        to: { account, mailbox: other.id },
        uids,
        nowMs,
      });
      const { modseq } = await store.setFlags({
        account,
        mailbox: inbox,
        uids: [uid(2)],
        op: 'add',
        flags: flagBits.seen,
        keywords: [],
      });
      const slices = await collect(
        store.search(account, {
          mailboxes: [inbox, other.id],
          criteria: { kind: 'body', text: 'ISI' },
          limit: 3,
        }),
      );
      assert.deepEqual(
        slices.map((found) => [found.mailbox, [...found.uids]]),
        [
          [inbox, [1, 2, 3]],
          [other.id, [1, 2]],
        ],
      );
      assert.equal(slices[0]?.modseq, modseq);
      const none = await collect(
        store.search(account, { mailboxes: [inbox], criteria: text('tidak ada') }),
      );
      assert.deepEqual(none, [{ mailbox: inbox, uids: new Uint32Array(0), modseq: 0 }]);
    }));

  it('refuses what is too big to be meant', () =>
    withStore(engine, async (store) => {
      const place = await makePlace(store);
      let deep: Criterion = { kind: 'all' };
      for (let n = 0; n <= searchLimits.depthMax; n += 1) deep = { kind: 'not', of: deep };
      const many = { kind: 'or', of: Array.from({ length: 101 }, () => text('a')) } as const;
      const long = text('a'.repeat(searchLimits.textLengthMax + 1));
      for (const criteria of [deep, many, long]) {
        await assert.rejects(find(place, { criteria }), SearchTooBig);
      }
      const wide = { kind: 'or', of: many.of.slice(1) } as const;
      assert.deepEqual(await find(place, { criteria: wide }), []);
    }));

  it('can be left in the middle', () =>
    withStore(engine, async (store) => {
      const place = await makePlace(store);
      for (let n = 1; n <= 5; n += 1) await putText(place, `Subject: ${n}\n\nisi\n`);
      const { account, inbox } = place;
      for await (const found of store.search(account, {
        mailboxes: [inbox, inbox, inbox],
        criteria: { kind: 'all' },
      })) {
        assert.equal(found.uids.length, 5);
        break;
      }
      assert.equal((await find(place, { criteria: { kind: 'all' } })).length, 5);
    }));
}
