/** A password for one program or device, made by us, that can be taken back alone. */

import { z } from 'zod';
import { makeAppPassword, passwordLimits } from '../../accounts/password.ts';
import { AdminFault, operation } from '../operation.ts';
import { findAccount } from '../places.ts';

export interface AppPasswordAdded {
  readonly address: string;
  readonly id: number;
  readonly label: string;
  readonly password: string;
}

export const appPasswordAdd = operation({
  input: z.strictObject({ address: z.string(), label: z.string().min(1).max(200) }),
  async run(context, input): Promise<AppPasswordAdded> {
    const { home, account } = await findAccount(context, input.address);
    const most = passwordLimits.appPasswordsMax;
    if ((await home.store.appPasswords(account.id)).length >= most) {
      throw new AdminFault('app-password.too-many', { address: account.address, most });
    }
    const { credential, password } = await makeAppPassword();
    const result = await home.store.editDirectory({
      kind: 'app-password-add',
      account: account.id,
      label: input.label,
      credential,
      nowMs: home.world.nowMs(),
    });
    const id = result.ok ? (result.id ?? 0) : 0;
    return { address: account.address, id, label: input.label, password };
  },
});
