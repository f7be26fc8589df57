/**
 * The keys a domain signs with: two of each generation, RSA for everybody and Ed25519 for who knows
 * it. RFC 6376 §3.6.1; RFC 8301 §3.2 (2048 bits); RFC 8463 §4.
 */

import { generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { KeyKind } from '@merpati/formats/auth/dkim-record.ts';

/**
 * A generation waits for its records to be in the DNS, signs, and retires when the next one signs;
 * its records stay until nothing that it signed can be under way any more. Then they are revoked.
 */
export type GenerationState = 'waiting' | 'signing' | 'retired' | 'revoked';

export interface SigningKey {
  readonly selector: string;
  readonly kind: KeyKind;
  /** What stands behind `p=`. */
  readonly publicText: string;
  /** PKCS#8 as PEM; null: forgotten, because it signs no more. */
  readonly privateText: string | null;
}

export interface Generation {
  /** `202611a`: the month it was made in, and which one of it. */
  readonly id: string;
  readonly state: GenerationState;
  readonly createdMs: number;
  readonly signingMs: number | null;
  readonly retiredMs: number | null;
  /** Retired: when its records may go. */
  readonly keepUntilMs: number | null;
  readonly keys: readonly SigningKey[];
}

const rsaBits = 2048;
const generate = promisify(generateKeyPair);

/** Both keys, made by the threads that Node has for such work. */
export async function makeGeneration(id: string, nowMs: number): Promise<Generation> {
  const rsa = await generate('rsa', { modulusLength: rsaBits });
  const edwards = await generate('ed25519');
  return {
    id,
    state: 'waiting',
    createdMs: nowMs,
    signingMs: null,
    retiredMs: null,
    keepUntilMs: null,
    keys: [
      keyOf(id, { kind: 'rsa', ...rsa, publicText: spki(rsa.publicKey) }),
      // RFC 8463 §4: the bare key, not wrapped as RSA keys are.
      keyOf(`${id}-ed`, { kind: 'ed25519', ...edwards, publicText: bare(edwards.publicKey) }),
    ],
  };
}

function keyOf(
  selector: string,
  made: {
    readonly kind: KeyKind;
    readonly privateKey: KeyObject;
    readonly publicText: string;
  },
): SigningKey {
  const privateText = made.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { selector, kind: made.kind, publicText: made.publicText, privateText };
}

const spki = (key: KeyObject): string =>
  key.export({ type: 'spki', format: 'der' }).toString('base64');

function bare(key: KeyObject): string {
  const { x = '' } = key.export({ format: 'jwk' });
  return Buffer.from(x, 'base64url').toString('base64');
}

/** `202611a`, then `202611b`; `taken` are those that the domain has or had. */
export function nextId(nowMs: number, taken: readonly string[]): string {
  const month = new Date(nowMs).toISOString().slice(0, 7).replace('-', '');
  for (let i = 0; ; i += 1) {
    const id = `${month}${letters(i)}`;
    if (!taken.includes(id)) return id;
  }
}

/** a … z, za … zz, zza …: in the order of the alphabet. */
const letters = (i: number): string =>
  'z'.repeat(Math.floor(i / 26)) + String.fromCharCode(97 + (i % 26));

/** The record as the DNS has it; without `p=` when the key is revoked. */
export function keyRecordText({ kind, publicText }: SigningKey, isRevoked: boolean): string {
  const hash = kind === 'rsa' ? ' h=sha256;' : '';
  return `v=DKIM1; k=${kind};${hash} p=${isRevoked ? '' : publicText}`;
}
