/**
 * The records that a domain of ours needs in the DNS, from facts alone: what a person puts there,
 * what the check compares with, and what the lab's zone publishes. MX RFC 5321 §5.1; SPF RFC 7208;
 * DKIM RFC 6376 §3.6.1; DMARC RFC 9989 §4; MTA-STS RFC 8461 §3.1; TLS-RPT RFC 8460 §3; DANE RFC
 * 7672 §3.1; SRV RFC 6186 §3, RFC 8314 §5.1; CAA RFC 8659 §4.
 */

import { readAddress } from '@merpati/formats/dns/address.ts';
import type { RecordData } from '@merpati/formats/dns/message.ts';

/** What a record is for. */
export type Purpose =
  | 'mx'
  | 'address'
  | 'spf'
  | 'dkim'
  | 'dmarc'
  | 'sts'
  | 'tls-rpt'
  | 'tlsa'
  | 'service'
  | 'clients'
  | 'caa';

/** Without `must` mail fails; `should` is what a good host has; `may` depends on the zone. */
export type Level = 'must' | 'should' | 'may';

export interface ZoneRecord {
  /** Lower case, without the final dot. */
  readonly name: string;
  readonly ttlSeconds: number;
  readonly data: Exclude<RecordData, { readonly type: 'other' }>;
  readonly purpose: Purpose;
  readonly level: Level;
}

export interface DkimFact {
  readonly selector: string;
  readonly text: string;
  /** Retired keys are kept, revoked ones may go. */
  readonly level: Level;
}

/** Ports of what is offered; null: it is not. */
export interface Services {
  readonly submission: number | null;
  readonly submissions: number | null;
  readonly imap: number | null;
  readonly imaps: number | null;
  readonly pop3: number | null;
  readonly pop3s: number | null;
  readonly https: number | null;
}

export interface DomainFacts {
  readonly domain: string;
  /** The MX, and the host of every service. */
  readonly host: string;
  /** As the world sees them; empty: not known. */
  readonly addresses: readonly string[];
  /** Terms behind `v=spf1`. */
  readonly spf: string;
  readonly dkim: readonly DkimFact[];
  readonly dmarc: 'none' | 'quarantine' | 'reject';
  /** Addresses for the reports of others about the domain. */
  readonly reportsTo: { readonly dmarc: string; readonly tls: string };
  /** Of the policy that HTTPS serves; null: none is served. */
  readonly stsId: string | null;
  /** SHA-256 of the public keys that the MX shows now or will show next. */
  readonly keyHashes: readonly Uint8Array[];
  readonly services: Services;
  /** `letsencrypt.org` */
  readonly ca: string | null;
  readonly ttlSeconds: number;
}

export function domainRecords(facts: DomainFacts): ZoneRecord[] {
  const { domain, host, ttlSeconds } = facts;
  const record = (
    name: string,
    data: ZoneRecord['data'],
    [purpose, level]: readonly [Purpose, Level],
  ): ZoneRecord => ({ name, ttlSeconds, data, purpose, level });
  const dmarc = `v=DMARC1; p=${facts.dmarc}; rua=mailto:${facts.reportsTo.dmarc}`;
  return [
    record(domain, { type: 'MX', preference: 10, exchange: host }, ['mx', 'must']),
    ...facts.addresses.map((address) => record(host, addressData(address), ['address', 'must'])),
    record(domain, text(`v=spf1 ${facts.spf}`), ['spf', 'must']),
    ...facts.dkim.map(({ selector, text: value, level }) =>
      record(`${selector}._domainkey.${domain}`, text(value), ['dkim', level]),
    ),
    record(`_dmarc.${domain}`, text(dmarc), ['dmarc', 'must']),
    ...reportConsent(facts, record),
    record(`_smtp._tls.${domain}`, text(`v=TLSRPTv1; rua=mailto:${facts.reportsTo.tls}`), [
      'tls-rpt',
      'should',
    ]),
    ...stsRecords(facts, record),
    ...serviceRecords(facts, record),
    ...webRecords(facts, record),
    ...facts.keyHashes.map((data) =>
      record(`_25._tcp.${host}`, { type: 'TLSA', usage: 3, selector: 1, matching: 1, data }, [
        'tlsa',
        'may',
      ]),
    ),
    ...(facts.ca === null ? [] : [record(domain, issuer(facts.ca), ['caa', 'may'])]),
  ];
}

type Write = (
  name: string,
  data: ZoneRecord['data'],
  about: readonly [Purpose, Level],
) => ZoneRecord;

/** Who takes reports about another domain has to say that it wants them. RFC 7489 §7.1. */
function reportConsent({ domain, reportsTo }: DomainFacts, record: Write): ZoneRecord[] {
  const taker = reportsTo.dmarc.slice(reportsTo.dmarc.lastIndexOf('@') + 1);
  if (isWithin(taker, domain) || isWithin(domain, taker)) return [];
  return [record(`${domain}._report._dmarc.${taker}`, text('v=DMARC1;'), ['dmarc', 'should'])];
}

function stsRecords({ domain, host, stsId }: DomainFacts, record: Write): ZoneRecord[] {
  if (stsId === null) return [];
  return [
    record(`_mta-sts.${domain}`, text(`v=STSv1; id=${stsId}`), ['sts', 'should']),
    record(`mta-sts.${domain}`, { type: 'CNAME', target: host }, ['sts', 'should']),
  ];
}

/** IMAP before POP3: a device that could do both takes what keeps all devices in step. */
const services = [
  ['submissions', 0],
  ['submission', 10],
  ['imaps', 0],
  ['imap', 10],
  ['pop3s', 20],
  ['pop3', 30],
] as const;

/** What is not offered has the root as its target; without any it says nothing. RFC 6186 §3.4. */
function serviceRecords(facts: DomainFacts, record: Write): ZoneRecord[] {
  if (services.every(([service]) => facts.services[service] === null)) return [];
  return services.map(([service, priority]) => {
    const port = facts.services[service];
    const data =
      port === null
        ? ({ type: 'SRV', priority: 0, weight: 0, port: 0, target: '' } as const)
        : ({ type: 'SRV', priority, weight: 1, port, target: facts.host } as const);
    return record(`_${service}._tcp.${facts.domain}`, data, ['service', 'should']);
  });
}

/** Where programs look that know no SRV: Thunderbird, Outlook, the mail of Apple. */
function webRecords({ domain, host, services: { https } }: DomainFacts, record: Write) {
  if (https === null) return [];
  const about = ['clients', 'should'] as const;
  const target = { type: 'SRV', priority: 0, weight: 1, port: https, target: host } as const;
  return [
    record(`autoconfig.${domain}`, { type: 'CNAME', target: host }, about),
    record(`autodiscover.${domain}`, { type: 'CNAME', target: host }, about),
    record(`_autodiscover._tcp.${domain}`, target, about),
  ];
}

function addressData(address: string): ZoneRecord['data'] {
  return { type: readAddress(address)?.length === 4 ? 'A' : 'AAAA', address };
}

/** A character-string has 255 octets at most; a text of more is several. RFC 7208 §3.3. */
function text(value: string): ZoneRecord['data'] {
  const octets = new TextEncoder().encode(value);
  const strings: Uint8Array[] = [];
  for (let at = 0; at < octets.length; at += 255) strings.push(octets.subarray(at, at + 255));
  return { type: 'TXT', strings };
}

const issuer = (ca: string): ZoneRecord['data'] => ({
  type: 'CAA',
  flags: 0,
  tag: 'issue',
  value: new TextEncoder().encode(ca),
});

/** Is that name the domain itself or below it? */
export function isWithin(name: string, domain: string): boolean {
  return name === domain || name.endsWith(`.${domain}`);
}
