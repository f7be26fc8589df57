/** The cryptography that checks need; given by who has it, so that this folder stays pure. */

import type { HashName, KeyKind } from './dkim-record.ts';

export interface Hasher {
  update(bytes: Uint8Array): void;
  digest(): Uint8Array;
}

export interface PublicKey {
  readonly bits: number;
  /** `hash` null: the octets are what was signed, as they are (Ed25519). */
  verify(hash: HashName | null, octets: Uint8Array, signature: Uint8Array): boolean;
}

export interface PrivateKey {
  readonly kind: KeyKind;
  sign(hash: HashName | null, octets: Uint8Array): Uint8Array;
}

export interface AuthCrypto {
  newHash(name: HashName): Hasher;
  /** RSA: SubjectPublicKeyInfo or RSAPublicKey as DER; Ed25519: 32 octets. null: not a key. */
  readPublicKey(kind: KeyKind, octets: Uint8Array): PublicKey | null;
}
