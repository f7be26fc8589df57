/**
 * Changes of a store, handed to the sessions that they concern. One subscription serves all
 * sessions of a home. What is heard is a hint that something has happened; what it was is asked of
 * the store, by modseq.
 */

import type { Change, Store } from '@merpati/store/contract.ts';
import type { AccountId } from '@merpati/store/ids.ts';
import { imapLimits } from './limits.ts';

export type MailChange = Extract<Change, { readonly account: AccountId }>;

export interface FeedListener {
  /** Must not throw, and not do much: it is called within the announcement of a commit. */
  hear(change: MailChange): void;
  /** Accounts, passwords, domains or aliases have changed, whosever they are. */
  hearDirectory?(): void;
}

export class Feed {
  readonly #listeners = new Map<AccountId, Set<FeedListener>>();
  readonly #stop: () => void;
  #timer: NodeJS.Timeout | null = null;

  constructor(store: Store) {
    this.#stop = store.subscribe((changes) => this.#dispatch(changes), { of: 'mail' });
  }

  listen(account: AccountId, listener: FeedListener): void {
    const listeners = this.#listeners.get(account);
    if (listeners === undefined) this.#listeners.set(account, new Set([listener]));
    else listeners.add(listener);
  }

  unlisten(account: AccountId, listener: FeedListener): void {
    const listeners = this.#listeners.get(account);
    listeners?.delete(listener);
    if (listeners?.size === 0) this.#listeners.delete(account);
  }

  stop(): void {
    this.#stop();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#listeners.clear();
  }

  #dispatch(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.kind === 'directory-changed') this.#tellAllSoon();
      if (!('account' in change)) continue;
      const listeners = this.#listeners.get(change.account);
      if (listeners === undefined) continue;
      for (const listener of listeners) listener.hear(change);
    }
  }

  /** Thousands look at their account then: once for all of many edits, as an import makes. */
  #tellAllSoon(): void {
    this.#timer ??= setTimeout(() => this.#tellAll(), imapLimits.directoryPauseMs).unref();
  }

  #tellAll(): void {
    this.#timer = null;
    for (const listeners of this.#listeners.values()) {
      for (const listener of listeners) listener.hearDirectory?.();
    }
  }
}

const ofStores = new WeakMap<Store, Feed>();

/** The one feed of a store, whichever service of the process asks. */
export function feedOf(store: Store): Feed {
  let feed = ofStores.get(store);
  if (feed === undefined) {
    feed = new Feed(store);
    ofStores.set(store, feed);
  }
  return feed;
}
