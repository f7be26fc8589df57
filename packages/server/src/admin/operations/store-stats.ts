/** Sizes and counts of the stores. */

import type { StoreStats } from '@merpati/store/contract.ts';
import { z } from 'zod';
import { operation } from '../operation.ts';

export interface StoreStatsView extends StoreStats {
  readonly server: string;
  readonly folder: string;
}

export const storeStats = operation({
  input: z.strictObject({}),
  run: (context): Promise<readonly StoreStatsView[]> =>
    Promise.all(
      context.homes.map(async (home) => ({
        ...(await home.store.stats()),
        server: home.config.hostname,
        folder: home.config.data,
      })),
    ),
});
