/** What is the case with the certificates of a home, for lists and for the doctor. */

import { X509Certificate } from 'node:crypto';
import { tellsOf } from '../certificates/due.ts';
import { keyHash } from '../certificates/keys.ts';
import { namesOf } from '../certificates/served.ts';
import { pairsToShow } from '../certificates/shown.ts';
import { readCertificates } from '../certificates/stored.ts';
import type { Home } from '../home.ts';
import type { Finding } from './operations/server-examine.ts';

export interface CertificateView {
  /** The host's name or a domain's; the first name of one in a file. */
  readonly id: string;
  readonly source: 'file' | 'acme' | 'self-made';
  readonly names: readonly string[];
  readonly issuer: string;
  readonly notAfterMs: number;
  /** SHA-256 of its public key: `3 1 1` of a TLSA record. */
  readonly keySha256: string;
  /** Of the key that comes next; null: the next one is somebody else's business. */
  readonly nextKeySha256: string | null;
  /** What went wrong last. */
  readonly trouble: { readonly code: string; readonly detail: string } | null;
  readonly nextTryMs: number | null;
}

export async function certificateViews(home: Home): Promise<CertificateView[]> {
  const known = await readCertificates(home.store);
  const pairs = await pairsToShow(home);
  return pairs.map(({ certificate }) => {
    const x509 = new X509Certificate(certificate);
    const [id, stored] = [...known].find(([, { chain }]) => chain === certificate) ?? [null, null];
    const names = namesOf(x509);
    const isSelfMade = stored === null && x509.issuer === x509.subject;
    return {
      id: id ?? names[0] ?? x509.subject,
      source: stored === null ? (isSelfMade ? 'self-made' : 'file') : 'acme',
      names,
      issuer: x509.issuer.split('\n').at(-1)?.replace(/^CN=/, '') ?? '',
      notAfterMs: Date.parse(x509.validTo),
      keySha256: keyHash(x509).toString('hex'),
      nextKeySha256: stored === null ? null : keyHash(stored.nextKey).toString('hex'),
      trouble: stored?.trouble ?? null,
      nextTryMs: stored === null || stored.nextTryMs === 0 ? null : stored.nextTryMs,
    };
  });
}

const dayMs = 86_400_000;
/** A renewal comes a month before the end; whoever is so near has been failing for weeks. */
const nearMs = 10 * dayMs;

export async function certificateFindings(home: Home): Promise<Finding[]> {
  const { config, store, world } = home;
  const views = await certificateViews(home);
  const isReal = (view: CertificateView): boolean =>
    view.source !== 'self-made' || !config.acme.terms_agreed;
  const findings = views.filter(isReal).map((view) => about(view, world.nowMs()));
  for (const [name, { chain, trouble }] of await readCertificates(store)) {
    if (trouble !== null) {
      findings.push(finding('warning', 'certificate.failed', { name, detail: trouble.detail }));
    } else if (chain === null) findings.push(finding('error', 'certificate.none', { name }));
  }
  return [...findings, ...(await keyFindings(home, views))];
}

type CertificateCode = Extract<Finding['code'], `doctor.certificate.${string}`>;

const finding = (
  severity: Finding['severity'],
  code: CertificateCode extends `doctor.${infer Word}` ? Word : never,
  args: Finding['args'],
): Finding => ({ code: `doctor.${code}`, severity, args });

function about({ names, notAfterMs }: CertificateView, nowMs: number): Finding {
  const name = names.join(', ');
  const restMs = notAfterMs - nowMs;
  if (restMs < 0) return finding('error', 'certificate.over', { name });
  if (restMs < nearMs) return finding('warning', 'certificate.ends', { name, restMs });
  return finding('ok', 'certificate.good', { name, restMs });
}

/** Who publishes TLSA records must have our keys in them. RFC 7671 §8.1. */
async function keyFindings(home: Home, views: readonly CertificateView[]): Promise<Finding[]> {
  const host = home.config.hostname.toLowerCase();
  const view = views.find(({ names }) => names.includes(host));
  const tlsa = await home.world.dns.query(`_25._tcp.${host}`, 'TLSA');
  if (view === undefined || tlsa.kind !== 'records') return [];
  const record = (sha256: string) => `3 1 1 ${sha256}`;
  const { keySha256: now, nextKeySha256: next } = view;
  if (!tellsOf(tlsa, Buffer.from(now, 'hex'))) {
    return [finding('error', 'certificate.key.missing', { host, record: record(now) })];
  }
  if (next === null || tellsOf(tlsa, Buffer.from(next, 'hex'))) return [];
  return [finding('warning', 'certificate.key.next', { host, record: record(next) })];
}
