/** All domains with what they hold. */

import { z } from 'zod';
import { operation } from '../operation.ts';

export interface DomainView {
  readonly name: string;
  readonly server: string;
  readonly accounts: number;
  readonly aliases: number;
  readonly aliasOf: string | null;
  readonly catchAll: string | null;
  readonly createdMs: number;
}

export const domainList = operation({
  input: z.strictObject({}),
  async run(context): Promise<readonly DomainView[]> {
    const views: DomainView[] = [];
    for (const home of context.homes) {
      const accounts = (await home.store.accounts()).map((one) => one.address);
      const aliases = (await home.store.aliases()).map((one) => one.address);
      for (const domain of await home.store.domains()) {
        const within = (address: string) => address.endsWith(`@${domain.name}`);
        views.push({
          ...domain,
          server: home.config.hostname,
          accounts: accounts.filter(within).length,
          aliases: aliases.filter(within).length,
        });
      }
    }
    return views;
  },
});
