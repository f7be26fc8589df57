/**
 * The calling thread's end of the care thread, which is started when there is first something to
 * do.
 */

import { Worker } from 'node:worker_threads';
import { StoreUnavailable, type CheckProgress } from '../../contract.ts';
import type { FromCare, TaskName, Tasks, ToCare } from './tasks.ts';

/** From this size on the log is begun again as soon as no reader is in the way. */
const logBytesMax = 256 * 1024 * 1024;

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: unknown): void;
  onProgress(progress: CheckProgress): void;
}

export class CareClient {
  readonly #directory: string;
  readonly #onLongLog: () => void;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #worker: Worker | null = null;
  #ended: Promise<void> = Promise.resolve();
  #isTold = false;
  #isClosed = false;

  constructor(directory: string, onLongLog: () => void) {
    this.#directory = directory;
    this.#onLongLog = onLongLog;
  }

  /** Something was committed. */
  dirty(): void {
    if (this.#isTold) return;
    this.#isTold = true;
    this.#post({ kind: 'dirty' });
  }

  perform<N extends TaskName>(
    name: N,
    take: Tasks[N]['take'],
    onProgress: (progress: CheckProgress) => void = () => undefined,
  ): Promise<Tasks[N]['give']> {
    if (this.#isClosed) return Promise.reject(new StoreUnavailable('closed'));
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, {
        resolve,
        reject,
        onProgress,
      });
      this.#post({ kind: 'task', id, task: { name, take } as never });
    });
  }

  /** After the task that is running. */
  async close(): Promise<void> {
    if (!this.#isClosed && this.#worker !== null) this.#post({ kind: 'close' });
    this.#isClosed = true;
    await this.#ended;
  }

  #post(message: ToCare): void {
    if (this.#isClosed) return;
    this.#worker ??= this.#start();
    this.#worker.postMessage(message);
  }

  #start(): Worker {
    const worker = new Worker(new URL('worker.ts', import.meta.url), {
      workerData: { directory: this.#directory },
      name: 'store-care',
    });
    worker.on('message', (message: FromCare) => this.#hear(message));
    let cause: unknown = undefined;
    worker.on('error', (error) => {
      cause = error;
    });
    this.#ended = new Promise((resolve) => {
      worker.on('exit', () => {
        for (const each of this.#waiting.values()) each.reject(new StoreUnavailable('io', cause));
        this.#waiting.clear();
        this.#worker = null; // the next call starts another one
        this.#isTold = false;
        resolve();
      });
    });
    return worker;
  }

  #hear(message: FromCare): void {
    switch (message.kind) {
      case 'checkpointed':
        this.#isTold = false;
        if (!message.isComplete) this.dirty();
        if (message.logBytes > logBytesMax) this.#onLongLog();
        return;
      case 'progress':
        this.#waiting.get(message.id)?.onProgress(message.progress);
        return;
      case 'done':
        this.#waiting.get(message.id)?.resolve(message.answer);
        this.#waiting.delete(message.id);
        return;
      case 'failed':
        this.#waiting.get(message.id)?.reject(message.error);
        this.#waiting.delete(message.id);
        return;
      default:
        message satisfies never;
    }
  }
}
