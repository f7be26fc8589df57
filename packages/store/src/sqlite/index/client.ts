/**
 * The calling thread's end of the indexer, which is started soon after something was stored, or at
 * once when somebody waits.
 */

import { MessageChannel, Worker } from 'node:worker_threads';
import { StoreUnavailable } from '../../contract.ts';
import type { AccountId } from '../../ids.ts';
import type { WriterClient } from '../writer/client.ts';
import type { FromIndexer, IndexStart, ToIndexer } from './messages.ts';

/** Starting a thread costs some ten milliseconds: not while the first message is stored. */
const startAfterMs = 250;

/** One batch takes some milliseconds, a failing disk's pause two seconds. */
const closeMsMax = 10_000;

interface Waiting {
  resolve(): void;
  reject(error: Error): void;
}

export class IndexClient {
  readonly #start: Omit<IndexStart, 'writer'>;
  readonly #writer: WriterClient;
  readonly #onWrite: () => void;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #worker: Worker | null = null;
  #timer: NodeJS.Timeout | null = null;
  #ended: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(start: Omit<IndexStart, 'writer'>, writer: WriterClient, onWrite: () => void) {
    this.#start = start;
    this.#writer = writer;
    this.#onWrite = onWrite;
  }

  /** Something was or may have been stored. Once started, the indexer hears of it itself. */
  wake(): void {
    if (this.#worker !== null || this.#timer !== null || this.#isClosed) return;
    this.#timer = setTimeout(() => this.#run(), startAfterMs);
    this.#timer.unref();
  }

  /** Looks at all accounts. */
  look(): void {
    if (this.#worker === null) this.wake();
    else this.#post({ kind: 'look' });
  }

  indexed(account: AccountId): Promise<void> {
    if (this.#isClosed) return Promise.reject(new StoreUnavailable('closed'));
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#post({ kind: 'await', id, account });
    });
  }

  /** After the batch that is under way. */
  async close(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (!this.#isClosed && this.#worker !== null) this.#post({ kind: 'close' });
    this.#isClosed = true;
    // It only reads: the writer has whole batches or none.
    const timer = setTimeout(() => void this.#worker?.terminate(), closeMsMax);
    await this.#ended;
    clearTimeout(timer);
  }

  #post(message: ToIndexer): void {
    this.#run().postMessage(message);
  }

  #run(): Worker {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#worker !== null) return this.#worker;
    const { port1, port2 } = new MessageChannel();
    this.#writer.connect(port1);
    const worker = new Worker(new URL('worker.ts', import.meta.url), {
      workerData: { ...this.#start, writer: port2 } satisfies IndexStart,
      transferList: [port2],
      name: 'store-indexer',
    });
    worker.on('message', (message: FromIndexer) => this.#hear(message));
    let cause: unknown = undefined;
    worker.on('error', (error) => {
      cause = error;
      process.emitWarning(error instanceof Error ? error : new Error(String(error)));
    });
    this.#ended = new Promise((resolve) => {
      worker.on('exit', () => {
        const reason = this.#isClosed ? 'closed' : 'io';
        for (const each of this.#waiting.values()) each.reject(new StoreUnavailable(reason, cause));
        this.#waiting.clear();
        this.#worker = null; // what is stored next starts another one
        resolve();
      });
    });
    this.#worker = worker;
    return worker;
  }

  #hear(message: FromIndexer): void {
    switch (message.kind) {
      case 'indexed':
        this.#waiting.get(message.id)?.resolve();
        this.#waiting.delete(message.id);
        return;
      case 'wrote':
        this.#onWrite();
        return;
      case 'fault':
        process.emitWarning(
          message.error instanceof Error ? message.error : new Error(String(message.error)),
        );
        return;
      default:
        message satisfies never;
    }
  }
}
