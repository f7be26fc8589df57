/** Whether the zone's own servers have what a domain needs. */

import { z } from 'zod';
import { checkDomain, type DomainCheck } from '../../domains/check.ts';
import { domainFacts } from '../../domains/facts.ts';
import { careForKeys } from '../../signing/key-care.ts';
import { operation } from '../operation.ts';
import { homeOfDomain, readDomain } from '../places.ts';

export const domainCheck = operation({
  input: z.strictObject({ name: z.string() }),
  async run(context, input): Promise<DomainCheck> {
    const name = readDomain(input.name);
    const home = await homeOfDomain(context, name);
    // Keys that have been published just now sign from now on.
    if (home.config.dkim.sign) await careForKeys(home, name);
    return checkDomain(home.world, await domainFacts(home, name));
  },
});
