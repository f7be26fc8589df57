/**
 * Certificates of every kind, good and bad, for peers in tests: authorities below authorities,
 * servers whose time is over, keys that sign themselves; and the TLSA records that describe them.
 */

import 'reflect-metadata';
import { createHash, webcrypto, X509Certificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { tlsaText } from '../../packages/formats/src/dns/tlsa.ts';
import { readCertificate } from '../../packages/formats/src/x509/certificate.ts';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const dayMs = 86_400_000;

export interface IssueOptions {
  /** Host names; the first is the common name too. */
  readonly names: readonly string[];
  /** Days from now; the past for what is over. */
  readonly untilDays?: number;
  /** What it may be used for, by OID; nothing said: for anything. */
  readonly purposes?: readonly string[];
  /** May sign others; so many authorities may stand below it. */
  readonly authority?: { readonly pathLengthMax?: number };
}

export interface Issued {
  /** PEM, with those above it but for the root. */
  readonly chain: string;
  /** PEM of itself alone. */
  readonly certificate: string;
  readonly key: string;
  issue(options: IssueOptions): Promise<Issued>;
}

/** One that has signed itself: a root when it is an authority. */
export function selfSigned(options: IssueOptions): Promise<Issued> {
  return make(options, null);
}

interface Above {
  readonly certificate: x509.X509Certificate;
  readonly keys: webcrypto.CryptoKeyPair;
  /** What a server below it has to present. */
  readonly chain: string;
}

async function make(options: IssueOptions, above: Above | null): Promise<Issued> {
  const { names, untilDays = 90, authority, purposes } = options;
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const hosts = names.map((value) => ({ type: 'dns' as const, value }));
  const certificate = await x509.X509CertificateGenerator.create({
    subject: `CN=${names[0] ?? ''}`,
    issuer: above?.certificate.subject ?? `CN=${names[0] ?? ''}`,
    serialNumber: Buffer.from(webcrypto.getRandomValues(new Uint8Array(15))).toString('hex'),
    notBefore: new Date(Date.now() - 100 * dayMs),
    notAfter: new Date(Date.now() + untilDays * dayMs),
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey: above?.keys.privateKey ?? keys.privateKey,
    extensions:
      authority === undefined
        ? [
            new x509.SubjectAlternativeNameExtension(hosts),
            ...(purposes === undefined ? [] : [new x509.ExtendedKeyUsageExtension([...purposes])]),
          ]
        : [
            new x509.BasicConstraintsExtension(true, authority.pathLengthMax, true),
            new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
          ],
  });
  const pem = `${certificate.toString('pem')}\n`;
  const chain = above === null ? '' : `${pem}${above.chain}`;
  return {
    certificate: pem,
    chain: above === null ? pem : chain,
    key: x509.PemConverter.encode(
      await webcrypto.subtle.exportKey('pkcs8', keys.privateKey),
      'PRIVATE KEY',
    ),
    issue: (more) => make(more, { certificate, keys, chain }),
  };
}

/** `3 1 1 2f0c…`, as in a zone file. */
export function tlsaOf(pem: string, usage: number, selector: number, matching: number): string {
  const { raw } = new X509Certificate(pem);
  const octets = selector === 0 ? raw : readCertificate(raw).publicKey;
  const digest = { 1: 'sha256', 2: 'sha512' }[matching];
  const data = digest === undefined ? octets : createHash(digest).update(octets).digest();
  return tlsaText({ usage, selector, matching, data });
}
