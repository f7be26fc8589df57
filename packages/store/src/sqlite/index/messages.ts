/** What the indexer and the thread that opened the store say to each other. */

import type { MessagePort } from 'node:worker_threads';
import type { AccountId } from '../../ids.ts';

export interface IndexStart {
  readonly directory: string;
  /** Segments from this one on lie in the page cache: see read/bodies.ts. */
  readonly freshFrom: number;
  /** To the writer. */
  readonly writer: MessagePort;
}

export type ToIndexer =
  /** Tell me when nothing of this account waits. */
  | { readonly kind: 'await'; readonly id: number; readonly account: AccountId }
  /** Everything may have to be read again. */
  | { readonly kind: 'look' }
  | { readonly kind: 'close' };

export type FromIndexer =
  | { readonly kind: 'indexed'; readonly id: number }
  /** Something was committed. */
  | { readonly kind: 'wrote' }
  /** A fault of our own, met and passed by. */
  | { readonly kind: 'fault'; readonly error: unknown };
