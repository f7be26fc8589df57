/** Octets and text: the few conversions that every format needs, without Node's Buffer. */

import { SyntaxFault } from './syntax-fault.ts';

const encoder = new TextEncoder();
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Arguments of one `fromCharCode` call: more of them may overflow the stack. */
const callArgumentsMax = 4096;

/** One character per octet, U+0000 to U+00FF; never fails. */
export function latin1(bytes: Uint8Array): string {
  if (bytes.length <= callArgumentsMax) return fromCharCodes(bytes);
  let text = '';
  for (let at = 0; at < bytes.length; at += callArgumentsMax) {
    text += fromCharCodes(bytes.subarray(at, at + callArgumentsMax));
  }
  return text;
}

function fromCharCodes(bytes: Uint8Array): string {
  return String.fromCharCode.apply(null, bytes as unknown as number[]);
}

/** US-ASCII text as octets. Throws `SyntaxFault` when a character is not US-ASCII. */
export function ascii(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code > 0x7f) throw new SyntaxFault('bytes.not-ascii', 'the text is not US-ASCII');
    bytes[at] = code;
  }
  return bytes;
}

/** Text as UTF-8; a lone surrogate becomes U+FFFD. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Strict UTF-8 (no overlong forms, no surrogates; a byte order mark is kept); null otherwise. */
export function readUtf8(bytes: Uint8Array): string | null {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return null; // `fatal` has no other way to say so.
  }
}

export function concat(chunks: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const chunk of chunks) length += chunk.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

/**
 * The octets anew, whatever happens to the old ones. Not `slice`: that of Node's Buffer shares
 * memory, and readers are given Buffers that their owners use again.
 */
export function copyBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

/** Where `pattern` begins in `bytes` at or after `from`, or -1. */
export function indexOf(bytes: Uint8Array, pattern: Uint8Array, from = 0): number {
  const first = pattern[0];
  if (first === undefined) return Math.min(from, bytes.length);
  const last = bytes.length - pattern.length;
  for (let at = bytes.indexOf(first, from); at >= 0 && at <= last;) {
    let same = 1;
    while (same < pattern.length && bytes[at + same] === pattern[same]) same += 1;
    if (same === pattern.length) return at;
    at = bytes.indexOf(first, at + 1);
  }
  return -1;
}

export function equalBytes(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  for (let at = 0; at < one.length; at += 1) if (one[at] !== other[at]) return false;
  return true;
}

const base64Alphabet = encoder.encode(
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
);

/** Value of each octet in the base64 alphabet; 255 for what is not in it. RFC 4648 §4. */
export const base64Values: Uint8Array = (() => {
  const values = new Uint8Array(256).fill(255);
  base64Alphabet.forEach((octet, value) => {
    values[octet] = value;
  });
  return values;
})();

/** Writes `from[start, end)` as base64 into `to` at `at`, padded; answers the offset behind it. */
export function writeBase64(from: Uint8Array, to: Uint8Array, at: number): number {
  const whole = from.length - (from.length % 3);
  let out = at;
  for (let index = 0; index < whole; index += 3) {
    const group = (from[index]! << 16) | (from[index + 1]! << 8) | from[index + 2]!;
    to[out] = base64Alphabet[group >> 18]!;
    to[out + 1] = base64Alphabet[(group >> 12) & 63]!;
    to[out + 2] = base64Alphabet[(group >> 6) & 63]!;
    to[out + 3] = base64Alphabet[group & 63]!;
    out += 4;
  }
  if (whole === from.length) return out;
  const group = (from[whole]! << 16) | ((from[whole + 1] ?? 0) << 8);
  to[out] = base64Alphabet[group >> 18]!;
  to[out + 1] = base64Alphabet[(group >> 12) & 63]!;
  to[out + 2] = whole + 1 < from.length ? base64Alphabet[(group >> 6) & 63]! : 0x3d;
  to[out + 3] = 0x3d;
  return out + 4;
}

/** Base64 with padding, on one line. RFC 4648 §4. */
export function encodeBase64(bytes: Uint8Array): string {
  const out = new Uint8Array(Math.ceil(bytes.length / 3) * 4);
  writeBase64(bytes, out, 0);
  return latin1(out);
}

/**
 * Canonical base64 only (RFC 4648 §3.5): padded, no white space, no bits left over; null otherwise.
 * For message bodies, which must be read whatever they look like, see `message/content-decoder.ts`.
 */
export function decodeBase64(text: string): Uint8Array | null {
  if (text.length % 4 !== 0) return null;
  let digits = text.length;
  if (text.endsWith('==')) digits -= 2;
  else if (text.endsWith('=')) digits -= 1;
  const bytes = new Uint8Array(Math.floor((digits * 3) / 4));
  let group = 0;
  let bits = 0;
  let out = 0;
  for (let at = 0; at < digits; at += 1) {
    const code = text.charCodeAt(at);
    const value = code < 128 ? base64Values[code]! : 255;
    if (value === 255) return null;
    group = ((group << 6) | value) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[out] = (group >> bits) & 255;
    out += 1;
  }
  return (group & ((1 << bits) - 1)) === 0 ? bytes : null;
}

/** The value of a hexadecimal digit of either case; -1 when it is none. */
export function hexDigit(octet: number | undefined): number {
  if (octet === undefined) return -1;
  if (octet >= 48 && octet <= 57) return octet - 48;
  const lower = octet | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

/** The octet that the two hexadecimal digits at `at` name; -1 when they are none. */
export function hexPair(bytes: Uint8Array, at: number): number {
  const high = hexDigit(bytes[at]);
  const low = hexDigit(bytes[at + 1]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}
