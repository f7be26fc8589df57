/** Puts the records of a domain into its zone. */

import { z } from 'zod';
import { publishRecords } from '../../domains/publish.ts';
import { AdminFault, operation } from '../operation.ts';
import { homeOfDomain, readDomain } from '../places.ts';

export const domainPublish = operation({
  input: z.strictObject({ name: z.string() }),
  async run(context, input): Promise<{ readonly zone: string; readonly changes: number }> {
    const domain = readDomain(input.name);
    const home = await homeOfDomain(context, domain);
    const published = await publishRecords(home, domain);
    switch (published.kind) {
      case 'done':
        // Keys that were waited for are there now.
        home.keyRing.forget();
        return { zone: published.zone, changes: published.changes };
      case 'off':
        throw new AdminFault('domain.update.off', { domain });
      case 'no-zone':
        throw new AdminFault('domain.zone.unknown', { domain });
      case 'failed':
        throw new AdminFault('domain.update.failed', { zone: published.zone, why: published.why });
      default:
        throw new Error(`unhandled ${String(published satisfies never)}`);
    }
  },
});
