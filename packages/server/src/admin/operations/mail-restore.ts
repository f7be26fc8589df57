/** Brings back into the inbox what a POP3 device took away. */

import { emailId } from '@merpati/store/ids.ts';
import { z } from 'zod';
import { operation } from '../operation.ts';
import { findAccount } from '../places.ts';

export const mailRestore = operation({
  input: z.strictObject({
    address: z.string(),
    emails: z.union([z.literal('all'), z.array(z.int().min(1)).min(1).max(100_000)]),
  }),
  async run(context, input): Promise<{ readonly restored: number }> {
    const { home, account } = await findAccount(context, input.address);
    const emails = input.emails === 'all' ? 'all' : input.emails.map(emailId);
    const nowMs = home.world.nowMs();
    return { restored: await home.store.restoreDownloaded(account.id, emails, nowMs) };
  },
});
