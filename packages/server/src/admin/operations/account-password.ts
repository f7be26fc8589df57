/** A new password for an account; the old one is over at once. */

import { z } from 'zod';
import { newCredential } from '../credential.ts';
import { operation } from '../operation.ts';
import { findAccount } from '../places.ts';

export const accountPassword = operation({
  input: z.strictObject({ address: z.string(), password: z.string().optional() }),
  async run(
    context,
    input,
  ): Promise<{ readonly address: string; readonly password: string | null }> {
    const { home, account } = await findAccount(context, input.address);
    const { credential, made } = await newCredential(home, input.password);
    await home.store.editDirectory({ kind: 'account-edit', id: account.id, credential });
    return { address: account.address, password: made };
  },
});
