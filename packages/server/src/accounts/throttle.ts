/**
 * How often somebody may try to log in: per network, per account from one network, and per account
 * in all. Unknown accounts are counted like known ones. RFC 4954 §4 (4.7.0), RFC 6409 §3.3 leave
 * the policy to us.
 */

import { networkOf } from '../net/networks.ts';
import type { LoginCounts } from '../shared.ts';

/** So many failures at once, and one more after each wait. */
interface Rate {
  readonly burst: number;
  readonly everyMs: number;
}

const perNetwork: Rate = { burst: 30, everyMs: 20_000 };
const perAccountAndNetwork: Rate = { burst: 8, everyMs: 60_000 };
/** Guessing from many networks. Networks where the account has logged in before are let through. */
const perAccount: Rate = { burst: 100, everyMs: 10_000 };

const entriesMax = 50_000;

export class LoginThrottle implements LoginCounts {
  /** When the bucket will be empty again, ms (GCRA). */
  readonly #emptyAtMs = new Map<string, number>();
  readonly #knownNetworks = new Set<string>();

  /** Seconds until the next try is looked at; 0: now. */
  waitS(user: string, address: string, nowMs: number): number {
    const network = networkOf(address);
    let waitMs = Math.max(
      this.#waitMs(`n ${network}`, perNetwork, nowMs),
      this.#waitMs(`b ${user} ${network}`, perAccountAndNetwork, nowMs),
    );
    if (!this.#knownNetworks.has(`${user} ${network}`)) {
      waitMs = Math.max(waitMs, this.#waitMs(`a ${user}`, perAccount, nowMs));
    }
    return Math.ceil(waitMs / 1000);
  }

  failed(user: string, address: string, nowMs: number): void {
    const network = networkOf(address);
    this.#add(`n ${network}`, perNetwork, nowMs);
    this.#add(`b ${user} ${network}`, perAccountAndNetwork, nowMs);
    this.#add(`a ${user}`, perAccount, nowMs);
  }

  succeeded(user: string, address: string): void {
    const network = networkOf(address);
    this.#emptyAtMs.delete(`b ${user} ${network}`);
    keep(this.#knownNetworks, `${user} ${network}`);
  }

  #waitMs(key: string, rate: Rate, nowMs: number): number {
    const emptyAt = this.#emptyAtMs.get(key) ?? 0;
    // A place is free when the bucket holds at most `burst - 1` failures.
    return Math.max(0, emptyAt - nowMs - (rate.burst - 1) * rate.everyMs);
  }

  #add(key: string, rate: Rate, nowMs: number): void {
    const emptyAt = Math.max(nowMs, this.#emptyAtMs.get(key) ?? 0) + rate.everyMs;
    this.#emptyAtMs.delete(key);
    this.#emptyAtMs.set(key, emptyAt);
    if (this.#emptyAtMs.size > entriesMax) drop(this.#emptyAtMs);
  }
}

function keep(set: Set<string>, key: string): void {
  set.delete(key);
  set.add(key);
  if (set.size > entriesMax) drop(set);
}

/** The one that was touched longest ago: Map and Set keep their order. */
function drop(entries: Map<string, number> | Set<string>): void {
  const oldest = entries.keys().next();
  if (oldest.done !== true) entries.delete(oldest.value);
}
