/** Everything that the index answers, on the thread that opened the store. */

import type { AccountId } from '../../ids.ts';
import type { Found, SearchQuery, ThreadQuery } from '../../search.ts';
import { IndexClient } from '../index/client.ts';
import type { WriterClient } from '../writer/client.ts';
import { SearchClient } from './client.ts';

export interface FinderParts {
  readonly directory: string;
  /** Segments from this one on lie in the page cache: see read/bodies.ts. */
  readonly freshFrom: number;
  readonly writer: WriterClient;
  /** The indexer has had something committed. */
  readonly onWrite: () => void;
}

export class Finder {
  readonly #writer: WriterClient;
  readonly #index: IndexClient;
  readonly #search: SearchClient;

  constructor({ directory, freshFrom, writer, onWrite }: FinderParts) {
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

  search(account: AccountId, query: SearchQuery): AsyncIterable<Found> {
    return this.#search.search(account, query);
  }

  threads(account: AccountId, query: ThreadQuery): Promise<Uint32Array> {
    return this.#search.threads(account, query);
  }

  /** All that was answered is read: it must be to be seen first. */
  async indexed(account: AccountId): Promise<void> {
    await this.#writer.revealed();
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
