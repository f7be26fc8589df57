/** Which octets of a head a signature covers. RFC 6376 §3.7, §5.4.2; RFC 8617 §4.1.2. */

import { concat, latin1 } from '../bytes.ts';
import type { Field, Head } from '../message/head.ts';
import { canonicalField } from './dkim-canonical.ts';
import type { Canonical } from './dkim-record.ts';

/**
 * The fields named, each name taking the next one from below, then the signature's own field
 * without its signature. Names that find nothing stand for fields that must not be added.
 */
export function signedOctets(
  head: Head,
  signature: { readonly field: Field; readonly names: readonly string[]; readonly form: Canonical },
): Uint8Array {
  const { field: own, names, form } = signature;
  const left = new Map<string, Field[]>(names.map((name) => [name, []]));
  for (const field of head.fields) if (field !== own) left.get(field.key)?.push(field);
  const pieces: Uint8Array[] = [];
  for (const name of names) {
    const field = left.get(name)?.pop();
    if (field !== undefined) pieces.push(canonicalField(field.raw(), form));
  }
  pieces.push(withoutLineEnd(canonicalField(withoutSignature(own.raw()), form)));
  return concat(pieces);
}

/** Names of whose fields there are more than are signed. */
export function uncoveredNames(head: Head, names: readonly string[]): readonly string[] {
  const left = new Map<string, number>();
  for (const name of names) left.set(name, (left.get(name) ?? 0) - 1);
  for (const { key } of head.fields) {
    const count = left.get(key);
    if (count !== undefined) left.set(key, count + 1);
  }
  return [...left].filter(([, count]) => count > 0).map(([name]) => name);
}

/** The value of b= is what is signed for; all else of the field is signed. RFC 6376 §3.5. */
export function withoutSignature(raw: Uint8Array): Uint8Array {
  const text = latin1(raw);
  const colon = text.indexOf(':');
  const tag = /(?:^|;)[ \t\r\n]*b[ \t\r\n]*=/g;
  tag.lastIndex = 0;
  const found = tag.exec(text.slice(colon + 1));
  if (found === null) return raw;
  const from = colon + 1 + found.index + found[0].length;
  const semicolon = text.indexOf(';', from);
  return concat([raw.subarray(0, from), semicolon < 0 ? lineEnd : raw.subarray(semicolon)]);
}

const lineEnd = Uint8Array.of(13, 10);

export function withoutLineEnd(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, bytes.length - 2);
}
