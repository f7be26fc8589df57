/** Letters for tests as honest and other servers sign them: DKIM, and ARC as lists seal. */

import { generateKeyPairSync } from 'node:crypto';
import { ArcSealer } from '@merpati/formats/auth/arc-seal.ts';
import type { PrivateKey } from '@merpati/formats/auth/crypto-seam.ts';
import { BodyHashes } from '@merpati/formats/auth/body-hash.ts';
import { signField, namesToSign } from '@merpati/formats/auth/dkim-sign.ts';
import { readHead } from '@merpati/formats/message/head.ts';
import { authCrypto, readPrivateKey } from '../checks/auth-crypto.ts';

export interface TestKey {
  readonly key: PrivateKey;
  /** For the DNS. */
  readonly record: string;
}

export function makeRsaKey(modulusLength = 2048): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength });
  const der = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  const key = readPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  return { key, record: `v=DKIM1; k=rsa; p=${der}` };
}

export function makeEd25519Key(): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const { x = '' } = publicKey.export({ format: 'jwk' });
  const key = readPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  const octets = Buffer.from(x, 'base64url').toString('base64');
  return { key, record: `v=DKIM1; k=ed25519; p=${octets}` };
}

export interface Signing {
  readonly domain: string;
  readonly selector: string;
  readonly key: PrivateKey;
  /** More tags, e.g. `x=1`. */
  readonly tags?: readonly string[];
  /** Octets of the body that are signed; all of them unless told. */
  readonly length?: number;
}

/** Relaxed, relaxed. */
export function signLetter(letter: string, signing: Signing): string {
  const octets = Buffer.from(letter);
  const head = readHead(octets);
  const { key, domain, selector, length = null } = signing;
  const form = { hash: 'sha256', body: 'relaxed', length } as const;
  const bodies = new BodyHashes(authCrypto);
  bodies.want(form);
  bodies.write(octets.subarray(head.length));
  const names = namesToSign(head);
  const tags = [
    'v=1',
    `a=${key.kind}-sha256`,
    'c=relaxed/relaxed',
    `d=${domain}`,
    `s=${selector}`,
    ...(signing.tags ?? []),
    ...(length === null ? [] : [`l=${length}`]),
    `h=${names.join(':')}`,
    `bh=${Buffer.from(bodies.digest(form).digest).toString('base64')}`,
  ];
  return signField('DKIM-Signature', { tags, names, key, head, crypto: authCrypto }) + letter;
}

/** What a list does that notes what it saw, and seals it. */
export function sealLetter(letter: string, saw: string, signing: Signing): string {
  const results = `Authentication-Results: ${signing.domain}; ${saw}\r\n`;
  const octets = Buffer.from(results + letter);
  const head = readHead(octets);
  const sealer = new ArcSealer(head, authCrypto);
  sealer.write(octets.subarray(head.length));
  const { domain, selector, key } = signing;
  const timestamp = Math.floor(Date.now() / 1000);
  const values = sealer.seal({ authservId: domain, domain, selector, key, timestamp });
  if (values === null) throw new Error('it cannot be sealed');
  const { seal, message, results: seen } = values;
  return (
    `ARC-Seal: ${seal}\r\nARC-Message-Signature: ${message}\r\n` +
    `ARC-Authentication-Results: ${seen}\r\n${letter}`
  );
}
