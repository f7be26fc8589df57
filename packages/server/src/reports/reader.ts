/**
 * Has reports read in a thread of its own: a hostile one costs that thread its time and memory, and
 * nobody waits for it. The thread is started when there is something to read, and ends when there
 * is nothing more.
 */

import { Worker } from 'node:worker_threads';
import { readLimits } from './limits.ts';
import type { FromReader, ToReader } from './reader-thread.ts';

export type ReaderAnswer = FromReader | { readonly kind: 'stopped' };

export class ReportReader {
  #last: Promise<unknown> = Promise.resolve();
  #worker: Worker | null = null;
  #waiting = 0;
  #isClosed = false;

  /** One after the other. */
  async read(given: ToReader): Promise<ReaderAnswer> {
    const before = this.#last;
    this.#waiting += 1;
    const reading = before.then(() => this.#ask(given));
    this.#last = reading.catch(() => {});
    try {
      return await reading;
    } finally {
      this.#waiting -= 1;
      if (this.#waiting === 0) await this.#end();
    }
  }

  /** At once: whoever waits hears `stopped`. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#end();
    await this.#last;
  }

  async #ask(given: ToReader): Promise<ReaderAnswer> {
    if (this.#isClosed) return { kind: 'stopped' };
    const worker = (this.#worker ??= this.#start());
    return new Promise((resolve) => {
      const settle = (answer: ReaderAnswer, isOver: boolean) => {
        clearTimeout(timer);
        worker.off('message', hear);
        worker.off('error', fail);
        worker.off('exit', stop);
        if (isOver) void this.#end();
        resolve(answer);
      };
      const timer = setTimeout(
        () => settle({ kind: 'unread', why: 'reading it takes far too long' }, true),
        readLimits.timeMs,
      );
      const hear = (answer: FromReader) => settle(answer, false);
      const fail = (error: NodeJS.ErrnoException) => {
        const isMemory = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
        if (isMemory) settle({ kind: 'unread', why: 'it takes far too much memory' }, true);
        else settle({ kind: 'failed', error }, true);
      };
      const stop = () => settle({ kind: 'stopped' }, false);
      worker.on('message', hear);
      worker.on('error', fail);
      worker.on('exit', stop);
      worker.postMessage(given);
    });
  }

  #start(): Worker {
    return new Worker(new URL('reader-thread.ts', import.meta.url), {
      name: 'report-reader',
      resourceLimits: { maxOldGenerationSizeMb: readLimits.memoryMb },
    });
  }

  async #end(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    await worker?.terminate();
  }
}
