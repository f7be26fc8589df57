/**
 * The second factor of an account: a new secret, on with the first code that fits, off. Mail
 * programs need app passwords while it is on.
 */

import { z } from 'zod';
import {
  isTotpOn,
  provisionTotp,
  removeTotp,
  switchTotpOn,
  type Provisioned,
} from '../../accounts/totp.ts';
import { AdminFault, operation } from '../operation.ts';
import { findAccount } from '../places.ts';

export interface SecondFactor {
  readonly address: string;
  readonly state: 'waits-for-code' | 'on' | 'off';
  /** Shown once; null: nothing new was made. */
  readonly provisioned: Provisioned | null;
}

export const accountTotp = operation({
  input: z.strictObject({
    address: z.string(),
    step: z.enum(['begin', 'confirm', 'remove']),
    /** For `confirm`. */
    code: z.string().max(20).default(''),
  }),
  async run(context, { address: given, step, code }): Promise<SecondFactor> {
    const { home, account } = await findAccount(context, given);
    const { store, world } = home;
    const { id, address } = account;
    const nowMs = world.nowMs();
    switch (step) {
      case 'begin': {
        // A new secret would switch the old one off without a word.
        if (await isTotpOn(store, id)) throw new AdminFault('totp.on', { address });
        const provisioned = await provisionTotp(store, account, nowMs);
        return { address, state: 'waits-for-code', provisioned };
      }
      case 'confirm':
        if (!(await switchTotpOn(store, id, { code, nowMs }))) {
          throw new AdminFault('totp.wrong', { address });
        }
        return { address, state: 'on', provisioned: null };
      case 'remove':
        await removeTotp(store, id, nowMs);
        return { address, state: 'off', provisioned: null };
      default:
        return step satisfies never;
    }
  },
});
