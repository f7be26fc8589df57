/** A consistent copy of each store into an empty folder, while everything goes on. */

import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { AdminFault, operation } from '../operation.ts';

export const storeBackup = operation({
  input: z.strictObject({ folder: z.string() }),
  async run(context, input): Promise<{ readonly folders: readonly string[] }> {
    const { folder } = input;
    if (existsSync(folder) && readdirSync(folder).length > 0) {
      throw new AdminFault('backup.folder', { folder });
    }
    const folders: string[] = [];
    for (const home of context.homes) {
      const one = context.homes.length === 1 ? folder : path.join(folder, home.config.hostname);
      await home.store.backup(one);
      folders.push(one);
    }
    return { folders };
  },
});
