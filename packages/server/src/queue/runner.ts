/**
 * Works the queue off: claims what is due, gives each destination its share of the connections, and
 * settles what came of it. What is in hand is bounded, and its leases are renewed; a stop gives
 * back what has not begun.
 */

import type { QueueId } from '@merpati/store/ids.ts';
import { StoreUnavailable } from '@merpati/store/contract.ts';
import { Delivery } from '../delivery/deliver.ts';
import { sendOn, untried } from '../flow/6-send-on.ts';
import type { Home } from '../home.ts';
import { groupItems, type Group } from './groups.ts';
import { queueLimits } from './limits.ts';
import { Pace } from './pace.ts';
import { Settler } from './settler.ts';

export interface QueueRunner {
  /** Waits for what runs, gives back what does not; resolves when nothing of it is left. */
  stop(): Promise<void>;
}

export interface QueueOptions {
  readonly timeouts?: ConstructorParameters<typeof Delivery>[1];
  /** How long a stop waits for what runs. */
  readonly graceMs?: number;
}

export function startQueue(home: Home, options: QueueOptions = {}): QueueRunner {
  const runner = new Runner(home, options);
  home.wakeQueue = (why) => runner.wake(why);
  runner.wake();
  return runner;
}

/** One domain, or the way that some of its items have been sent. */
interface Destination {
  readonly waiting: Group[];
  /** Items in `waiting`. */
  items: number;
  running: number;
  readonly pace: Pace;
}

class Runner implements QueueRunner {
  readonly #home: Home;
  readonly #delivery: Delivery;
  readonly #settler: Settler;
  readonly #graceMs: number;
  readonly #destinations = new Map<string, Destination>();
  /** Leased to us: id → token. */
  readonly #inHand = new Map<QueueId, number>();
  readonly #runs = new Set<Promise<void>>();
  readonly #renewing: NodeJS.Timeout;
  #running = 0;
  #timer: NodeJS.Timeout | null = null;
  #lookAtMs = 0;
  #planTimer: NodeJS.Timeout | null = null;
  #isClaiming = false;
  #wokenWhileClaiming = false;
  /** The last claim left something behind, as far as we know. */
  #mayBeMore = false;
  #isStopping = false;

  constructor(home: Home, options: QueueOptions) {
    this.#home = home;
    this.#delivery = new Delivery(home, options.timeouts ?? {});
    this.#settler = new Settler(home);
    this.#graceMs = options.graceMs ?? queueLimits.graceMs;
    this.#renewing = setInterval(() => this.#guarded(this.#renew()), queueLimits.renewEveryMs);
    this.#renewing.unref();
  }

  /**
   * There may be something to do. `person`: somebody has said "now", so forget what was troubled.
   */
  wake(why?: 'person'): void {
    if (why === 'person') this.#delivery.trouble.forgetAll();
    if (this.#isStopping) return;
    if (this.#isClaiming) this.#wokenWhileClaiming = true;
    else this.#guarded(this.#claim());
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#settler.stop();
    clearInterval(this.#renewing);
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#planTimer !== null) clearTimeout(this.#planTimer);
    const waiting = [...this.#destinations.values()].flatMap((destination) =>
      destination.waiting.splice(0),
    );
    const given = Promise.all(waiting.map((group) => this.#settler.settle(untried(group))));
    const breakOff = setTimeout(() => this.#delivery.abort(), this.#graceMs);
    await Promise.all(this.#runs);
    clearTimeout(breakOff);
    await given;
    await this.#delivery.close();
  }

  #guarded(run: Promise<void>): void {
    this.#track(
      run.catch((error: unknown) => {
        const isPassing = error instanceof StoreUnavailable;
        if (!isPassing) this.#home.metrics.bugs.inc();
        this.#home.log.error({ event: isPassing ? 'queue.unavailable' : 'bug', err: error });
        this.#lookAgainIn(queueLimits.storeRetryMs);
      }),
    );
  }

  #track(run: Promise<void>): void {
    this.#runs.add(run);
    void run.finally(() => this.#runs.delete(run));
  }

  // ---------------------------------------------------------------- claiming

  async #claim(): Promise<void> {
    this.#isClaiming = true;
    try {
      do {
        this.#wokenWhileClaiming = false;
        while (await this.#claimOnce());
      } while (this.#wokenWhileClaiming && !this.#isStopping);
    } finally {
      this.#isClaiming = false;
    }
    if (!this.#isStopping) this.#planSoon();
  }

  /**
   * While mail comes in all the time nobody need know what is due next: looking would have every
   * message committed alone.
   */
  #planSoon(): void {
    this.#planTimer ??= setTimeout(() => {
      this.#planTimer = null;
      this.#guarded(this.#planNextLook());
    }, queueLimits.planAfterMs);
  }

  /** Answers whether there may be more. */
  async #claimOnce(): Promise<boolean> {
    const { store, world } = this.#home;
    const room = queueLimits.inHandMax - this.#inHand.size;
    if (room <= 0) this.#mayBeMore = true;
    if (this.#isStopping || room <= 0) return false;
    const itemsMax = Math.min(room, queueLimits.claimMax);
    const skipDomains = this.#fullDomains();
    const { leaseMs } = queueLimits;
    const items = await store.claim({ nowMs: world.nowMs(), leaseMs, itemsMax, skipDomains });
    this.#mayBeMore = items.length === itemsMax || skipDomains.length > 0;
    for (const { id, token } of items) this.#inHand.set(id, token);
    const groups = groupItems(items);
    if (this.#isStopping) {
      await Promise.all(groups.map((group) => this.#settler.settle(untried(group))));
      return false;
    }
    for (const group of groups) this.#enlist(group);
    this.#startAll();
    return items.length === itemsMax;
  }

  #fullDomains(): string[] {
    const full: string[] = [];
    for (const [domain, { items }] of this.#destinations) {
      if (items >= queueLimits.backlogPerDomainMax) full.push(domain);
    }
    return full;
  }

  async #planNextLook(): Promise<void> {
    if (this.#isStopping || this.#inHand.size >= queueLimits.inHandMax) return;
    const { store, world } = this.#home;
    const dueMs = await store.nextDue(this.#fullDomains());
    const waitMs = dueMs === null ? queueLimits.lookEveryMs : dueMs - world.nowMs();
    this.#lookAgainIn(Math.min(Math.max(waitMs, 5), queueLimits.lookEveryMs));
  }

  /** The soonest look counts. */
  #lookAgainIn(waitMs: number): void {
    const atMs = performance.now() + waitMs;
    if (this.#isStopping || (this.#timer !== null && this.#lookAtMs <= atMs)) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#lookAtMs = atMs;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.wake();
    }, waitMs);
  }

  async #renew(): Promise<void> {
    if (this.#inHand.size === 0) return;
    const { store, world } = this.#home;
    const ids = [...this.#inHand].map(([id, token]) => ({ id, token }));
    await store.renew(ids, world.nowMs() + queueLimits.leaseMs);
  }

  // ---------------------------------------------------------------- running

  #enlist(group: Group): void {
    const { domain } = group.first;
    let destination = this.#destinations.get(domain);
    if (destination === undefined) {
      const perMinute = this.#home.config.queue.rate_per_domain_per_minute;
      const pace = new Pace(perMinute, this.#home.world.nowMs());
      destination = { waiting: [], items: 0, running: 0, pace };
      this.#destinations.set(domain, destination);
    }
    destination.waiting.push(group);
    destination.items += group.items.length;
  }

  /** Every destination in turn, so that one with much mail does not keep the others waiting. */
  #startAll(): void {
    let soonestMs = Number.POSITIVE_INFINITY;
    for (let isSomeStarted = true; isSomeStarted;) {
      isSomeStarted = false;
      for (const [domain, destination] of this.#destinations) {
        const waitMs = this.#startOne(domain, destination);
        if (waitMs === 0) isSomeStarted = true;
        else if (waitMs !== null) soonestMs = Math.min(soonestMs, waitMs);
      }
    }
    if (soonestMs < Number.POSITIVE_INFINITY) this.#lookAgainIn(soonestMs);
  }

  /** 0: started one; null: cannot now; else in how many milliseconds its pace allows the next. */
  #startOne(domain: string, destination: Destination): number | null {
    const { concurrency_max: max, concurrency_per_domain_max: perDomain } = this.#home.config.queue;
    const { waiting, pace } = destination;
    if (this.#isStopping || waiting.length === 0) return null;
    if (this.#running >= max || destination.running >= perDomain) return null;
    const waitMs = pace.take(this.#home.world.nowMs());
    if (waitMs > 0) return waitMs;
    const group = waiting.shift() as Group;
    destination.items -= group.items.length;
    destination.running += 1;
    this.#running += 1;
    this.#track(this.#run(domain, destination, group));
    return 0;
  }

  async #run(domain: string, destination: Destination, group: Group): Promise<void> {
    const settled = await sendOn(this.#home, this.#delivery, group);
    destination.running -= 1;
    this.#running -= 1;
    // The connection is free before the disk has written: the next message need not wait for it.
    this.#startAll();
    const isIdle = destination.running === 0 && destination.waiting.length === 0;
    if (isIdle && destination.pace.isFull(this.#home.world.nowMs())) {
      this.#destinations.delete(domain);
    }
    await this.#settler.settle(settled);
    for (const { id } of group.items) this.#inHand.delete(id);
    const hasNews = settled.notices.some(({ queue }) => queue !== null);
    // Room in hand again: ask for more before it runs dry.
    const hasRoom =
      this.#inHand.size < queueLimits.inHandMax / 2 &&
      destination.items < queueLimits.backlogPerDomainMax / 2;
    if (hasNews || (this.#mayBeMore && hasRoom && !this.#isClaiming)) this.wake();
    else if (settled.items.some(({ outcome }) => outcome.kind === 'later')) {
      this.#planSoon();
    }
  }
}
