/** Mends what can be mended and says what was lost. */

import type { CheckProgress, RepairReport } from '@merpati/store/contract.ts';
import { z } from 'zod';
import { streamOperation } from '../operation.ts';
import { withProgress, type Progress } from '../progress.ts';

export interface RepairedStore extends RepairReport {
  readonly server: string;
}

export const storeRepair = streamOperation({
  input: z.strictObject({}),
  async *stream(context): AsyncIterable<Progress<CheckProgress, RepairedStore>> {
    for (const home of context.homes) {
      yield* withProgress<CheckProgress, RepairedStore>(async (onProgress) => ({
        ...(await home.store.repair({ onProgress })),
        server: home.config.hostname,
      }));
    }
  },
});
