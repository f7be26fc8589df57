/** New certificates now, whether due or not; without a name only those that are due. */

import { z } from 'zod';
import type { CertificateResult } from '../../home.ts';
import { AdminFault, operation } from '../operation.ts';

export const certificateRenew = operation({
  input: z.strictObject({
    name: z.string().min(1).max(253).optional(),
    all: z.boolean().default(false),
  }),
  async run(context, input): Promise<readonly CertificateResult[]> {
    const [home] = context.homes;
    if (home.certificates === null) throw new AdminFault('certificate.no-server');
    if (!home.config.acme.terms_agreed) throw new AdminFault('certificate.no-acme');
    const name = input.name?.toLowerCase() ?? (input.all ? '' : null);
    const results = await home.certificates.work(name);
    if (name === null || name === '') return results;
    const asked = results.filter((one) => one.result !== 'kept');
    if (asked.length === 0) throw new AdminFault('certificate.unknown', { name });
    return asked;
  },
});
