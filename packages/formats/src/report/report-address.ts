/**
 * Where reports go: `rua=` of DMARC records and of TLS-RPT records. RFC 9990 §3.5, RFC 7489 §6.2
 * (size), RFC 8460 §3, RFC 6068 (mailto).
 */

import { readTagList } from '../auth/tag-list.ts';
import { normalDomain, splitAddress } from '../smtp/path.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import { reportAddressLimits } from './limits.ts';

export type ReportAddress =
  | {
      readonly kind: 'mail';
      readonly address: string;
      /** In A-labels, lower case. */
      readonly host: string;
      /** Octets of one report at most; null: not told. */
      readonly sizeMax: number | null;
    }
  | { readonly kind: 'https'; readonly url: string; readonly host: string };

const units: Readonly<Record<string, number>> = {
  '': 1,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
};

/**
 * null: not understood, and not used.
 *
 * @example
 * readReportAddress('mailto:dmarc@contoh.id!10m'); // { kind: 'mail', sizeMax: 10485760, … }
 */
export function readReportAddress(uri: string): ReportAddress | null {
  const [, target = uri, number, unit = ''] = /^(.*?)!(\d{1,9})([kmgt]?)$/i.exec(uri) ?? [];
  const mail = /^mailto:([^?]+)(?:\?.*)?$/i.exec(target.trim());
  if (mail !== null) {
    const address = decode(mail[1] ?? '');
    const host = normalDomain(splitAddress(address ?? '')?.domain ?? '');
    if (address === null || host === null || !isPlainAddress(address)) return null;
    const size = number === undefined ? null : Number(number) * (units[unit.toLowerCase()] ?? 1);
    return { kind: 'mail', address, host, sizeMax: size };
  }
  if (!/^https:/i.test(target)) return null;
  const place =
    /^https:\/\/([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?([/?][^\s"<>\\^`{|}]*)?$/i;
  const match = place.exec(target.trim());
  if (match === null) return null;
  return { kind: 'https', url: target.trim(), host: (match[1] ?? '').toLowerCase() };
}

/** What goes into an envelope and a header as it is, and nothing else. */
function isPlainAddress(address: string): boolean {
  return address.length <= 254 && /^[\w.!#$%&'*+/=?^`{|}~-]+@[\w.-]+$/.test(address);
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/** Each once, as many as are used. */
export function readReportAddresses(uris: readonly string[]): readonly ReportAddress[] {
  const found = new Map<string, ReportAddress>();
  for (const uri of uris) {
    if (found.size >= reportAddressLimits.addressesMax) break;
    const address = readReportAddress(uri);
    if (address === null) continue;
    const key = address.kind === 'mail' ? address.address.toLowerCase() : address.url;
    if (!found.has(key)) found.set(key, address);
  }
  return [...found.values()];
}

/**
 * Of the texts at `_smtp._tls`: where reports go; empty when the domain wants none. RFC 8460 §3:
 * records of other versions are passed over, and several are none.
 */
export function readTlsReportRecord(texts: readonly string[]): readonly ReportAddress[] {
  const ours = texts.filter((text) => /^v=TLSRPTv1[ \t]*;/.test(text));
  const [text] = ours;
  if (ours.length !== 1 || text === undefined) return [];
  for (const part of text.split(';')) {
    const [name, value] = tagOf(part);
    if (name === 'rua') return readReportAddresses(value.split(',').map((uri) => uri.trim()));
  }
  return [];
}

function tagOf(part: string): readonly [string, string] {
  try {
    return [...readTagList(part)][0] ?? ['', ''];
  } catch (error) {
    if (error instanceof SyntaxFault) return ['', ''];
    throw error;
  }
}
