/** Removes a domain that has no addresses any more. */

import { z } from 'zod';
import { removeKeys } from '../../signing/key-record.ts';
import { AdminFault, operation } from '../operation.ts';
import { homeOfDomain, readDomain } from '../places.ts';

export const domainRemove = operation({
  input: z.strictObject({ name: z.string(), dryRun: z.boolean().default(false) }),
  async run(context, input): Promise<{ readonly name: string }> {
    const name = readDomain(input.name);
    const home = await homeOfDomain(context, name);
    if (input.dryRun) return { name };
    const result = await home.store.editDirectory({ kind: 'domain-remove', name });
    if (!result.ok) throw new AdminFault('domain.in-use', { domain: name });
    await removeKeys(home.store, name, home.world.nowMs());
    home.keyRing.forget();
    return { name };
  },
});
