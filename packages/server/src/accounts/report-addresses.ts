/**
 * Addresses at which every domain here takes reports of others, whether anybody has made an
 * account for them or not: `dmarc-reports@` and `tls-reports@`. docs/reports.md.
 */

import { normalAddress, splitAddress } from '@merpati/formats/smtp/path.ts';
import type { Store } from '@merpati/store/contract.ts';
import type { AccountId, MailboxId } from '@merpati/store/ids.ts';
import type { Config } from '../config/schema.ts';

export const reportLocals = { dmarc: 'dmarc-reports', tls: 'tls-reports' } as const;

export type ReportKind = keyof typeof reportLocals;

/** null: nothing special. With or without a +tag; of any domain. */
export function reportKindOf(address: string): ReportKind | null {
  const local = splitAddress(address)?.local.toLowerCase().split('+')[0] ?? '';
  if (local === reportLocals.dmarc) return 'dmarc';
  return local === reportLocals.tls ? 'tls' : null;
}

/** Does what comes to this address go to the reader of reports? */
export function isReportAddress(config: Pick<Config, 'publish'>, address: string): boolean {
  if (reportKindOf(address) !== null) return true;
  const own = config.publish.reports_to;
  return own !== '' && normalAddress(own) === normalAddress(address);
}

/**
 * Is this envelope sender ours for TLS reports? They go even where TLS fails, and the sessions that
 * carry them are in no report. RFC 8460 §3.
 */
export function isTlsReportSender(sender: string): boolean {
  return reportKindOf(sender) === 'tls';
}

/** The mailbox in which reports wait for their reader; what it cannot read stays there. */
export const reportMailbox = 'Reports';

/** Made when it is missing; null: that many mailboxes are not allowed, and the inbox must do. */
export async function openReportMailbox(
  store: Store,
  account: AccountId,
): Promise<MailboxId | null> {
  const found = await store.mailbox(account, reportMailbox);
  if (found !== null) return found.id;
  const edit = { kind: 'create', name: reportMailbox, role: null } as const;
  const made = await store.editMailbox(account, edit);
  if (made.ok && made.id !== null) return made.id;
  return (await store.mailbox(account, reportMailbox))?.id ?? null;
}
