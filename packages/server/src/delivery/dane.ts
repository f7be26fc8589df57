/**
 * What the signed DNS says about the certificate of a mail server: which TLSA records hold for a
 * host of an MX record, and under which name. RFC 7672 §2.1.2, §2.2.
 */

import { tlsaText, usableTlsa, type Tlsa } from '@merpati/formats/dns/tlsa.ts';
import type { DnsAnswer, World } from '../world.ts';
import type { HostAddresses } from './host-addresses.ts';

export interface Dane {
  /** The TLSA base domain: for SNI, and the first name that a certificate may be for. */
  readonly base: string;
  /** Those that a certificate can be held against; empty: TLS is required, of whomsoever. §2.2. */
  readonly records: readonly Tlsa[];
  /** All that there are, as in a zone file. */
  readonly listed: readonly string[];
  /** The names one of which a certificate below an anchor must be for. §3.2.2. */
  readonly names: readonly string[];
}

export type DaneFinding =
  | { readonly kind: 'found'; readonly dane: Dane }
  /** The host has not asked for it, or nothing that it says could be believed. */
  | { readonly kind: 'none' }
  /**
   * There may be records, and the DNS does not give them: who keeps them from us may be the one who
   * wants to listen, so the host is not spoken with. §2.1.2.
   */
  | {
      readonly kind: 'unknown';
      readonly base: string;
      readonly reason: (DnsAnswer & { kind: 'error' })['reason'];
    };

export interface DaneQuestion {
  readonly host: string;
  readonly port: number;
  readonly found: HostAddresses & { readonly kind: 'addresses' };
  /** Where the mail goes: the domain, and the name that its alias leads to. All from signed DNS. */
  readonly nextHops: readonly string[];
}

/** Only for hosts that signed MX records have named, or signed word that there are none. */
export async function findDane(
  world: Pick<World, 'dns'>,
  question: DaneQuestion,
): Promise<DaneFinding> {
  const { host, port, nextHops } = question;
  for (const base of await basesOf(world, question)) {
    const answer = await world.dns.query(`_${port}._tcp.${base}`, 'TLSA');
    if (answer.kind === 'error') return { kind: 'unknown', base, reason: answer.reason };
    if (answer.kind !== 'records' || !answer.authenticated) continue;
    const all = answer.records.filter((record) => record.type === 'TLSA');
    if (all.length === 0) continue;
    const names = [...new Set([base, host, ...nextHops])];
    const dane = { base, records: usableTlsa(all), listed: all.map(tlsaText), names };
    return { kind: 'found', dane };
  }
  return { kind: 'none' };
}

/**
 * Where the records may be: under the name that an alias leads to when all of the way is signed,
 * then under the host's own. Whoever does not sign his addresses is not asked at all: his name
 * server may be of those that do not understand the question. §2.2.2, §2.2.3.
 */
async function basesOf(
  world: Pick<World, 'dns'>,
  { host, found }: DaneQuestion,
): Promise<readonly string[]> {
  const { expanded } = found;
  if (found.authenticated) return expanded === host ? [host] : [expanded, host];
  if (expanded === host) return [];
  // The alias itself may be signed although what it leads to is not.
  const alias = await world.dns.query(host, 'CNAME');
  return alias.kind === 'records' && alias.authenticated ? [host] : [];
}
