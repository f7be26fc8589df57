/** Removes an account with all its mail; `dryRun` only tells what would go. */

import { z } from 'zod';
import { releaseSending } from '../../accounts/sending-pause.ts';
import { removeTotp } from '../../accounts/totp.ts';
import { viewAccount, type AccountView } from '../account-view.ts';
import { operation } from '../operation.ts';
import { findAccount } from '../places.ts';

export const accountRemove = operation({
  input: z.strictObject({ address: z.string(), dryRun: z.boolean().default(false) }),
  async run(context, input): Promise<AccountView> {
    const { home, account } = await findAccount(context, input.address);
    if (!input.dryRun) {
      await home.store.editDirectory({ kind: 'account-remove', id: account.id });
      await releaseSending(home.store, account.id, home.world.nowMs());
      await removeTotp(home.store, account.id, home.world.nowMs());
    }
    return viewAccount(home, account);
  },
});
