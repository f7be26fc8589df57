/** Reads all messages anew for search and listings, of one account or of all. */

import type { Store } from '@merpati/store/contract.ts';
import type { AccountId } from '@merpati/store/ids.ts';
import { z } from 'zod';
import type { Home } from '../../home.ts';
import { streamOperation } from '../operation.ts';
import { findAccount } from '../places.ts';
import { withProgress, type Progress } from '../progress.ts';

export interface IndexProgress {
  readonly done: number;
  readonly total: number;
}

export interface ReindexedStore {
  readonly server: string;
  /** Read anew. */
  readonly messages: number;
}

const lookEveryMs = 250;

export const storeReindex = streamOperation({
  input: z.strictObject({ address: z.string().optional() }),
  async *stream(context, input): AsyncIterable<Progress<IndexProgress, ReindexedStore>> {
    const { address } = input;
    const one = address === undefined ? null : await findAccount(context, address);
    const places: readonly { readonly home: Home; readonly which: AccountId | 'all' }[] =
      one === null
        ? context.homes.map((home) => ({ home, which: 'all' }))
        : [{ home: one.home, which: one.account.id }];
    for (const { home, which } of places) {
      yield* withProgress<IndexProgress, ReindexedStore>(async (report) => ({
        server: home.config.hostname,
        messages: await readAnew(home.store, which, report),
      }));
    }
  },
});

async function readAnew(
  store: Store,
  which: AccountId | 'all',
  report: (progress: IndexProgress) => void,
): Promise<number> {
  const total = await store.reindex(which);
  const look = async (): Promise<void> => {
    const left = await store.unindexed(which);
    report({ done: Math.max(0, total - left), total });
  };
  // A store that is closed meanwhile is told by those who wait for the index.
  const timer = setInterval(() => void look().catch(() => undefined), lookEveryMs);
  try {
    const accounts =
      which === 'all' ? (await store.accounts()).map((account) => account.id) : [which];
    for (const account of accounts) await store.indexed(account);
  } finally {
    clearInterval(timer);
  }
  report({ done: total, total });
  return total;
}
