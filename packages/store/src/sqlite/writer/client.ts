/**
 * The calling thread's end of the writer. Operations of one turn of the event loop travel in one
 * message; answers come back in one message per group.
 */

import { MessagePort, Worker } from 'node:worker_threads';
import { StoreUnavailable } from '../../contract.ts';
import { Fence, type FenceCells } from './fence.ts';
import type {
  Failure,
  FromWriter,
  Hears,
  OperationName,
  Operations,
  PackedChange,
  ToWriter,
  WriterStart,
  WriterStats,
} from '../operations.ts';

/** Operations that may wait for the writer; more means that the disk cannot follow. */
const waitingMax = 20_000;

/**
 * Nobody outside waits for these: they go along with the next operation that somebody waits for,
 * and so cost no sync of their own. What a settlement says has happened already.
 */
const patient: ReadonlySet<OperationName> = new Set<OperationName>(['settle', 'renew', 'readNote']);
const patienceMs = 10;

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

export class WriterClient {
  readonly #line: Worker | MessagePort;
  readonly #waiting = new Map<number, Waiting>();
  readonly #stats = new Map<number, (stats: WriterStats) => void>();
  readonly #onCommit: (changes: readonly PackedChange[]) => void;
  #outbox: { id: number; operation: { name: string; take: unknown } }[] = [];
  #isSending = false;
  #timer: NodeJS.Timeout | null = null;
  #nextId = 1;
  #state: 'open' | 'closing' | 'closed' | 'broken' = 'open';
  #cause: unknown = undefined;
  readonly #fence: Fence;
  readonly #ready = Promise.withResolvers<void>();
  readonly #ended: Promise<void>;
  /** Resolves when nobody waits any more, once it is asked for. */
  #onQuiet: (() => void) | null = null;

  private constructor(
    line: Worker | MessagePort,
    fence: FenceCells,
    onCommit: (changes: readonly PackedChange[]) => void,
  ) {
    this.#line = line;
    this.#fence = new Fence(fence);
    this.#onCommit = onCommit;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#ended = promise;
    const end = () => {
      if (this.#state !== 'closed') this.#break(new Error('the writer thread has ended'));
      resolve();
    };
    const hear = (message: FromWriter) => this.#hear(message);
    if (line instanceof Worker) {
      line.on('message', hear);
      line.on('error', (error) => this.#break(error));
      line.on('exit', end);
    } else {
      line.on('message', hear);
      line.on('close', end);
    }
  }

  /** Resolves when the thread is ready to write. */
  static async start(
    start: WriterStart,
    onCommit: (changes: readonly PackedChange[]) => void,
  ): Promise<WriterClient> {
    const worker = new Worker(new URL('worker.ts', import.meta.url), {
      workerData: start,
      name: 'store-writer',
    });
    const client = new WriterClient(worker, start.fence, onCommit);
    await client.#ready.promise;
    return client;
  }

  /** Of another thread's writer, by a port that it was given with `connect`. */
  static join(
    port: MessagePort,
    fence: FenceCells,
    onCommit: (changes: readonly PackedChange[]) => void,
  ): WriterClient {
    const client = new WriterClient(port, fence, onCommit);
    client.#ready.resolve();
    return client;
  }

  /** Durable once resolved. Rejects with `StoreUnavailable` when the machine is in the way. */
  perform<N extends OperationName>(
    name: N,
    take: Operations[N]['take'],
  ): Promise<Operations[N]['give']> {
    if (this.#state !== 'open') return Promise.reject(this.#unavailable());
    if (this.#waiting.size >= waitingMax) {
      return Promise.reject(new StoreUnavailable('overloaded'));
    }
    const id = this.#nextId;
    this.#nextId += 1;
    this.#outbox.push({ id, operation: { name, take } });
    this.#sendSoon(patient.has(name));
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
    });
  }

  /** For another thread that joins. */
  get fence(): FenceCells {
    return this.#fence.cells;
  }

  /** Another number than before: there is something new to read. */
  get commits(): number {
    return this.#fence.commits;
  }

  /** A promise when something was answered that is not to be read yet: read after it. */
  revealed(): void | Promise<void> {
    return this.#fence.isAhead ? this.#reveal() : undefined;
  }

  /** On a full disk what is there can still be read. */
  async #reveal(): Promise<void> {
    try {
      await this.perform('reveal', null);
    } catch (error) {
      if (!(error instanceof StoreUnavailable) || error.reason === 'closed') throw error;
    }
  }

  listen(to: Hears): void {
    this.#post({ kind: 'listen', to });
  }

  /** Another thread will ask the writer through the other end of this. */
  connect(port: MessagePort): void {
    if (this.#state === 'open') this.#line.postMessage({ kind: 'connect', port }, [port]);
  }

  restartWal(): void {
    this.#post({ kind: 'restart-wal' });
  }

  stats(): Promise<WriterStats> {
    if (this.#state !== 'open') return Promise.reject(this.#unavailable());
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve) => {
      this.#stats.set(id, resolve);
      this.#post({ kind: 'stats', id });
    });
  }

  /**
   * Ends after everything that was asked before: the writer with its own thread, and for one that
   * has joined only its line.
   */
  async close(): Promise<void> {
    if (this.#state === 'open') {
      this.#send();
      this.#state = 'closing';
      if (this.#line instanceof Worker) {
        this.#line.postMessage({ kind: 'close' } satisfies ToWriter);
      } else if (this.#waiting.size === 0) {
        this.#hangUp();
      } else {
        this.#onQuiet = () => this.#hangUp();
      }
    }
    await this.#ended;
  }

  #hangUp(): void {
    this.#onQuiet = null;
    this.#state = 'closed';
    if (this.#line instanceof MessagePort) this.#line.close();
  }

  /** With what others ask in this turn of the event loop; nobody's patience is tried for long. */
  #sendSoon(isPatient: boolean): void {
    if (!isPatient && !this.#isSending) {
      this.#isSending = true;
      setImmediate(() => this.#send());
    } else if (isPatient && !this.#isSending) {
      this.#timer ??= setTimeout(() => this.#send(), patienceMs);
    }
  }

  #send(): void {
    this.#isSending = false;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#outbox.length === 0) return;
    const operations = this.#outbox;
    this.#outbox = [];
    this.#post({ kind: 'operations', operations: operations as never });
  }

  #post(message: ToWriter): void {
    if (this.#state === 'open') this.#line.postMessage(message);
  }

  #hear(message: FromWriter): void {
    switch (message.kind) {
      case 'endings':
        this.#onCommit(message.changes);
        this.#resolve(message.answers);
        for (const failure of message.failures) this.#reject(failure);
        if (this.#waiting.size === 0) this.#onQuiet?.();
        return;
      case 'stats':
        this.#stats.get(message.id)?.(message.stats);
        this.#stats.delete(message.id);
        return;
      case 'stored': // for the indexer alone
        return;
      case 'closed':
        this.#state = 'closed';
        return;
      case 'ready':
        this.#ready.resolve();
        return;
      default:
        message satisfies never;
    }
  }

  #resolve(answers: readonly unknown[]): void {
    for (let index = 0; index < answers.length; index += 2) {
      const id = answers[index] as number;
      this.#waiting.get(id)?.resolve(answers[index + 1]);
      this.#waiting.delete(id);
    }
  }

  #reject(failure: Failure): void {
    const waiting = this.#waiting.get(failure.id);
    this.#waiting.delete(failure.id);
    if (waiting === undefined) return;
    if ('trouble' in failure) {
      waiting.reject(new StoreUnavailable(failure.trouble, failure.cause));
      return;
    }
    const error = new Error(failure.fault);
    error.stack = failure.stack;
    waiting.reject(error);
  }

  #break(error: unknown): void {
    if (this.#state === 'broken') return;
    this.#state = 'broken';
    this.#cause = error;
    this.#ready.reject(error);
    for (const waiting of this.#waiting.values()) waiting.reject(this.#unavailable());
    this.#waiting.clear();
  }

  #unavailable(): StoreUnavailable {
    return this.#state === 'broken'
      ? new StoreUnavailable('io', this.#cause)
      : new StoreUnavailable('closed');
  }
}
