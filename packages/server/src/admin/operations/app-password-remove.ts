/** Takes one app password back. */

import { z } from 'zod';
import { forgetUse } from '../../accounts/last-used.ts';
import { AdminFault, operation } from '../operation.ts';
import { findAccount } from '../places.ts';

export const appPasswordRemove = operation({
  input: z.strictObject({ address: z.string(), id: z.int() }),
  async run(context, input): Promise<{ readonly address: string; readonly id: number }> {
    const { home, account } = await findAccount(context, input.address);
    const { id } = input;
    const result = await home.store.editDirectory({
      kind: 'app-password-remove',
      account: account.id,
      id,
    });
    if (!result.ok) {
      throw new AdminFault('app-password.unknown', { address: account.address, id });
    }
    await forgetUse(home.store, { account: account.id, id }, home.world.nowMs());
    return { address: account.address, id };
  },
});
