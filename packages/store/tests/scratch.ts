/** Stores in folders of their own, for tests of the SQLite engine. */

import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Store } from '../src/contract.ts';
import { accountId, uid, mailboxId, type AccountId } from '../src/ids.ts';
import {
  acceptance,
  addAccount,
  addDomain,
  delivery,
  makeBody,
  recipient,
} from '../src/conformance/fixtures.ts';
import { openStore } from '../src/sqlite/open.ts';
import { storePaths } from '../src/sqlite/segments/files.ts';

/** A folder that goes with the test, and the stores opened in it. */
export class Scratch implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'merpati-scratch-'));
  readonly #stores: Store[] = [];

  async open(options: { segmentBytesMax?: number } = {}): Promise<Store> {
    const store = await openStore({ directory: this.directory, reserveBytes: 0, ...options });
    this.#stores.push(store);
    return store;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const store of this.#stores) await store.close();
    rmSync(this.directory, { recursive: true });
  }
}

/** Puts the store of the release before into the folder; the caller closes its database. */
export function restoreFixture(scratch: Scratch): DatabaseSync {
  const fixture = join(import.meta.dirname, 'fixtures', 'schema-2');
  cpSync(join(fixture, 'segments'), join(scratch.directory, 'segments'), { recursive: true });
  const db = new DatabaseSync(storePaths(scratch.directory).database);
  db.exec(readFileSync(join(fixture, 'store.sql'), 'utf8'));
  return db;
}

export const you = accountId(1);

export async function addYou(store: Store): Promise<AccountId> {
  await addDomain(store, 'merpati.test');
  return addAccount(store, 'you@merpati.test');
}

/** Delivers these texts to the first account, and queues the first one too. */
export async function fill(store: Store, texts: readonly (string | Uint8Array)[]): Promise<void> {
  for (const [index, text] of texts.entries()) {
    const body = await makeBody(store, Buffer.from(text));
    const recipients = index === 0 ? [recipient('friend@surat.test')] : [];
    const result = await store.accept(
      acceptance(body, { deliveries: [delivery(you)], recipients }),
    );
    if (!result.ok) throw new Error(result.code);
  }
}

/** Whole messages of the inbox as latin1, or what kept them from being read. */
export async function readInbox(store: Store, account = you): Promise<string[]> {
  const slice = { fromUid: uid(1), limit: 10_000 };
  const rows = await store.messages(account, mailboxId(1), slice);
  const texts: string[] = [];
  for (const row of rows) {
    const chunks: Uint8Array[] = [];
    try {
      const body = await store.readMessage(account, row.content);
      if (body === null) throw new Error('null');
      for await (const chunk of body.chunks()) chunks.push(Uint8Array.from(chunk));
      texts.push(Buffer.concat(chunks).toString('latin1'));
    } catch (error) {
      texts.push((error as Error).name);
    }
  }
  return texts;
}
