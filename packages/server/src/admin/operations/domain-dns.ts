/** The records that a domain needs, as values and in the forms in which they can be put there. */

import { z } from 'zod';
import { domainFacts } from '../../domains/facts.ts';
import { dnsView, type DnsView } from '../../domains/view.ts';
import { operation } from '../operation.ts';
import { homeOfDomain, readDomain } from '../places.ts';

export const domainDns = operation({
  input: z.strictObject({ name: z.string() }),
  async run(context, input): Promise<DnsView> {
    const name = readDomain(input.name);
    const home = await homeOfDomain(context, name);
    return dnsView(await domainFacts(home, name));
  },
});
