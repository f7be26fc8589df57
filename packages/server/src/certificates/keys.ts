/**
 * Keys of certificates (EC P-256), the request for one, and certificates that we make ourselves.
 * RFC 2986; RFC 5280; RFC 8737 §3.
 */

import 'reflect-metadata';
import {
  createHash,
  createPublicKey,
  generateKeyPair,
  webcrypto,
  type X509Certificate,
} from 'node:crypto';
import { promisify } from 'node:util';
import * as x509 from '@peculiar/x509';
import type { KeyPair } from './served.ts';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const generate = promisify(generateKeyPair);
const dayMs = 86_400_000;

/** PEM, PKCS #8. */
export async function makeKey(): Promise<string> {
  const { privateKey } = await generate('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** SHA-256 of the public key: `3 1 1` of a TLSA record (RFC 6698 §2.1). PEM of either half. */
export function keyHash(key: string | X509Certificate): Buffer {
  const known = typeof key === 'string' ? createPublicKey(key) : key.publicKey;
  return createHash('sha256')
    .update(known.export({ type: 'spki', format: 'der' }))
    .digest();
}

/** DER of a request for these names. */
export async function makeRequest(names: readonly string[], key: string): Promise<Uint8Array> {
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    keys: await pairOf(key),
    signingAlgorithm: algorithm,
    extensions: [alternatives(names)],
  });
  return new Uint8Array(request.rawData);
}

/** For the first moments of a server that waits for its first certificate. */
export async function makeSelfSigned(names: readonly string[], nowMs: number): Promise<KeyPair> {
  const key = await makeKey();
  const made = await selfSigned(names, { key, nowMs, days: 7, extensions: [] });
  return { certificate: made.toString('pem'), key };
}

/** What tls-alpn-01 shows: the proof in an extension that nothing else understands. RFC 8737 §3. */
export async function makeProof(
  name: string,
  keyAuthorization: string,
  nowMs: number,
): Promise<KeyPair> {
  const key = await makeKey();
  const digest = createHash('sha256').update(keyAuthorization).digest();
  const octetString = Buffer.concat([Uint8Array.of(0x04, digest.length), digest]);
  const proof = new x509.Extension('1.3.6.1.5.5.7.1.31', true, octetString);
  const made = await selfSigned([name], { key, nowMs, days: 1, extensions: [proof] });
  return { certificate: made.toString('pem'), key };
}

async function selfSigned(
  names: readonly string[],
  about: {
    readonly key: string;
    readonly nowMs: number;
    readonly days: number;
    readonly extensions: readonly x509.Extension[];
  },
): Promise<x509.X509Certificate> {
  return x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${names[0] ?? 'localhost'}`,
    serialNumber: `40${Buffer.from(webcrypto.getRandomValues(new Uint8Array(15))).toString('hex')}`,
    notBefore: new Date(about.nowMs - dayMs),
    notAfter: new Date(about.nowMs + about.days * dayMs),
    signingAlgorithm: algorithm,
    keys: await pairOf(about.key),
    extensions: [alternatives(names), ...about.extensions],
  });
}

const alternatives = (names: readonly string[]) =>
  new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns', value })));

async function pairOf(key: string): Promise<webcrypto.CryptoKeyPair> {
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const pkcs8 = x509.PemConverter.decodeFirst(key);
  const { subtle } = webcrypto;
  return {
    privateKey: await subtle.importKey('pkcs8', pkcs8, algorithm, true, ['sign']),
    publicKey: await subtle.importKey('spki', spki, algorithm, true, ['verify']),
  };
}
