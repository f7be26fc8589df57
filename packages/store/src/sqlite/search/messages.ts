/** What the search thread and its callers say to each other. */

import type { AccountId } from '../../ids.ts';
import type { Found, SearchQuery } from '../../search.ts';

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
  /** Nobody wants the rest of it. */
  | { readonly kind: 'stop'; readonly id: number }
  | { readonly kind: 'close' };

export type FromSearcher =
  | { readonly kind: 'found'; readonly id: number; readonly found: Found }
  | { readonly kind: 'end'; readonly id: number }
  | { readonly kind: 'failed'; readonly id: number; readonly error: unknown };
