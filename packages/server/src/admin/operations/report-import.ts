/** A report that came another way than by mail to this server. */

import { z } from 'zod';
import { ReportReader } from '../../reports/reader.ts';
import { keepReport } from '../../reports/stored.ts';
import { AdminFault, operation } from '../operation.ts';

export interface ReportImported {
  readonly kind: 'dmarc' | 'tls';
  readonly state: 'kept' | 'duplicate';
  readonly domain: string;
  readonly organisation: string;
  readonly server: string;
}

/** Characters of base64; the control socket takes no more. */
const contentLengthMax = 8_000_000;

export const reportImport = operation({
  input: z.strictObject({
    /** For what is said about it. */
    name: z.string(),
    /** XML, JSON, gzip, zip, or a whole message; base64. */
    content: z.base64().max(contentLengthMax),
  }),
  async run(context, { name, content }): Promise<ReportImported> {
    const octets = Buffer.from(content, 'base64');
    const reader = new ReportReader();
    const form = isMessage(octets) ? 'mail' : 'file';
    const answer = await reader.read({ form, octets });
    if (answer.kind === 'stopped') throw new Error('nobody stops this reader');
    if (answer.kind === 'failed') throw answer.error;
    if (answer.kind === 'unread') throw new AdminFault('report.unread', { name, why: answer.why });
    const { report } = answer;
    const { organisation } = report.kind === 'dmarc' ? report.head : report.report;
    let why = '';
    for (const home of context.homes) {
      const origin = { receivedMs: home.world.nowMs(), dmarc: null, journey: null };
      const kept = await keepReport(home, report, origin);
      if (kept.kind !== 'refused') {
        const { kind: state, domain } = kept;
        return { kind: report.kind, state, domain, organisation, server: home.config.hostname };
      }
      why = kept.why;
    }
    throw new AdminFault('report.unread', { name, why });
  },
});

/** Begins with a header field, as neither XML nor JSON nor any packing does. */
function isMessage(octets: Buffer): boolean {
  return /^[!-9;-~]{1,80}:[ \t]/.test(octets.subarray(0, 100).toString('latin1'));
}
