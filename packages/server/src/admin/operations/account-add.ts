/** A new account, with a password given or made. */

import { z } from 'zod';
import { viewAccount, type AccountView } from '../account-view.ts';
import { newCredential } from '../credential.ts';
import { AdminFault, operation } from '../operation.ts';
import { findAccount, homeOfAddress } from '../places.ts';

export interface AccountAdded {
  readonly account: AccountView;
  /** Shown once and kept nowhere; null when the password was given. */
  readonly password: string | null;
}

export const accountAdd = operation({
  input: z.strictObject({
    address: z.string(),
    password: z.string().optional(),
    displayName: z.string().max(200).default(''),
    quotaBytes: z.int().min(0).nullable().default(null),
    popPolicy: z.enum(['hide', 'leave-copy']).optional(),
  }),
  async run(context, input): Promise<AccountAdded> {
    const { home, address } = await homeOfAddress(context, input.address);
    const { credential, made } = await newCredential(home, input.password);
    const { pop } = home.config;
    const result = await home.store.editDirectory({
      kind: 'account-add',
      address,
      settings: {
        displayName: input.displayName,
        state: 'active',
        quotaBytes: input.quotaBytes,
        pop: { policy: input.popPolicy ?? pop.policy, keepDays: pop.keep_days },
        limits: { messagesPerDay: null, newRecipientsPerDay: null },
        hideClientAddress: false,
      },
      credential,
      nowMs: home.world.nowMs(),
    });
    if (!result.ok) throw new AdminFault('address.exists', { address });
    const { account } = await findAccount(context, address);
    return { account: viewAccount(home, account), password: made };
  },
});
