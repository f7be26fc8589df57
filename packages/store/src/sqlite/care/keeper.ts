/**
 * What one thread does for a store on behalf of all that have it open: searching, the index, care.
 * The thread that opened the store does it itself (care/own-keeper.ts), those that joined it ask
 * (join/remote-keeper.ts).
 */

import type { CheckProgress, CheckReport, RepairReport, StoreStats } from '../../contract.ts';
import type { AccountId } from '../../ids.ts';
import type { Found, SearchQuery, ThreadQuery } from '../../search.ts';

export interface Progressing {
  readonly onProgress?: (progress: CheckProgress) => void;
}

export interface Keeper {
  search(account: AccountId, query: SearchQuery): AsyncIterable<Found>;
  threads(account: AccountId, query: ThreadQuery): Promise<Uint32Array>;
  indexed(account: AccountId): Promise<void>;
  reindex(account: AccountId | 'all'): Promise<number>;
  /** Append keys whose time is over; often asked, seldom done. */
  dropOldKeys(nowMs: number): Promise<void>;
  stats(): Promise<StoreStats>;
  check(options: Progressing & { readonly deep: boolean }): Promise<CheckReport>;
  repair(options: Progressing): Promise<RepairReport>;
  backup(target: string): Promise<void>;
  /** Answers how many segments went. */
  compact(deadShareMin: number): Promise<number>;
  /** Something was committed. */
  committed(): void;
  /** Begins nothing more; what is under way has ended when this resolves. */
  rest(): Promise<void>;
  /** The connection of the asking thread is closed. */
  close(): Promise<void>;
}
