/** Changes an account: name, state, quota, what POP3 may delete, limits. */

import { z } from 'zod';
import type { AccountSettings } from '@merpati/store/contract.ts';
import { viewAccount, type AccountView } from '../account-view.ts';
import { operation } from '../operation.ts';
import { findAccount } from '../places.ts';

export const accountEdit = operation({
  input: z.strictObject({
    address: z.string(),
    displayName: z.string().max(200).optional(),
    state: z.enum(['active', 'disabled']).optional(),
    quotaBytes: z.int().min(0).nullable().optional(),
    popPolicy: z.enum(['hide', 'leave-copy']).optional(),
    popKeepDays: z.int().min(0).max(3650).optional(),
    /** null: what the configuration says. */
    messagesPerDay: z.int().min(0).nullable().optional(),
    newRecipientsPerDay: z.int().min(0).nullable().optional(),
    hideClientAddress: z.boolean().optional(),
  }),
  async run(context, input): Promise<AccountView> {
    const { home, account } = await findAccount(context, input.address);
    const settings: AccountSettings = {
      displayName: input.displayName ?? account.displayName,
      state: input.state ?? account.state,
      quotaBytes: orElse(input.quotaBytes, account.quotaBytes),
      pop: {
        policy: input.popPolicy ?? account.pop.policy,
        keepDays: input.popKeepDays ?? account.pop.keepDays,
      },
      limits: {
        messagesPerDay: orElse(input.messagesPerDay, account.limits.messagesPerDay),
        newRecipientsPerDay: orElse(input.newRecipientsPerDay, account.limits.newRecipientsPerDay),
      },
      hideClientAddress: input.hideClientAddress ?? account.hideClientAddress,
    };
    await home.store.editDirectory({ kind: 'account-edit', id: account.id, settings });
    return viewAccount(home, { ...account, ...settings });
  },
});

/** null is a value too. */
const orElse = <Value>(given: Value | undefined, before: Value): Value =>
  given === undefined ? before : given;
