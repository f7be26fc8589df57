/**
 * One session per maildrop, whatever listener it came through: the exclusive lock of RFC 1939 §4.
 * It lives with the session: a dropped connection gives it back.
 */

import type { Store } from '@merpati/store/contract.ts';
import type { AccountId } from '@merpati/store/ids.ts';

export interface MaildropLock {
  release(): void;
}

type Waiter = (lock: MaildropLock) => void;

/** Per store, the maildrops that are open and who waits for them. */
const openMaildrops = new WeakMap<Store, Map<AccountId, Waiter[]>>();

/** Null when it is still taken after `waitMs`. */
export function lockMaildrop(
  store: Store,
  account: AccountId,
  waitMs: number,
): Promise<MaildropLock | null> {
  let open = openMaildrops.get(store);
  if (open === undefined) {
    open = new Map();
    openMaildrops.set(store, open);
  }
  const waiters = open.get(account);
  if (waiters === undefined) {
    open.set(account, []);
    return Promise.resolve(createLock(open, account));
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

function createLock(open: Map<AccountId, Waiter[]>, account: AccountId): MaildropLock {
  let isHeld = true;
  return {
    release() {
      if (!isHeld) return;
      isHeld = false;
      const next = open.get(account)?.shift();
      if (next === undefined) open.delete(account);
      else next(createLock(open, account));
    },
  };
}
