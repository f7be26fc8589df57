/** The calling thread's end of the care thread, which is started when there is first something to do. */

import { Worker } from 'node:worker_threads';
import type { FromCare, ToCare } from './worker.ts';

/** From this size on the log is begun again as soon as no reader is in the way. */
const logBytesMax = 256 * 1024 * 1024;

export class CareClient {
  readonly #directory: string;
  readonly #onLongLog: () => void;
  #worker: Worker | null = null;
  #ended: Promise<void> = Promise.resolve();
  #isTold = false;

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

  async close(): Promise<void> {
    if (this.#worker === null) return;
    this.#post({ kind: 'close' });
    await this.#ended;
  }

  #post(message: ToCare): void {
    this.#worker ??= this.#start();
    this.#worker.postMessage(message);
  }

  #start(): Worker {
    const worker = new Worker(new URL('worker.ts', import.meta.url), {
      workerData: { directory: this.#directory },
      name: 'store-care',
    });
    worker.on('message', (message: FromCare) => {
      if (message.kind === 'closed') return;
      this.#isTold = false;
      if (!message.isComplete) this.dirty();
      if (message.logBytes > logBytesMax) this.#onLongLog();
    });
    this.#ended = new Promise((resolve) => {
      worker.on('exit', () => resolve());
    });
    return worker;
  }
}
