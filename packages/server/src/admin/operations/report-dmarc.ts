/** Who sends in the name of our domains, as others tell. */

import type { DmarcView } from '../../reports/view-dmarc.ts';
import { viewDmarc } from '../../reports/view-dmarc.ts';
import { operation } from '../operation.ts';
import { reportHomes, reportInput, reportQuestion } from '../report-place.ts';

export interface DmarcReportAnswer {
  /** One for each server asked. */
  readonly views: readonly (DmarcView & { readonly server: string })[];
}

export const reportDmarc = operation({
  input: reportInput,
  async run(context, input): Promise<DmarcReportAnswer> {
    const views = [];
    for (const home of await reportHomes(context, input)) {
      const view = await viewDmarc(home, reportQuestion(home, input));
      views.push({ server: home.config.hostname, ...view });
    }
    return { views };
  },
});
