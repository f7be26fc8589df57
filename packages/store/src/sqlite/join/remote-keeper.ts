/** The keeper as a thread sees it that has joined the store of another. */

import type { MessagePort } from 'node:worker_threads';
import { StoreUnavailable, type CheckProgress } from '../../contract.ts';
import type { AccountId } from '../../ids.ts';
import type { SearchQuery, ThreadQuery } from '../../search.ts';
import type { Keeper, Progressing } from '../care/keeper.ts';
import { Answer } from '../search/client.ts';
import type { WriterClient } from '../writer/client.ts';
import {
  unpackError,
  type AskName,
  type Asks,
  type FromKeeper,
  type ToKeeper,
} from './messages.ts';

/** The log is written back and the indexer woken; both have their own patience. */
const tellCommittedEveryMs = 250;

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: unknown): void;
  onProgress(progress: CheckProgress): void;
}

export class RemoteKeeper implements Keeper {
  readonly #port: MessagePort;
  readonly #writer: WriterClient;
  readonly #waiting = new Map<number, Waiting>();
  readonly #searches = new Map<number, Answer>();
  #nextId = 1;
  #timer: NodeJS.Timeout | null = null;
  #isUntold = false;
  #isClosed = false;

  constructor(port: MessagePort, writer: WriterClient) {
    this.#port = port;
    this.#writer = writer;
    port.on('message', (message: FromKeeper) => this.#hear(message));
    port.on('close', () => this.#closed());
  }

  search(account: AccountId, query: SearchQuery): Answer {
    const id = this.#takeId();
    const answer = new Answer(() => {
      this.#searches.delete(id);
      this.#post({ kind: 'stop', id });
    });
    if (this.#isClosed) answer.end(new StoreUnavailable('closed'));
    else this.#searches.set(id, answer);
    this.#post({ kind: 'search', id, account, query });
    return answer;
  }

  threads(account: AccountId, query: ThreadQuery) {
    return this.#ask('threads', { account, query });
  }

  indexed(account: AccountId) {
    return this.#ask('indexed', account);
  }

  reindex(account: AccountId | 'all') {
    return this.#ask('reindex', account);
  }

  dropOldKeys(nowMs: number) {
    return this.#ask('dropOldKeys', nowMs);
  }

  stats() {
    return this.#ask('stats', null);
  }

  check({ deep, onProgress }: Progressing & { readonly deep: boolean }) {
    return this.#ask('check', { deep }, onProgress);
  }

  repair({ onProgress }: Progressing) {
    return this.#ask('repair', null, onProgress);
  }

  backup(target: string) {
    return this.#ask('backup', target);
  }

  compact(deadShareMin: number) {
    return this.#ask('compact', deadShareMin);
  }

  /** At once, and then not more often than the keeper cares. */
  committed(): void {
    this.#isUntold = true;
    if (this.#timer === null) this.#tellCommitted();
  }

  async rest(): Promise<void> {
    // What was asked before is answered before: the writer serves its ports in order.
    await this.#writer.close();
  }

  close(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#isUntold) this.#post({ kind: 'committed' });
    this.#closed();
    this.#port.close();
    return Promise.resolve();
  }

  #tellCommitted(): void {
    this.#timer = null;
    if (!this.#isUntold) return;
    this.#isUntold = false;
    this.#post({ kind: 'committed' });
    this.#timer = setTimeout(() => this.#tellCommitted(), tellCommittedEveryMs).unref();
  }

  #ask<N extends AskName>(
    name: N,
    take: Asks[N]['take'],
    onProgress: (progress: CheckProgress) => void = () => undefined,
  ): Promise<Asks[N]['give']> {
    if (this.#isClosed) return Promise.reject(new StoreUnavailable('closed'));
    const id = this.#takeId();
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, onProgress });
      this.#post({ kind: 'ask', id, ask: { name, take } as never });
    });
  }

  #takeId(): number {
    const id = this.#nextId;
    this.#nextId += 1;
    return id;
  }

  #post(message: ToKeeper): void {
    if (!this.#isClosed) this.#port.postMessage(message);
  }

  #hear(message: FromKeeper): void {
    const { id } = message;
    switch (message.kind) {
      case 'found':
        this.#searches.get(id)?.add(message.found);
        return;
      case 'progress':
        this.#waiting.get(id)?.onProgress(message.progress);
        return;
      case 'done':
        this.#waiting.get(id)?.resolve(message.answer);
        this.#end(id, null);
        return;
      case 'failed': {
        const error = unpackError(message.error);
        this.#waiting.get(id)?.reject(error);
        this.#end(id, error);
        return;
      }
      default:
        message satisfies never;
    }
  }

  #end(id: number, error: unknown): void {
    this.#searches.get(id)?.end(error);
    this.#searches.delete(id);
    this.#waiting.delete(id);
  }

  #closed(): void {
    this.#isClosed = true;
    const error = new StoreUnavailable('closed');
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    for (const answer of this.#searches.values()) answer.end(error);
    this.#waiting.clear();
    this.#searches.clear();
  }
}
