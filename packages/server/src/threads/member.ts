/** A protocol thread as the first thread sees it: its questions, what it holds, how it ends. */

import { Worker } from 'node:worker_threads';
import type { AccountId } from '@merpati/store/ids.ts';
import type { Home } from '../home.ts';
import { passLines } from '../observe/log.ts';
import type { MetricsSnapshot } from '../observe/metrics.ts';
import type { FromFirst, Question, Shown, ThreadStart, ToFirst } from './messages.ts';
import type { MaildropLock } from '../shared.ts';

export class Member {
  readonly #home: Home;
  readonly worker: Worker;
  /** Resolves when it listens; rejects when it ends before. */
  readonly listening: Promise<void>;
  /** Resolves when the thread is gone, with the error that ended it, if one did. */
  readonly ended: Promise<unknown>;
  /** What it counted when it was asked last. */
  counted: MetricsSnapshot = [];

  readonly #locks = new Map<AccountId, MaildropLock>();
  readonly #counts = new Map<number, (snapshot: MetricsSnapshot) => void>();
  #nextId = 1;
  #isGone = false;

  constructor(home: Home, start: ThreadStart) {
    this.#home = home;
    const { store } = start;
    this.worker = new Worker(new URL('thread.ts', import.meta.url), {
      workerData: start,
      transferList: [store.writer, store.keeper],
      name: `protocol-${start.number}`,
    });
    const listening = Promise.withResolvers<void>();
    this.listening = listening.promise;
    // Who does not wait for it hears of its end.
    this.listening.catch(() => {});
    this.worker.on('message', (message: ToFirst) => {
      if (message.kind === 'listening') listening.resolve();
      else this.#hear(message);
    });
    let cause: unknown = null;
    this.worker.on('error', (error) => {
      cause = error;
    });
    this.ended = new Promise((resolve) => {
      this.worker.on('exit', () => {
        this.#gone();
        listening.reject(cause ?? new Error('a protocol thread ended before it listened'));
        resolve(cause);
      });
    });
  }

  show(shown: Shown | null): void {
    this.#post({ kind: 'show', shown });
  }

  /** What it has counted so far; of one that ends meanwhile, what it last told. */
  count(): Promise<MetricsSnapshot> {
    if (this.#isGone) return Promise.resolve(this.counted);
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve) => {
      this.#counts.set(id, resolve);
      this.#post({ kind: 'count', id });
    });
  }

  /** Lets sessions finish what they are at; waits until the thread is gone. */
  async stop(): Promise<void> {
    this.#post({ kind: 'stop' });
    await this.ended;
  }

  #post(message: FromFirst): void {
    if (!this.#isGone) this.worker.postMessage(message);
  }

  #hear(message: Exclude<ToFirst, { kind: 'listening' }>): void {
    const { shared } = this.#home;
    switch (message.kind) {
      case 'ask':
        void this.#answer(message.question).then((answer) =>
          this.#post({ kind: 'answer', id: message.id, answer }),
        );
        return;
      case 'login-failed':
        shared.logins.failed(message.user, message.address, message.nowMs);
        return;
      case 'login-succeeded':
        shared.logins.succeeded(message.user, message.address);
        return;
      case 'maildrop-free':
        this.#locks.get(message.account)?.release();
        this.#locks.delete(message.account);
        return;
      case 'sent':
        this.#home.alarms?.sent(message.account, message.journey);
        return;
      case 'over-limit':
        this.#home.alarms?.overLimit(message.account, message.journey);
        return;
      case 'wake-queue':
        this.#home.wakeQueue();
        return;
      case 'log':
        passLines(this.#home.log, message.lines);
        return;
      case 'metrics':
        this.counted = message.snapshot;
        this.#counts.get(message.id)?.(message.snapshot);
        this.#counts.delete(message.id);
        return;
      default:
        message satisfies never;
    }
  }

  async #answer({ name, take }: Question): Promise<number | boolean> {
    const { shared } = this.#home;
    switch (name) {
      case 'loginWait':
        return shared.logins.waitS(take.user, take.address, take.nowMs);
      case 'lockMaildrop':
        return this.#lock(take.account, take.waitMs);
      case 'countRefused':
        return shared.refused.take(take.party, take.nowMs);
      case 'claimRecent':
        return shared.recent.claim(take.mailbox, take.first, take.next);
      case 'peekRecent':
        return shared.recent.peek(take.mailbox, take.first);
      default:
        return name satisfies never;
    }
  }

  async #lock(account: AccountId, waitMs: number): Promise<boolean> {
    const lock = await this.#home.shared.maildrops.lock(account, waitMs);
    if (lock === null) return false;
    if (this.#isGone) lock.release();
    else this.#locks.set(account, lock);
    return true;
  }

  /** What it held is free. */
  #gone(): void {
    this.#isGone = true;
    for (const lock of this.#locks.values()) lock.release();
    this.#locks.clear();
    for (const resolve of this.#counts.values()) resolve(this.counted);
    this.#counts.clear();
  }
}
