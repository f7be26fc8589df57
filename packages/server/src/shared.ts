/**
 * What the protocol threads of a home must agree on. With one thread all of it is simply there;
 * with several the first thread has it, and the others ask. See
 * docs/decisions/014-protocol-threads.md.
 */

import type { AccountId } from '@merpati/store/ids.ts';

/** At once where it is known, later where somebody must be asked. */
export type Soon<T> = T | Promise<T>;

export interface Shared {
  /** Which thread this is, 0 for the first, and how many there are. */
  readonly thread: { readonly number: number; readonly of: number };
  readonly connections: ConnectionPlaces;
  readonly logins: LoginCounts;
  readonly maildrops: MaildropLocks;
  readonly refused: RefusedCount;
  readonly recent: RecentClaims;
  /** Of what is invented for users that do not exist: the same at every port. 32 octets. */
  readonly loginSecret: Uint8Array;
  /** Told when other certificates are shown; the first thread hands them to the others. */
  certificatesShown: () => void;
}

/** Places for open connections; asked at every one of them, so it answers at once everywhere. */
export interface ConnectionPlaces {
  /** Takes a place for the address; false when there is none. */
  enter(address: string): boolean;
  leave(address: string): void;
  /** Places run short: whoever is idle is waited for less long, so that honest clients find one. */
  readonly isStressed: boolean;
}

/** How often logins have failed. */
export interface LoginCounts {
  /** Seconds until the next try is looked at; 0: now. */
  waitS(user: string, address: string, nowMs: number): Soon<number>;
  failed(user: string, address: string, nowMs: number): void;
  succeeded(user: string, address: string): void;
}

export interface MaildropLock {
  release(): void;
}

/** One session per maildrop. */
export interface MaildropLocks {
  /** Null when it is still taken after `waitMs`. */
  lock(account: AccountId, waitMs: number): Promise<MaildropLock | null>;
}

/** Journeys begun for refused messages. */
export interface RefusedCount {
  /** false: it has been too much. null: nobody in particular. */
  take(party: string | null, nowMs: number): Soon<boolean>;
}

/** Which session was the first to be told of a message: `\Recent` of RFC 3501. */
export interface RecentClaims {
  /** All below `next` is told now. Answers the first uid ≥ `first` that was not told before. */
  claim(mailbox: string, first: number, next: number): Soon<number>;
  /** The same without telling. */
  peek(mailbox: string, first: number): Soon<number>;
}
