/**
 * The secret under which TLS sessions are handed to clients as tickets, another one in each period.
 * Every secret is made of the one before, which is then forgotten: whoever gets hold of one reads
 * no older sessions, and threads that begin with the same one stay together without a word.
 * RFC 5077 §5.5; RFC 8446 §4.6.1.
 */

import { hkdfSync, randomBytes } from 'node:crypto';

const periodMs = 6 * 3_600_000;
/** A clock that was set forward by years must not cost a second of work. */
const stepsMax = 10_000;

export interface TicketSeed {
  readonly secret: Uint8Array;
  readonly period: number;
}

export class TicketKeys {
  #seed: TicketSeed;

  /** With the seed of another thread, or with one of its own. */
  constructor(nowMs: number, seed?: TicketSeed) {
    this.#seed = seed ?? { secret: randomBytes(32), period: periodOf(nowMs) };
  }

  /** For another thread. */
  get seed(): TicketSeed {
    return this.#seed;
  }

  /** A clock that goes back changes nothing. */
  at(nowMs: number): TicketSeed {
    const wanted = periodOf(nowMs);
    let { secret, period } = this.#seed;
    if (wanted <= period) return this.#seed;
    for (let i = 0; period < wanted && i < stepsMax; i += 1) {
      secret = new Uint8Array(hkdfSync('sha256', secret, '', 'next period', 32));
      period += 1;
    }
    this.#seed = { secret, period: wanted };
    return this.#seed;
  }
}

const periodOf = (nowMs: number): number => Math.floor(nowMs / periodMs);
