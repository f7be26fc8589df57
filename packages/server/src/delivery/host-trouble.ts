/**
 * Remembers hosts that could not be reached, so that a thousand messages for a dead host do not
 * wait a thousand times for it. The time away doubles with each failure; any success forgets it.
 */

import { deliveryLimits } from './limits.ts';

interface Trouble {
  readonly failures: number;
  readonly untilMs: number;
  readonly error: string;
}

const longestMs = 10 * 60_000;

export class HostTrouble {
  readonly #hosts = new Map<string, Trouble>();
  readonly #firstMs: number;
  readonly #longestMs: number;

  /**
   * `curve`: the waits of the queue in seconds. A host is left alone for less than a message waits,
   * so that a message's own next attempt really dials.
   */
  constructor(curve: readonly number[]) {
    this.#firstMs = Math.min(20_000, (curve[0] ?? 60) * 500);
    this.#longestMs = Math.min(longestMs, (curve.at(-1) ?? 3600) * 500);
  }

  /** What happened there last, while it is better left alone; null: go ahead. */
  find(host: string, nowMs: number): string | null {
    const trouble = this.#hosts.get(host);
    return trouble !== undefined && trouble.untilMs > nowMs ? trouble.error : null;
  }

  failed(host: string, error: string, nowMs: number): void {
    const known = this.#hosts.get(host);
    // Attempts that ran side by side count once.
    if (known !== undefined && known.untilMs > nowMs) return;
    const failures = (known?.failures ?? 0) + 1;
    const untilMs = nowMs + Math.min(this.#firstMs * 2 ** (failures - 1), this.#longestMs);
    this.#hosts.delete(host);
    this.#hosts.set(host, { failures, untilMs, error });
    if (this.#hosts.size <= deliveryLimits.troubledHostsMax) return;
    const oldest = this.#hosts.keys().next();
    if (oldest.done !== true) this.#hosts.delete(oldest.value);
  }

  worked(host: string): void {
    this.#hosts.delete(host);
  }

  /** A person has said "now". */
  forgetAll(): void {
    this.#hosts.clear();
  }
}
