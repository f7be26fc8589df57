/**
 * What an authority shall find here while it looks whether a name is ours: for http-01 a text, for
 * tls-alpn-01 a certificate. RFC 8555 §8.3; RFC 8737 §3.
 */

import type { SecureContext } from 'node:tls';

export class Challenges {
  /** By token. */
  readonly texts = new Map<string, string>();
  /** By the name asked for, in lower case. */
  readonly contexts = new Map<string, SecureContext>();
}

/** The only word of that application: the handshake. RFC 8737 §3. */
export const acmeApplication = 'acme-tls/1';
