/**
 * Signed requests of ACME: JSON Web Signature with ES256, keys as JWK, their thumbprint, and the
 * binding to an account elsewhere. RFC 8555 §6.2, §7.3.4; RFC 7515 §7.2.2; RFC 7638 §3.
 */

import { createHash, createHmac, createPublicKey, sign, type KeyObject } from 'node:crypto';

export interface Jws {
  readonly protected: string;
  readonly payload: string;
  readonly signature: string;
}

export const base64url = (data: string | Uint8Array): string =>
  Buffer.from(data as Uint8Array).toString('base64url');

/** The public half of a P-256 key. RFC 7518 §6.2.1. */
export function publicJwk(key: KeyObject): Readonly<Record<string, string>> {
  const { crv, kty, x, y } = createPublicKey(key).export({ format: 'jwk' });
  if (kty !== 'EC' || crv !== 'P-256' || x === undefined || y === undefined) {
    throw new TypeError('an account key is an EC key on P-256');
  }
  // In the order that RFC 7638 §3.2 asks for.
  return { crv, kty, x, y };
}

export function thumbprint(key: KeyObject): string {
  return createHash('sha256')
    .update(JSON.stringify(publicJwk(key)))
    .digest('base64url');
}

/** RFC 8555 §8.1: what proves that the account's owner answers. */
export function keyAuthorization(token: string, key: KeyObject): string {
  return `${token}.${thumbprint(key)}`;
}

export interface SigningAbout {
  readonly url: string;
  readonly nonce: string;
  /** The account's URL; null before there is one: then the key itself is shown. */
  readonly account: string | null;
}

/** `payload` null: POST-as-GET (§6.3). */
export function signRequest(key: KeyObject, about: SigningAbout, payload: unknown): Jws {
  const { url, nonce, account } = about;
  const who = account === null ? { jwk: publicJwk(key) } : { kid: account };
  const head = base64url(JSON.stringify({ alg: 'ES256', nonce, url, ...who }));
  const body = payload === null ? '' : base64url(JSON.stringify(payload));
  const signature = sign('sha256', Buffer.from(`${head}.${body}`), {
    key,
    dsaEncoding: 'ieee-p1363',
  });
  return { protected: head, payload: body, signature: base64url(signature) };
}

export interface ExternalAccount {
  readonly keyId: string;
  /** base64url, as authorities hand it out. */
  readonly key: string;
}

/** RFC 8555 §7.3.4. */
export function bindExternally(key: KeyObject, url: string, account: ExternalAccount): Jws {
  const head = base64url(JSON.stringify({ alg: 'HS256', kid: account.keyId, url }));
  const body = base64url(JSON.stringify(publicJwk(key)));
  const mac = createHmac('sha256', Buffer.from(account.key, 'base64url'));
  const signature = mac.update(`${head}.${body}`).digest('base64url');
  return { protected: head, payload: body, signature };
}
