/** Everything that the index answers, on the thread that opened the store. */

import type { UidSlice } from '../../contract.ts';
import type { AccountId, MailboxId } from '../../ids.ts';
import type { DetailKind, DetailRow, Found, SearchQuery } from '../../search.ts';
import type { Database } from '../database.ts';
import { IndexClient } from '../index/client.ts';
import type { WriterClient } from '../writer/client.ts';
import { SearchClient } from './client.ts';
import { listDetails } from './details.ts';

export interface FinderParts {
  readonly directory: string;
  /** Segments from this one on lie in the page cache: see read/bodies.ts. */
  readonly freshFrom: number;
  readonly db: Database;
  readonly writer: WriterClient;
  /** The indexer has had something committed. */
  readonly onWrite: () => void;
}

export class Finder {
  readonly #db: Database;
  readonly #writer: WriterClient;
  readonly #index: IndexClient;
  readonly #search: SearchClient;

  constructor({ directory, freshFrom, db, writer, onWrite }: FinderParts) {
    this.#db = db;
    this.#writer = writer;
    this.#index = new IndexClient({ directory, freshFrom }, writer, onWrite);
    this.#search = new SearchClient({ directory, freshFrom }, (account) => this.indexed(account));
    this.#index.wake();
  }

  /** Something was or may have been stored. */
  wake(): void {
    this.#index.wake();
  }

  /** Something may have to be read again. */
  look(): void {
    this.#index.look();
  }

  details(
    account: AccountId,
    mailbox: MailboxId,
    slice: UidSlice,
    wanted: readonly DetailKind[],
  ): readonly DetailRow[] {
    return listDetails(this.#db, { account, mailbox }, slice, wanted);
  }

  search(account: AccountId, query: SearchQuery): AsyncIterable<Found> {
    return this.#search.search(account, query);
  }

  indexed(account: AccountId): Promise<void> {
    return this.#index.indexed(account);
  }

  async reindex(account: AccountId | 'all'): Promise<number> {
    const count = await this.#writer.perform('reindex', { account });
    this.#index.look();
    return count;
  }

  async close(): Promise<void> {
    await Promise.all([this.#search.close(), this.#index.close()]);
  }
}
