/**
 * Writes results into the store in batches: while one settlement is on its way to the disk the next
 * one gathers. What could not be written is written again, until the leases run out or the server
 * stops.
 */

import { StoreUnavailable, type Accepted, type Settlement } from '@merpati/store/contract.ts';
import type { Settled } from '../flow/6-send-on.ts';
import type { Home } from '../home.ts';
import { queueLimits } from './limits.ts';

interface Waiting {
  readonly settled: Settled;
  readonly done: () => void;
}

export class Settler {
  readonly #home: Pick<Home, 'store' | 'world' | 'log' | 'metrics'>;
  #waiting: Waiting[] = [];
  #isWriting = false;
  #isStopping = false;

  constructor(home: Pick<Home, 'store' | 'world' | 'log' | 'metrics'>) {
    this.#home = home;
  }

  /** From now on what cannot be written is left: its leases end, and it is tried again. */
  stop(): void {
    this.#isStopping = true;
  }

  /** Resolves when it is on disk. */
  settle(settled: Settled): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ settled, done: resolve });
      if (!this.#isWriting) void this.#write();
    });
  }

  async #write(): Promise<void> {
    this.#isWriting = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      await this.#writeBatch(batch.map(({ settled }) => settled));
      for (const { done } of batch) done();
    }
    this.#isWriting = false;
  }

  async #writeBatch(batch: readonly Settled[]): Promise<void> {
    const { store, world, log, metrics } = this.#home;
    const settlement: Settlement = {
      items: batch.flatMap(({ items }) => items),
      events: batch.flatMap(({ events }) => events),
      notices: batch.flatMap(({ notices }) => notices),
      nowMs: world.nowMs(),
    };
    for (;;) {
      try {
        const { items, notices } = await store.settle(settlement);
        const lost = items.filter((state) => state === 'lost').length;
        if (lost > 0) log.warn({ event: 'queue.lease-lost', items: lost });
        if (notices.some(({ ok }) => !ok)) await this.#tellLost(batch, notices);
        return;
      } catch (error) {
        const isPassing = error instanceof StoreUnavailable && error.reason !== 'closed';
        log.error({ event: isPassing ? 'queue.unsettled' : 'bug', err: error });
        if (!isPassing) {
          metrics.bugs.inc();
          return;
        }
        if (this.#isStopping) return;
        await new Promise((resolve) => setTimeout(resolve, queueLimits.storeRetryMs));
      }
    }
  }

  /** The sender's mailbox was full, or he is gone: his letter is lost, but not without a word. */
  async #tellLost(batch: readonly Settled[], notices: readonly Accepted[]): Promise<void> {
    const { store, world, log } = this.#home;
    let index = 0;
    for (const settled of batch) {
      for (const notice of settled.notices) {
        const accepted = notices[index];
        index += 1;
        const about = settled.events[0]?.journey;
        if (accepted === undefined || accepted.ok || about === undefined) continue;
        const to = notice.head.recipients[0] ?? '';
        log.warn({ event: 'queue.notice-lost', code: accepted.code, to });
        const args = { to, why: accepted.code };
        const event = { stage: 'notify', state: 'warn', code: 'notice.lost', args } as const;
        await store.appendJourney(about, [{ atUs: world.nowUs(), ...event }]);
      }
    }
  }
}
