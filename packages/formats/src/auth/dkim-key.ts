/**
 * The key of a signature: where it is, and whether it will do. RFC 6376 §3.6, §6.1.2; RFC 8301 §3.
 */

import { SyntaxFault } from '../syntax-fault.ts';
import type { AuthCrypto, PublicKey } from './crypto-seam.ts';
import { readDkimKey, type DkimKey, type DkimSignature } from './dkim-record.ts';
import type { Checking, DnsAsk } from './dns-facts.ts';
import { authLimits } from './limits.ts';

/** RFC 8601 §2.7.1. */
export type DkimVerdict = 'pass' | 'fail' | 'neutral' | 'policy' | 'temperror' | 'permerror';

export function keyQuestion(signature: {
  readonly selector: string;
  readonly domain: string;
}): DnsAsk {
  return { name: `${signature.selector}._domainkey.${signature.domain}`, type: 'TXT' };
}

/** From `selector._domainkey.domain`; the first record that can be read counts. */
export function* findKey(
  crypto: AuthCrypto,
  signature: { readonly selector: string; readonly domain: string },
): Checking<Looked | Problem> {
  const question = keyQuestion(signature);
  const { name } = question;
  const reply = yield question;
  if (reply.kind === 'failed') {
    return { result: 'temperror', reason: `the key ${name} could not be asked for` };
  }
  const texts = reply.kind === 'found' ? reply.text : [];
  let reason = `there is no key ${name}`;
  for (const text of texts) {
    try {
      const record = readDkimKey(text);
      const isRevoked = record.octets.length === 0;
      const key = isRevoked ? null : crypto.readPublicKey(record.kind, record.octets);
      return { record, key };
    } catch (error) {
      if (!(error instanceof SyntaxFault)) throw error;
      reason = `the key ${name} cannot be read: ${error.message}`;
    }
  }
  return { result: 'permerror', reason };
}

/** Ed25519 signs the hash, RSA signs and hashes in one. RFC 8463 §3. */
export function verifyWith(
  crypto: AuthCrypto,
  what: {
    readonly key: PublicKey;
    readonly signature: Pick<DkimSignature, 'kind' | 'hash' | 'signature'>;
    readonly octets: Uint8Array;
  },
): boolean {
  const { key, signature, octets } = what;
  if (signature.kind === 'rsa') return key.verify(signature.hash, octets, signature.signature);
  const hasher = crypto.newHash(signature.hash);
  hasher.update(octets);
  return key.verify(null, hasher.digest(), signature.signature);
}

/** A key record; `key` null: it holds none that is usable. */
export interface Looked {
  readonly record: DkimKey;
  readonly key: PublicKey | null;
}

export interface Problem {
  readonly result: DkimVerdict;
  readonly reason: string;
}

/** Why this key does not do for that signature; null: it does. RFC 6376 §6.1.2; RFC 8301 §3. */
export function objectionTo(
  signature: Pick<DkimSignature, 'kind' | 'hash' | 'agent' | 'domain'>,
  { record, key }: Looked,
  allowLegacy: boolean,
): Problem | null {
  const no = (result: DkimVerdict, reason: string): Problem => ({ result, reason });
  if (record.octets.length === 0) return no('permerror', 'the key was revoked');
  if (record.kind !== signature.kind) return no('permerror', 'the key is of another kind');
  if (record.hashes !== null && !record.hashes.includes(signature.hash)) {
    return no('permerror', `the key is not for ${signature.hash}`);
  }
  if (record.isStrict && signature.agent !== signature.domain) {
    return no('permerror', 'the key is for the domain itself, not for those below it');
  }
  if (key === null) return no('permerror', 'the key is damaged');
  if (record.kind === 'rsa' && key.bits < authLimits.rsaBitsMin && !allowLegacy) {
    return no('policy', `a key of ${key.bits} bits proves nothing`);
  }
  if (key.bits > authLimits.rsaBitsMax)
    return no('policy', `a key of ${key.bits} bits is too long`);
  return null;
}
