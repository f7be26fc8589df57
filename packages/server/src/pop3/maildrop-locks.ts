/**
 * One session per maildrop, whatever listener it came through: the exclusive lock of RFC 1939 §4.
 * It lives with the session: a dropped connection gives it back.
 */

import type { AccountId } from '@merpati/store/ids.ts';
import type { MaildropLock, MaildropLocks } from '../shared.ts';

type Waiter = (lock: MaildropLock) => void;

export class OwnMaildropLocks implements MaildropLocks {
  /** The maildrops that are open, and who waits for them. */
  readonly #open = new Map<AccountId, Waiter[]>();

  lock(account: AccountId, waitMs: number): Promise<MaildropLock | null> {
    const waiters = this.#open.get(account);
    if (waiters === undefined) {
      this.#open.set(account, []);
      return Promise.resolve(this.#give(account));
    }
    return new Promise((resolve) => {
      const waiter: Waiter = (lock) => {
        clearTimeout(timer);
        resolve(lock);
      };
      const timer = setTimeout(() => {
        waiters.splice(waiters.indexOf(waiter), 1);
        resolve(null);
      }, waitMs);
      waiters.push(waiter);
    });
  }

  #give(account: AccountId): MaildropLock {
    let isHeld = true;
    return {
      release: () => {
        if (!isHeld) return;
        isHeld = false;
        const next = this.#open.get(account)?.shift();
        if (next === undefined) this.#open.delete(account);
        else next(this.#give(account));
      },
    };
  }
}
