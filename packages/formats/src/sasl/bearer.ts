/**
 * SASL OAUTHBEARER (RFC 7628 §3.1) and XOAUTH2 (Google's, never standardised, which many clients
 * know alone): one message with the user and a bearer token (RFC 6750 §2.1).
 */

import { readUtf8, utf8 } from '../bytes.ts';
import { SyntaxFault } from '../syntax-fault.ts';

export const bearerLimits = { octetsMax: 16_384 } as const;

export interface BearerMessage {
  /** Whom to log in as; '' leaves it to the token (OAUTHBEARER only). */
  readonly user: string;
  readonly token: string;
}

const separator = '\u0001';

/**
 * Throws SyntaxFault `sasl.bearer`.
 *
 * @example
 * const message = utf8("n,a=tim@x,\u0001auth=Bearer abc\u0001\u0001");
 * readOAuthBearer(message) // { user: "tim@x", token: "abc" }
 */
export function readOAuthBearer(bytes: Uint8Array): BearerMessage {
  const text = readText(bytes);
  const header = /^(?:n|y),(?:a=([^,]*))?,\u0001/.exec(text);
  if (header === null) throw malformed();
  const user = (header[1] ?? '').replaceAll('=2C', ',').replaceAll('=3D', '=');
  return { user, token: readToken(text.slice(header[0].length)) };
}

/** Throws SyntaxFault `sasl.bearer`. */
export function readXoauth2(bytes: Uint8Array): BearerMessage {
  const text = readText(bytes);
  const header = /^user=([^\u0001]+)\u0001/.exec(text);
  if (header === null) throw malformed();
  return { user: header[1] ?? '', token: readToken(text.slice(header[0].length)) };
}

/** The client's message. RFC 7628 §3.1. */
export function writeOAuthBearer({ user, token }: BearerMessage): Uint8Array {
  const name = user.replaceAll('=', '=3D').replaceAll(',', '=2C');
  return utf8(`n,a=${name},${separator}auth=Bearer ${token}${separator}${separator}`);
}

export function writeXoauth2({ user, token }: BearerMessage): Uint8Array {
  return utf8(`user=${user}${separator}auth=Bearer ${token}${separator}${separator}`);
}

/** What a server says of a token that it does not take. RFC 7628 §3.2.2. */
export function writeBearerError(): Uint8Array {
  return utf8('{"status":"invalid_token","schemes":"bearer"}');
}

function readText(bytes: Uint8Array): string {
  const text = bytes.length <= bearerLimits.octetsMax ? readUtf8(bytes) : null;
  if (text === null) throw malformed();
  return text;
}

/** Of the key-value pairs; others (host, port) say nothing that we need. */
function readToken(pairs: string): string {
  if (!pairs.endsWith(separator + separator)) throw malformed();
  const fields = pairs.slice(0, -2).split(separator);
  const auth = fields.find((field) => /^auth=/i.test(field));
  const token = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i.exec(auth?.slice(5) ?? '');
  if (token?.[1] === undefined) throw malformed();
  return token[1];
}

function malformed(): SyntaxFault {
  return new SyntaxFault('sasl.bearer', 'malformed bearer message');
}
