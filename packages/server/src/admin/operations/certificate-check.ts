/** Are the certificates good, and do the TLSA records know their keys? */

import { z } from 'zod';
import { certificateFindings } from '../certificate-findings.ts';
import { operation } from '../operation.ts';
import type { Finding } from './server-examine.ts';

export const certificateCheck = operation({
  input: z.strictObject({}),
  async run(context): Promise<readonly Finding[]> {
    return (await Promise.all(context.homes.map(certificateFindings))).flat();
  },
});
