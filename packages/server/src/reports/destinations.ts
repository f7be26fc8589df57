/**
 * Where the reports about a domain go. For DMARC the record is at hand, but an address elsewhere
 * must have agreed (RFC 9990 §4), or anybody could bury anybody under reports; for TLS the domain
 * is asked now (RFC 8460 §3).
 */

import { findOrganisation } from '@merpati/formats/auth/dmarc.ts';
import { isDmarcRecord } from '@merpati/formats/auth/dmarc-record.ts';
import { readDmarcRecord } from '@merpati/formats/auth/dmarc-record.ts';
import { settleCheck } from '@merpati/formats/auth/dns-facts.ts';
import {
  readReportAddress,
  readReportAddresses,
  readTlsReportRecord,
  type ReportAddress,
} from '@merpati/formats/report/report-address.ts';
import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import { askResolver } from '../checks/dns-facts.ts';
import type { Home } from '../home.ts';

export type Destinations =
  | { readonly kind: 'known'; readonly addresses: readonly ReportAddress[] }
  /** The DNS does not answer now. */
  | { readonly kind: 'later' };

const later: Destinations = { kind: 'later' };

export async function tlsDestinations(home: Home, domain: string): Promise<Destinations> {
  const reply = await askResolver(home.world.dns, { name: `_smtp._tls.${domain}`, type: 'TXT' });
  if (reply.kind === 'failed') return later;
  const texts = reply.kind === 'found' ? reply.text : [];
  return { kind: 'known', addresses: readTlsReportRecord(texts) };
}

/** `domain` is where the record was found. */
export async function dmarcDestinations(
  home: Home,
  domain: string,
  uris: readonly string[],
): Promise<Destinations> {
  const addresses: ReportAddress[] = [];
  const own = await organisationOf(home, domain);
  if (own === null) return later;
  for (const address of readReportAddresses(uris)) {
    // RFC 9990 §3.5 knows mail only.
    if (address.kind !== 'mail') continue;
    const theirs: string | null =
      address.host === domain ? own : await organisationOf(home, address.host);
    if (theirs === null) return later;
    if (theirs === own) {
      addresses.push(address);
      continue;
    }
    const agreed = await askElsewhere(home, domain, address);
    if (agreed === 'later') return later;
    if (agreed.length === 0) {
      home.log.info({ event: 'report.not-agreed', domain, host: address.host });
    }
    addresses.push(...agreed);
  }
  return { kind: 'known', addresses };
}

async function organisationOf(home: Home, domain: string): Promise<string | null> {
  return settleCheck(findOrganisation(domain), (question) => askResolver(home.world.dns, question));
}

/** RFC 9990 §4, steps 2 to 9. */
async function askElsewhere(
  home: Home,
  domain: string,
  address: ReportAddress,
): Promise<readonly ReportAddress[] | 'later'> {
  const name = `${domain}._report._dmarc.${address.host}`;
  if (name.length > 253) return [];
  const reply = await askResolver(home.world.dns, { name, type: 'TXT' });
  if (reply.kind === 'failed') return 'later';
  const texts = reply.kind === 'found' ? reply.text.filter(isDmarcRecord) : [];
  if (texts.length === 0) return [];
  const instead = texts.flatMap((text) => reportsToOf(text));
  if (instead.length === 0) return [address];
  // Another address of the same host may be named, and no other host.
  const read = instead.map((uri) => readReportAddress(uri));
  const isWithin = read.every((one) => one?.kind === 'mail' && one.host === address.host);
  return isWithin ? readReportAddresses(instead) : [];
}

function reportsToOf(text: string): readonly string[] {
  try {
    return readDmarcRecord(text).reportsTo;
  } catch (error) {
    if (error instanceof SyntaxFault) return [];
    throw error;
  }
}
