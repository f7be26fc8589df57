/** What a thread that has joined a store asks of the one that opened it. */

import type { CheckProgress, CheckReport, RepairReport, StoreStats } from '../../contract.ts';
import { StoreUnavailable } from '../../contract.ts';
import type { AccountId } from '../../ids.ts';
import { SearchTooBig, type Found, type SearchQuery, type ThreadQuery } from '../../search.ts';

/** Each with what it takes and what it answers. */
export interface Asks {
  threads: {
    take: { readonly account: AccountId; readonly query: ThreadQuery };
    give: Uint32Array;
  };
  indexed: { take: AccountId; give: void };
  reindex: { take: AccountId | 'all'; give: number };
  dropOldKeys: { take: number; give: void };
  stats: { take: null; give: StoreStats };
  check: { take: { readonly deep: boolean }; give: CheckReport };
  repair: { take: null; give: RepairReport };
  backup: { take: string; give: void };
  compact: { take: number; give: number };
}

export type AskName = keyof Asks;
export type Ask = { [N in AskName]: { name: N; take: Asks[N]['take'] } }[AskName];

export type ToKeeper =
  | { readonly kind: 'ask'; readonly id: number; readonly ask: Ask }
  | {
      readonly kind: 'search';
      readonly id: number;
      readonly account: AccountId;
      readonly query: SearchQuery;
    }
  /** Nobody wants the rest of it. */
  | { readonly kind: 'stop'; readonly id: number }
  /** This thread has had something written. */
  | { readonly kind: 'committed' };

export type FromKeeper =
  | { readonly kind: 'done'; readonly id: number; readonly answer: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly error: PackedError }
  | { readonly kind: 'progress'; readonly id: number; readonly progress: CheckProgress }
  | { readonly kind: 'found'; readonly id: number; readonly found: Found };

/** A clone of an error forgets which class it was. */
export type PackedError =
  | { readonly kind: 'unavailable'; readonly reason: StoreUnavailable['reason']; cause: unknown }
  | { readonly kind: 'too-big'; readonly message: string }
  | { readonly kind: 'other'; readonly error: unknown };

export function packError(error: unknown): PackedError {
  if (error instanceof StoreUnavailable) {
    return { kind: 'unavailable', reason: error.reason, cause: error.cause };
  }
  if (error instanceof SearchTooBig) return { kind: 'too-big', message: error.message };
  return { kind: 'other', error };
}

export function unpackError(packed: PackedError): unknown {
  if (packed.kind === 'unavailable') return new StoreUnavailable(packed.reason, packed.cause);
  return packed.kind === 'too-big' ? new SearchTooBig(packed.message) : packed.error;
}
