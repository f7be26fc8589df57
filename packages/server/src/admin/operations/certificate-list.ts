/** The certificates that are shown, those for the host first. */

import { z } from 'zod';
import { certificateViews, type CertificateView } from '../certificate-findings.ts';
import { operation } from '../operation.ts';

export const certificateList = operation({
  input: z.strictObject({}),
  async run(context): Promise<readonly CertificateView[]> {
    return (await Promise.all(context.homes.map(certificateViews))).flat();
  },
});
