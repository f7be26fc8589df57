/** The cryptography of SPF's neighbours, by Node: DKIM and ARC. RFC 6376 §3.3; RFC 8463. */

import {
  createHash,
  createPrivateKey,
  createPublicKey,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto';
import type { AuthCrypto, PrivateKey, PublicKey } from '@merpati/formats/auth/crypto-seam.ts';
import type { KeyKind } from '@merpati/formats/auth/dkim-record.ts';

export const authCrypto: AuthCrypto = {
  newHash: (name) => {
    const hash = createHash(name);
    return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest() };
  },
  readPublicKey: (kind, octets) => {
    const name = `${kind} ${Buffer.from(octets).toString('latin1')}`;
    const known = keys.get(name);
    if (known !== undefined) return known;
    const read = kind === 'rsa' ? readRsa(octets) : readEd25519(octets);
    const key = read === null ? null : publicKey(read);
    if (keys.size >= keysMax) keys.delete(keys.keys().next().value ?? '');
    keys.set(name, key);
    return key;
  },
};

/** To read a key costs as much as to verify with it, and most mail is of few senders. */
const keys = new Map<string, PublicKey | null>();
/** Some 2 KB each. */
const keysMax = 1000;

function publicKey(key: KeyObject): PublicKey {
  const isRsa = key.asymmetricKeyType === 'rsa';
  return {
    bits: isRsa ? (key.asymmetricKeyDetails?.modulusLength ?? 0) : 256,
    verify: (hash, octets, signature) => {
      try {
        return verify(hash, octets, key, signature);
      } catch {
        return false; // a signature that no key of this kind can have made
      }
    },
  };
}

/** RFC 6376 §3.6.1 has SubjectPublicKeyInfo; some publish the bare key, and mean the same. */
function readRsa(octets: Uint8Array): KeyObject | null {
  for (const type of ['spki', 'pkcs1'] as const) {
    try {
      const key = createPublicKey({ key: Buffer.from(octets), format: 'der', type });
      if (key.asymmetricKeyType === 'rsa') return isCheap(key) ? key : null;
    } catch {
      // Not of this form.
    }
  }
  return null;
}

/**
 * RSA keys that anybody uses have a small exponent (65537); a large one makes us work for as long
 * as signing takes.
 */
function isCheap({ asymmetricKeyDetails }: KeyObject): boolean {
  return (asymmetricKeyDetails?.publicExponent ?? 0n) <= 0xffff_ffffn;
}

function readEd25519(octets: Uint8Array): KeyObject | null {
  if (octets.length !== 32) return null;
  const x = Buffer.from(octets).toString('base64url');
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
}

/** From PEM (PKCS#8 or PKCS#1). Throws when it is no key for signing mail. */
export function readPrivateKey(pem: string): PrivateKey {
  const key = createPrivateKey(pem);
  const kind = key.asymmetricKeyType;
  if (kind !== 'rsa' && kind !== 'ed25519') throw new Error(`a key of the kind ${kind}`);
  return { kind: kind satisfies KeyKind, sign: (hash, octets) => sign(hash, octets, key) };
}
