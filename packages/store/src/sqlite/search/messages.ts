/** What the search thread and its callers say to each other. */

import type { AccountId } from '../../ids.ts';
import type { Found, SearchQuery, ThreadQuery } from '../../search.ts';

export interface SearchStart {
  readonly directory: string;
  readonly freshFrom: number;
}

export type ToSearcher =
  | {
      readonly kind: 'search';
      readonly id: number;
      readonly account: AccountId;
      readonly query: SearchQuery;
    }
  | {
      readonly kind: 'threads';
      readonly id: number;
      readonly account: AccountId;
      readonly query: ThreadQuery;
    }
  /** Nobody wants the rest of it. */
  | { readonly kind: 'stop'; readonly id: number }
  | { readonly kind: 'close' };

export type FromSearcher =
  | { readonly kind: 'found'; readonly id: number; readonly found: Found }
  | { readonly kind: 'threads'; readonly id: number; readonly packed: Uint32Array }
  | { readonly kind: 'end'; readonly id: number }
  /** Without an error it was too big. */
  | { readonly kind: 'failed'; readonly id: number; readonly error: unknown };
