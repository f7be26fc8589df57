/** Verifies every count and reference of the stores; `deep` also reads and hashes every body. */

import type { CheckProgress, CheckReport } from '@merpati/store/contract.ts';
import { z } from 'zod';
import { streamOperation } from '../operation.ts';
import { withProgress, type Progress } from '../progress.ts';

export interface CheckedStore extends CheckReport {
  readonly server: string;
}

export const storeCheck = streamOperation({
  input: z.strictObject({ deep: z.boolean().default(false) }),
  async *stream(context, input): AsyncIterable<Progress<CheckProgress, CheckedStore>> {
    for (const home of context.homes) {
      yield* withProgress<CheckProgress, CheckedStore>(async (onProgress) => ({
        ...(await home.store.check({ deep: input.deep, onProgress })),
        server: home.config.hostname,
      }));
    }
  },
});
