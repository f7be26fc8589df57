/** How private the way to our hosts was, as others tell. */

import { viewTls, type TlsView } from '../../reports/view-tls.ts';
import { operation } from '../operation.ts';
import { reportHomes, reportInput, reportQuestion } from '../report-place.ts';

export interface TlsReportAnswer {
  /** One for each server asked. */
  readonly views: readonly (TlsView & { readonly server: string })[];
}

export const reportTls = operation({
  input: reportInput,
  async run(context, input): Promise<TlsReportAnswer> {
    const views = [];
    for (const home of await reportHomes(context, input)) {
      const view = await viewTls(home, reportQuestion(home, input));
      views.push({ server: home.config.hostname, ...view });
    }
    return { views };
  },
});
