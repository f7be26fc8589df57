/**
 * The lab's own certificate authority: one root, and a certificate for each server. The root is
 * written to a file, so that curl, Thunderbird or a phone can be told to trust it. RFC 5280.
 */

import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as x509 from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const dayMs = 86_400_000;

/** PEM texts, ready for `tls.createSecureContext`. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

export interface Authority {
  /** PEM of the root, to be trusted. */
  readonly certificate: string;
  /** The same in a file. */
  readonly certificateFile: string;
  /** DNS names and IP addresses; the first becomes the common name. */
  issue(names: readonly string[], nowMs: number): Promise<Certificate>;
}

/** Takes the authority that lies in the folder, or makes one there. */
export async function openAuthority(folder: string, nowMs: number): Promise<Authority> {
  const certificateFile = path.join(folder, 'lab-ca.pem');
  const keyFile = path.join(folder, 'lab-ca.key');
  if (!existsSync(keyFile) || !existsSync(certificateFile)) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const made = await makeRoot(nowMs);
    await writeFile(keyFile, made.key, { mode: 0o600 });
    await writeFile(certificateFile, made.certificate, { mode: 0o644 });
  }
  const certificate = readFileSync(certificateFile, 'latin1');
  const root = new x509.X509Certificate(certificate);
  const signingKey = await readKey(readFileSync(keyFile, 'latin1'));
  return {
    certificate,
    certificateFile,
    issue: (names, now) => issue({ root, signingKey }, names, now),
  };
}

/**
 * A certificate nobody should believe: signed by itself, for another name, and over since
 * yesterday.
 */
export async function makeWrongCertificate(nowMs: number): Promise<Certificate> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=somebody-else.test',
    serialNumber: serialNumber(),
    notBefore: new Date(nowMs - 30 * dayMs),
    notAfter: new Date(nowMs - dayMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: 'somebody-else.test' }]),
    ],
  });
  return { certificate: certificate.toString('pem'), key: await writeKey(keys.privateKey) };
}

async function makeRoot(nowMs: number): Promise<Certificate> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const usages = x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=Merpati lab',
    serialNumber: serialNumber(),
    notBefore: new Date(nowMs - dayMs),
    notAfter: new Date(nowMs + 3650 * dayMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(usages, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: certificate.toString('pem'), key: await writeKey(keys.privateKey) };
}

interface Issuer {
  readonly root: x509.X509Certificate;
  readonly signingKey: webcrypto.CryptoKey;
}

async function issue(
  { root, signingKey }: Issuer,
  names: readonly string[],
  nowMs: number,
): Promise<Certificate> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const alternatives = names.map((value) => ({
    type: /^[0-9.]+$|:/.test(value) ? ('ip' as const) : ('dns' as const),
    value,
  }));
  const certificate = await x509.X509CertificateGenerator.create({
    subject: `CN=${names[0] ?? 'localhost'}`,
    issuer: root.subject,
    serialNumber: serialNumber(),
    notBefore: new Date(nowMs - dayMs),
    // Apple's systems refuse server certificates of more than 825 days, whoever signed them.
    notAfter: new Date(nowMs + 800 * dayMs),
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(alternatives),
      await x509.AuthorityKeyIdentifierExtension.create(root),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: certificate.toString('pem'), key: await writeKey(keys.privateKey) };
}

/** 16 octets of chance, positive and not zero. RFC 5280 §4.1.2.2. */
function serialNumber(): string {
  const bytes = Buffer.from(webcrypto.getRandomValues(new Uint8Array(16)));
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes.toString('hex');
}

async function writeKey(key: webcrypto.CryptoKey): Promise<string> {
  const octets = await webcrypto.subtle.exportKey('pkcs8', key);
  return x509.PemConverter.encode(octets, 'PRIVATE KEY');
}

async function readKey(pem: string): Promise<webcrypto.CryptoKey> {
  const octets = x509.PemConverter.decodeFirst(pem);
  return webcrypto.subtle.importKey('pkcs8', octets, algorithm, false, ['sign']);
}
