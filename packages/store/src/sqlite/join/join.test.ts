/** A store that was joined keeps the contract, and all that have it open see the same. */

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import {
  acceptance,
  addAccount,
  addDomain,
  delivery,
  nowMs,
  sampleBody,
} from '../../conformance/fixtures.ts';
import { conformance } from '../../conformance/suite.ts';
import { StoreUnavailable, type Change, type Store } from '../../contract.ts';
import { openStore } from '../open.ts';
import { inviteToStore, joinStore } from './join.ts';

/** Of each joined store the one that was opened. */
const owners = new WeakMap<Store, { readonly owner: Store; readonly directory: string }>();

async function open(directory: string): Promise<Store> {
  const owner = await openStore({ directory, reserveBytes: 0 });
  const joined = joinStore(inviteToStore(owner));
  owners.set(joined, { owner, directory });
  return joined;
}

async function close(joined: Store): Promise<string> {
  const found = owners.get(joined);
  assert.ok(found !== undefined);
  await joined.close();
  await found.owner.close();
  return found.directory;
}

conformance({
  name: 'sqlite, joined',
  open: async () => open(await mkdtemp(join(tmpdir(), 'merpati-joined-'))),
  reopen: async (store) => open(await close(store)),
  discard: async (store) => rm(await close(store), { recursive: true }),
});

interface Crew extends AsyncDisposable {
  readonly directory: string;
  readonly owner: Store;
  readonly one: Store;
  readonly other: Store;
}

async function crew(options: { readonly reserveBytes?: number } = {}): Promise<Crew> {
  const directory = await mkdtemp(join(tmpdir(), 'merpati-crew-'));
  const owner = await openStore({ directory, reserveBytes: options.reserveBytes ?? 0 });
  const one = joinStore(inviteToStore(owner));
  const other = joinStore(inviteToStore(owner));
  return {
    directory,
    owner,
    one,
    other,
    async [Symbol.asyncDispose]() {
      for (const store of [one, other, owner]) await store.close();
      await rm(directory, { recursive: true });
    },
  };
}

/** The first change that fits. */
function heard(store: Store, kind: Change['kind']): Promise<Change> {
  return new Promise((resolve) => {
    const stop = store.subscribe((changes) => {
      const found = changes.find((change) => change.kind === kind);
      if (found === undefined) return;
      stop();
      resolve(found);
    });
  });
}

const unavailable = (error: unknown) => error instanceof StoreUnavailable;

describe('several threads with one store', () => {
  it('hear of what any of them writes, and see it', async () => {
    await using stores = await crew();
    await addDomain(stores.owner, 'merpati.test');
    const you = await addAccount(stores.one, 'you@merpati.test');
    for (const writing of [stores.owner, stores.one, stores.other]) {
      const all = [stores.owner, stores.one, stores.other];
      const told = Promise.all(all.map((store) => heard(store, 'message-added')));
      const body = await sampleBody(writing);
      const accepted = await writing.accept(acceptance(body, { deliveries: [delivery(you)] }));
      assert.ok(accepted.ok);
      const uid = accepted.stored[0]?.uid;
      for (const change of await told) assert.ok('uid' in change && change.uid === uid);
      for (const store of all) {
        const inbox = await store.mailbox(you, 'INBOX');
        assert.equal(inbox?.uidNext, Number(uid) + 1);
      }
    }
  });

  it('forget what they knew of the directory when it changes', async () => {
    await using stores = await crew();
    await addDomain(stores.owner, 'merpati.test');
    const you = await addAccount(stores.owner, 'you@merpati.test');
    assert.equal((await stores.other.findAccount(you))?.state, 'active');
    const told = heard(stores.other, 'directory-changed');
    await stores.one.editDirectory({
      kind: 'account-edit',
      id: you,
      settings: { state: 'disabled' },
    });
    await told;
    assert.equal((await stores.other.findAccount(you))?.state, 'disabled');
  });

  it('are told by all that the disk is full, and go on when it is not', async () => {
    await using stores = await crew({ reserveBytes: Number.MAX_SAFE_INTEGER });
    await addDomain(stores.one, 'merpati.test');
    const you = await addAccount(stores.one, 'you@merpati.test');
    const body = await sampleBody(stores.one);
    const full = stores.one.accept(acceptance(body, { deliveries: [delivery(you)] }));
    await assert.rejects(full, (error) => unavailable(error));
    // What takes no room goes on.
    assert.ok((await stores.other.mailbox(you, 'INBOX')) !== null);
    await stores.other.editMailbox(you, { kind: 'create', name: 'Arsip', role: null });
  });

  it('lose nothing when one of them closes in the middle of its writes', async () => {
    await using stores = await crew();
    await addDomain(stores.owner, 'merpati.test');
    const you = await addAccount(stores.owner, 'you@merpati.test');
    const body = await sampleBody(stores.one);
    const written = [...Array(20).keys()].map(() =>
      stores.one.accept(acceptance(body, { deliveries: [delivery(you)] })),
    );
    await stores.one.close();
    for (const result of await Promise.all(written)) assert.ok(result.ok);
    assert.equal((await stores.other.mailbox(you, 'INBOX'))?.total, 20);
    await assert.rejects(stores.one.claim({ nowMs, leaseMs: 1, itemsMax: 1, skipDomains: [] }));
  });

  it('are all told when the one that opened it has closed it', async () => {
    await using stores = await crew();
    await addDomain(stores.owner, 'merpati.test');
    const you = await addAccount(stores.owner, 'you@merpati.test');
    await stores.owner.close();
    const late = stores.one.editMailbox(you, { kind: 'create', name: 'Arsip', role: null });
    await assert.rejects(late, unavailable);
    await assert.rejects(stores.other.indexed(you), unavailable);
    await assert.rejects(async () => {
      const query = { mailboxes: [], criteria: { kind: 'and', of: [] } } as const;
      for await (const found of stores.other.search(you, query)) assert.fail(String(found.mailbox));
    }, unavailable);
  });

  it('a thread that dies with a search under way leaves the others theirs', async () => {
    await using stores = await crew();
    await addDomain(stores.owner, 'merpati.test');
    const you = await addAccount(stores.owner, 'you@merpati.test');
    const ticket = inviteToStore(stores.owner);
    const worker = new Worker(new URL('testing/join-child.ts', import.meta.url), {
      workerData: { ticket, account: you },
      transferList: [ticket.writer, ticket.keeper],
    });
    await new Promise((resolve) => worker.once('message', resolve));
    await worker.terminate();
    await stores.one.editMailbox(you, { kind: 'create', name: 'Arsip', role: null });
    assert.ok((await stores.other.mailbox(you, 'Arsip')) !== null);
    assert.equal((await stores.owner.check({ deep: true })).findings.length, 0);
  });
});
