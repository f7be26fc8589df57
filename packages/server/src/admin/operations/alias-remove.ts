/** Removes an alias; those it led to stay as they are. */

import { z } from 'zod';
import { AdminFault, operation } from '../operation.ts';
import { homeOfAddress } from '../places.ts';

export const aliasRemove = operation({
  input: z.strictObject({ address: z.string(), dryRun: z.boolean().default(false) }),
  async run(context, input): Promise<{ readonly address: string }> {
    const { home, address } = await homeOfAddress(context, input.address);
    const known = (await home.store.aliases()).some((one) => one.address === address);
    if (!known) throw new AdminFault('alias.unknown', { address });
    if (!input.dryRun) await home.store.editDirectory({ kind: 'alias-remove', address });
    return { address };
  },
});
