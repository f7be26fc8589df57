/** When a certificate is renewed, with which key, and when to try again. Pure. */

import type { X509Certificate } from 'node:crypto';
import type { DnsAnswer } from '../world.ts';

type Dates = Pick<X509Certificate, 'validFrom' | 'validTo' | 'fingerprint256'>;

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
/** Of its life: two thirds, give or take a sixtieth, so that not all come on one day. */
const dueShare = 2 / 3;
const spreadShare = 1 / 30;

/** Always the same moment for the same certificate. */
export function renewAtMs({ validFrom, validTo, fingerprint256 }: Dates): number {
  const fromMs = Date.parse(validFrom);
  const lifeMs = Date.parse(validTo) - fromMs;
  const chance = Number.parseInt(fingerprint256.slice(0, 2), 16) / 255;
  return fromMs + lifeMs * (dueShare + spreadShare * (chance - 0.5));
}

/** Authorities count what fails: five in an hour for a name. `chance`: 0 ≤ x < 1. */
export function retryAfterMs(failures: number, chance: number): number {
  const waitMs = Math.min(10 * minuteMs * 2 ** Math.max(0, failures - 1), dayMs);
  return waitMs * (0.85 + 0.3 * chance);
}

export interface KeyFacts {
  /** What `_25._tcp.host` says. */
  readonly tlsa: DnsAnswer;
  readonly nextHash: Uint8Array;
  /** Since when the next key has been seen there. */
  readonly nextSeenMs: number | null;
  readonly nowMs: number;
  readonly expiresMs: number;
}

export type KeyChoice =
  | { readonly key: 'next' | 'current' }
  /** Caches may still hold records without the next key. */
  | { readonly key: 'wait' };

/** So close to its end a certificate is renewed with the key that is known. */
const patienceMs = 3 * dayMs;

/**
 * Who publishes TLSA records must never be shown a key that they do not contain: the next key is
 * taken once it has stood in the DNS for two lives of the records, the current one until then. RFC
 * 7671 §8.1, RFC 7672 §1.3.2.
 */
export function chooseKey(facts: KeyFacts): KeyChoice {
  const { tlsa, nextHash, nextSeenMs, nowMs, expiresMs } = facts;
  const isPressing = expiresMs - nowMs < patienceMs;
  if (tlsa.kind === 'error') return { key: isPressing ? 'current' : 'wait' };
  if (tlsa.kind !== 'records') return { key: 'next' };
  if (!tellsOf(tlsa, nextHash)) return { key: 'current' };
  const oldGoneMs = (nextSeenMs ?? nowMs) + 2 * tlsa.ttlSeconds * 1000;
  if (nowMs >= oldGoneMs) return { key: 'next' };
  return { key: isPressing ? 'current' : 'wait' };
}

/** `3 1 1` of that key is among them. */
export function tellsOf(tlsa: DnsAnswer, hash: Uint8Array): boolean {
  if (tlsa.kind !== 'records') return false;
  return tlsa.records.some(
    (one) =>
      one.type === 'TLSA' &&
      one.usage === 3 &&
      one.selector === 1 &&
      one.matching === 1 &&
      Buffer.compare(one.data, hash) === 0,
  );
}
