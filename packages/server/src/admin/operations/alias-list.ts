/** All aliases with where they lead. */

import { z } from 'zod';
import { operation } from '../operation.ts';

export interface AliasView {
  readonly address: string;
  readonly targets: readonly string[];
  readonly server: string;
}

export const aliasList = operation({
  input: z.strictObject({}),
  async run(context): Promise<readonly AliasView[]> {
    const views: AliasView[] = [];
    for (const home of context.homes) {
      for (const alias of await home.store.aliases()) {
        views.push({ ...alias, server: home.config.hostname });
      }
    }
    return views;
  },
});
