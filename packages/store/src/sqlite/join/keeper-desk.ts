/** Where the keeper of a store takes the questions of one thread that has joined it. */

import type { MessagePort } from 'node:worker_threads';
import type { CheckProgress } from '../../contract.ts';
import type { Keeper } from '../care/keeper.ts';
import { packError, type Ask, type FromKeeper, type ToKeeper } from './messages.ts';

export class KeeperDesk {
  readonly #keeper: Keeper;
  readonly #port: MessagePort;
  readonly #searches = new Map<number, AsyncIterator<unknown>>();

  constructor(keeper: Keeper, port: MessagePort, onClosed: (desk: KeeperDesk) => void) {
    this.#keeper = keeper;
    this.#port = port;
    port.on('message', (message: ToKeeper) => this.#hear(message));
    // The thread has ended, perhaps in the middle of a search.
    port.on('close', () => {
      for (const search of this.#searches.values()) void search.return?.();
      onClosed(this);
    });
  }

  close(): void {
    this.#port.close();
  }

  #hear(message: ToKeeper): void {
    switch (message.kind) {
      case 'ask':
        this.#answer(message.id, this.#perform(message.id, message.ask));
        return;
      case 'search':
        this.#answer(message.id, this.#search(message));
        return;
      case 'stop':
        void this.#searches.get(message.id)?.return?.();
        return;
      case 'committed':
        this.#keeper.committed();
        return;
      default:
        message satisfies never;
    }
  }

  #answer(id: number, result: Promise<unknown>): void {
    result.then(
      (answer) => this.#post({ kind: 'done', id, answer }),
      (error: unknown) => this.#post({ kind: 'failed', id, error: packError(error) }),
    );
  }

  async #perform(id: number, ask: Ask): Promise<unknown> {
    const onProgress = (progress: CheckProgress) => this.#post({ kind: 'progress', id, progress });
    switch (ask.name) {
      case 'threads':
        return this.#keeper.threads(ask.take.account, ask.take.query);
      case 'indexed':
        return this.#keeper.indexed(ask.take);
      case 'reindex':
        return this.#keeper.reindex(ask.take);
      case 'dropOldKeys':
        return this.#keeper.dropOldKeys(ask.take);
      case 'stats':
        return this.#keeper.stats();
      case 'check':
        return this.#keeper.check({ ...ask.take, onProgress });
      case 'repair':
        return this.#keeper.repair({ onProgress });
      case 'backup':
        return this.#keeper.backup(ask.take);
      case 'compact':
        return this.#keeper.compact(ask.take);
      default:
        return ask satisfies never;
    }
  }

  async #search({ id, account, query }: Extract<ToKeeper, { kind: 'search' }>): Promise<void> {
    const search = this.#keeper.search(account, query)[Symbol.asyncIterator]();
    this.#searches.set(id, search);
    try {
      for (;;) {
        const { done, value } = await search.next();
        if (done === true) return;
        this.#post({ kind: 'found', id, found: value });
      }
    } finally {
      this.#searches.delete(id);
    }
  }

  #post(message: FromKeeper): void {
    this.#port.postMessage(message);
  }
}
