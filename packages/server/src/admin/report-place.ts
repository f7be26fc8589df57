/** Which reports are meant. */

import { z } from 'zod';
import type { Home } from '../home.ts';
import type { ReportQuestion } from '../reports/view-dmarc.ts';
import type { AdminContext } from './operation.ts';
import { homeOfDomain, readDomain } from './places.ts';

export const reportInput = z.strictObject({
  /** One of ours; left out: all. */
  domain: z.string().optional(),
  days: z.int().min(1).max(3650).default(30),
});
type ReportInput = z.output<typeof reportInput>;

export async function reportHomes(
  context: AdminContext,
  { domain }: ReportInput,
): Promise<readonly Home[]> {
  return domain === undefined ? context.homes : [await homeOfDomain(context, readDomain(domain))];
}

export function reportQuestion(home: Home, { domain, days }: ReportInput): ReportQuestion {
  const toMs = home.world.nowMs();
  const fromMs = toMs - days * 86_400_000;
  return { domain: domain === undefined ? null : readDomain(domain), fromMs, toMs };
}
