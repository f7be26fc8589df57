/** In whose name reports go out. */

import { readAddressList, mailboxesOf } from '@merpati/formats/message/address.ts';
import { normalDomain } from '@merpati/formats/smtp/path.ts';
import { reportLocals, type ReportKind } from '../accounts/report-addresses.ts';
import type { Home } from '../home.ts';

export interface Submitter {
  readonly domain: string;
  readonly organisation: string;
  /** Where people ask. For TLS reports always at `domain`: RFC 8460 §5.3. */
  readonly contact: string;
  /** Author and envelope sender: a report address of ours, so that bounces are in nobody's way. */
  readonly from: string;
}

/** null: there is no domain yet. */
export async function findSubmitter(home: Home, kind: ReportKind): Promise<Submitter | null> {
  const { reports, hostname } = home.config;
  const domain = normalDomain(reports.domain) ?? (await ownDomain(home, hostname));
  if (domain === null) return null;
  const [contact] = mailboxesOf(readAddressList(reports.contact));
  const isFit = contact !== undefined && (kind === 'dmarc' || contact.domain === domain);
  return {
    domain,
    organisation: reports.organisation || domain,
    contact: isFit ? `${contact.local}@${contact.domain}` : `postmaster@${domain}`,
    from: `${reportLocals[kind]}@${domain}`,
  };
}

/** The one that the server's name lies in, the longest first; else the oldest. */
async function ownDomain(home: Home, hostname: string): Promise<string | null> {
  const domains = (await home.store.domains()).filter((one) => one.aliasOf === null);
  const above = domains
    .filter(({ name }) => hostname === name || hostname.endsWith(`.${name}`))
    .toSorted((a, b) => b.name.length - a.name.length);
  const oldest = domains.toSorted((a, b) => a.createdMs - b.createdMs);
  return above[0]?.name ?? oldest[0]?.name ?? null;
}
