/**
 * TLSA records as SMTP uses them: which say something, and which of several digests counts. RFC
 * 6698 §2 (the fields), RFC 7672 §3.1 (what SMTP takes of them), RFC 7671 §9 (digest agility).
 */

import { SyntaxFault } from '../syntax-fault.ts';
import { dnsLimits } from './limits.ts';

export interface Tlsa {
  /** 2: a trust anchor of the chain (DANE-TA); 3: the server's own (DANE-EE); 0, 1: web's roots. */
  readonly usage: number;
  /** 0: the whole certificate; 1: its public key (SubjectPublicKeyInfo). */
  readonly selector: number;
  /** 0: as it is; 1: SHA-256; 2: SHA-512. */
  readonly matching: number;
  readonly data: Uint8Array;
}

const digestOctets: Readonly<Record<number, number>> = { 1: 32, 2: 64 };

/**
 * The records that a certificate can be held against. Those for the roots of the web (0 and 1)
 * bind nobody in SMTP, and what is not known or damaged neither. Of digests of one kind only the
 * strongest there is counts: a weaker one may be left there by somebody who can find collisions.
 * Empty although there were some: TLS is required, and nobody can say whose.
 */
export function usableTlsa(records: readonly Tlsa[]): Tlsa[] {
  const usable = records.slice(0, dnsLimits.tlsaRecordsMax).filter(isUsable);
  const strongest = new Map<string, number>();
  for (const { usage, selector, matching } of usable) {
    const kind = `${usage} ${selector}`;
    strongest.set(kind, Math.max(strongest.get(kind) ?? 0, matching));
  }
  return usable.filter(
    ({ usage, selector, matching }) =>
      matching === 0 || matching === strongest.get(`${usage} ${selector}`),
  );
}

function isUsable({ usage, selector, matching, data }: Tlsa): boolean {
  if (usage !== 2 && usage !== 3) return false;
  if (selector !== 0 && selector !== 1) return false;
  return matching === 0 ? data.length > 0 : data.length === digestOctets[matching];
}

/** As in a zone file: `3 1 1 2f0c…`. */
export function tlsaText({ usage, selector, matching, data }: Tlsa): string {
  let hex = '';
  for (const octet of data) hex += octet.toString(16).padStart(2, '0');
  return `${usage} ${selector} ${matching} ${hex}`;
}

/** Throws `SyntaxFault` when the text is no content of a TLSA record. RFC 6698 §2.2. */
export function readTlsaText(text: string): Tlsa {
  const match = /^([0-9]{1,3}) ([0-9]{1,3}) ([0-9]{1,3}) ((?:[0-9a-f]{2})+)$/i.exec(
    text.trim().replace(/[ \t]+/g, ' '),
  );
  const [, usage, selector, matching, hex = ''] = match ?? [];
  const numbers = [usage, selector, matching].map(Number);
  if (match === null || numbers.some((number) => number > 255)) {
    throw new SyntaxFault('dns.tlsa', 'not the content of a TLSA record');
  }
  const data = Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  return { usage: Number(usage), selector: Number(selector), matching: Number(matching), data };
}
