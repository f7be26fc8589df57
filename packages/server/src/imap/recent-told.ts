/** Of each mailbox up to where some session was told of its messages: see recent.ts. */

import type { RecentClaims } from '../shared.ts';
import { imapLimits } from './limits.ts';

export class RecentTold implements RecentClaims {
  /** The first uid that nobody was told of. */
  readonly #untold = new Map<string, number>();

  claim(mailbox: string, first: number, next: number): number {
    const untold = this.#untold.get(mailbox) ?? 0;
    this.#untold.delete(mailbox);
    this.#untold.set(mailbox, Math.max(untold, next));
    if (this.#untold.size > imapLimits.untoldMailboxesMax) {
      const [oldest] = this.#untold.keys();
      if (oldest !== undefined) this.#untold.delete(oldest);
    }
    return Math.max(first, untold);
  }

  peek(mailbox: string, first: number): number {
    return Math.max(first, this.#untold.get(mailbox) ?? 0);
  }
}
