/** All accounts of all homes, by address. */

import { z } from 'zod';
import { viewAccount, type AccountView } from '../account-view.ts';
import { operation } from '../operation.ts';
import { readDomain } from '../places.ts';

export const accountList = operation({
  input: z.strictObject({ domain: z.string().optional() }),
  async run(context, input): Promise<readonly AccountView[]> {
    const domain = input.domain === undefined ? null : readDomain(input.domain);
    const views: AccountView[] = [];
    for (const home of context.homes) {
      for (const account of await home.store.accounts()) {
        if (domain === null || account.address.endsWith(`@${domain}`)) {
          views.push(viewAccount(home, account));
        }
      }
    }
    return views;
  },
});
