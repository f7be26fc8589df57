/**
 * Is this the server that the signed DNS has described? RFC 7672 §3; RFC 7671 §5.1 (its own key),
 * §5.2 (an anchor of its chain); RFC 5280 §6.1 for what stands between.
 */

import { createHash, createPublicKey, X509Certificate } from 'node:crypto';
import { tlsaText, type Tlsa } from '@merpati/formats/dns/tlsa.ts';
import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import {
  maySignFor,
  readCertificate,
  type CertificateForm,
} from '@merpati/formats/x509/certificate.ts';

export interface DaneTerms {
  readonly records: readonly Tlsa[];
  /** One of which a certificate below an anchor must be for. */
  readonly names: readonly string[];
  readonly nowMs: number;
}

/** `record`: the one that holds, as in a zone file. The errors are named as TLS libraries do. */
export type DaneVerdict =
  | { readonly kind: 'right'; readonly record: string }
  | {
      readonly kind: 'wrong';
      readonly error: 'TLSA_MISMATCH' | 'CERT_HAS_EXPIRED' | 'ERR_TLS_CERT_ALTNAME_INVALID';
    };

/** `presented`: the server's own certificate first; the others in any order. */
export function judgeByDane(presented: readonly X509Certificate[], terms: DaneTerms): DaneVerdict {
  const all = presented.map(read).filter((one) => one !== null);
  const [own] = all;
  if (own === undefined || own.x509 !== presented[0]) return wrong('TLSA_MISMATCH');
  for (const record of terms.records) {
    // Its own key is named: neither names nor dates of the certificate say more. RFC 7672 §3.1.1.
    if (record.usage === 3 && isOf(record, own)) return right(record);
  }
  const anchors = terms.records.filter(({ usage }) => usage === 2);
  // An anchor need not be presented when the DNS has it whole. RFC 7671 §5.2.2.
  const known = [...all, ...anchors.map(certificateIn).filter((one) => one !== null)];
  const way = { ...terms, known, anchors, below: [own], passed: new Set([own]) };
  const anchor = anchors.length === 0 ? null : climb(own, way);
  if (anchor === null) return wrong('TLSA_MISMATCH');
  if (anchor === 'expired') return wrong('CERT_HAS_EXPIRED');
  if (!isForServers(own.x509)) return wrong('TLSA_MISMATCH');
  const isNamed = terms.names.some((name) => own.x509.checkHost(name, checking) !== undefined);
  return isNamed ? right(anchor) : wrong('ERR_TLS_CERT_ALTNAME_INVALID');
}

/** RFC 7672 §3.2.3: a common name counts where there are no other names. */
const checking = { subject: 'default', partialWildcards: false } as const;

/** What it may be used for is for TLS servers, or not said. RFC 5280 §4.2.1.12. */
function isForServers({ keyUsage }: X509Certificate): boolean {
  const purposes = keyUsage as readonly string[] | undefined;
  return purposes === undefined || purposes.some((one) => one === serverAuth || one === anyUsage);
}

const serverAuth = '1.3.6.1.5.5.7.3.1';
const anyUsage = '2.5.29.37.0';

const right = (record: Tlsa): DaneVerdict => ({ kind: 'right', record: tlsaText(record) });
const wrong = (error: (DaneVerdict & { kind: 'wrong' })['error']): DaneVerdict => ({
  kind: 'wrong',
  error,
});

interface Read {
  readonly x509: X509Certificate;
  readonly form: CertificateForm;
}

function read(x509: X509Certificate): Read | null {
  try {
    return { x509, form: readCertificate(x509.raw) };
  } catch (error) {
    if (error instanceof SyntaxFault) return null;
    throw error;
  }
}

function isOf({ selector, matching, data }: Tlsa, { x509, form }: Read): boolean {
  const octets = selector === 0 ? x509.raw : form.publicKey;
  if (matching === 0) return Buffer.from(octets).equals(data);
  const digest = createHash(matching === 1 ? 'sha256' : 'sha512')
    .update(octets)
    .digest();
  return digest.equals(data);
}

interface Climb {
  readonly known: readonly Read[];
  readonly anchors: readonly Tlsa[];
  readonly nowMs: number;
  readonly names: readonly string[];
  /** The server's certificate and the authorities so far, lowest first. */
  readonly below: readonly Read[];
  /** Who has been looked at, on this way or another: certificates that sign each other end here. */
  readonly passed: Set<Read>;
}

/**
 * From a certificate to whoever has signed it, until somebody is an anchor. null: there is no way
 * up; 'expired': there is, but it is over.
 */
function climb(at: Read, given: Climb): Tlsa | 'expired' | null {
  const isOver = !isInTime(at.x509, given.nowMs);
  const bare = given.anchors.find((record) => hasSigned(record, at.x509));
  if (bare !== undefined) return isOver ? 'expired' : bare;
  let best: 'expired' | null = null;
  for (const issuer of given.known) {
    if (given.passed.has(issuer) || !isIssuer(issuer, at) || !mayStand(issuer, given)) continue;
    given.passed.add(issuer);
    const anchor = given.anchors.find((record) => isOf(record, issuer));
    const found =
      anchor === undefined
        ? climb(issuer, { ...given, below: [...given.below, issuer] })
        : inTimeOr(issuer.x509, given.nowMs, anchor);
    if (found !== null && found !== 'expired') return isOver ? 'expired' : found;
    best ??= found;
  }
  return best;
}

const inTimeOr = (x509: X509Certificate, nowMs: number, anchor: Tlsa): Tlsa | 'expired' =>
  isInTime(x509, nowMs) ? anchor : 'expired';

function isInTime({ validFromDate, validToDate }: X509Certificate, nowMs: number): boolean {
  return validFromDate.getTime() <= nowMs && nowMs <= validToDate.getTime();
}

function isIssuer(issuer: Read, at: Read): boolean {
  return (
    issuer.form.isAuthority &&
    at.x509.checkIssued(issuer.x509) &&
    at.x509.verify(issuer.x509.publicKey)
  );
}

/** Its own limits let this authority stand above those. RFC 5280 §4.2.1.9, §4.2.1.10. */
function mayStand({ form }: Read, { below, names }: Climb): boolean {
  const between = below.slice(1).filter(({ x509 }) => x509.subject !== x509.issuer).length;
  const isShort = form.pathLengthMax === null || between <= form.pathLengthMax;
  return !form.isStrange && isShort && hostsOf(below[0], names).every((it) => maySignFor(form, it));
}

/** What the server's certificate is for, or else what it is taken for. */
function hostsOf(own: Read | undefined, names: readonly string[]): readonly string[] {
  const listed = (own?.x509.subjectAltName ?? '')
    .split(', ')
    .flatMap((name) => (name.startsWith('DNS:') ? [name.slice(4)] : []));
  return listed.length > 0 ? listed : names;
}

/** The anchor as the record has it: the whole certificate. */
function certificateIn({ selector, matching, data }: Tlsa): Read | null {
  if (selector !== 0 || matching !== 0) return null;
  try {
    return read(new X509Certificate(data));
  } catch {
    // Not what the record says it is.
    return null;
  }
}

/** The anchor is a key alone. RFC 7671 §5.2.3. */
function hasSigned({ selector, matching, data }: Tlsa, x509: X509Certificate): boolean {
  if (selector !== 1 || matching !== 0) return false;
  try {
    return x509.verify(createPublicKey({ key: Buffer.from(data), format: 'der', type: 'spki' }));
  } catch {
    // Not what the record says it is.
    return false;
  }
}
