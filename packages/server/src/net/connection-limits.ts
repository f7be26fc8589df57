/** How many connections a home keeps open: in all, and for one network. Shared by its protocols. */

import type { Config } from '../config/schema.ts';
import { isLoopback, networkOf } from './networks.ts';

/** From this share of all places on they run short. */
export const stressShare = 0.8;

export class ConnectionLimits {
  readonly #totalMax: number;
  readonly #perNetworkMax: number;
  readonly #perNetwork = new Map<string, number>();
  #total = 0;

  constructor(limits: Config['limits']) {
    this.#totalMax = limits.connections_max;
    this.#perNetworkMax = limits.connections_per_ip_max;
  }

  /** Takes a place for the address; false when there is none. */
  enter(address: string): boolean {
    if (this.#total >= this.#totalMax) return false;
    const network = networkOf(address);
    const open = this.#perNetwork.get(network) ?? 0;
    // Loopback is many parties behind one address: proxies, web mail, this machine's programs.
    if (open >= this.#perNetworkMax && !isLoopback(address)) return false;
    this.#total += 1;
    this.#perNetwork.set(network, open + 1);
    return true;
  }

  leave(address: string): void {
    this.#total -= 1;
    const network = networkOf(address);
    const open = this.#perNetwork.get(network) ?? 0;
    if (open > 1) this.#perNetwork.set(network, open - 1);
    else this.#perNetwork.delete(network);
  }

  /** Places run short: whoever is idle is waited for less long, so that honest clients find one. */
  get isStressed(): boolean {
    return this.#total > this.#totalMax * stressShare;
  }

  get total(): number {
    return this.#total;
  }
}
