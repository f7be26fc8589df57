/**
 * The values of header fields as text that readers can work on and whose octets can be had back:
 * IMAP tells what was written, whatever it was. RFC 5322 §2.2.3.
 */

import { latin1, readUtf8, utf8 } from '../bytes.ts';
import { findFields, unfoldedOctets } from '../message/head.ts';
import type { Field, Head } from '../message/head.ts';

export interface FieldText {
  readonly text: string;
  /** The octets that a piece of the text was read of. */
  octetsOf(piece: string): Uint8Array;
}

/** Text that is not UTF-8 is read with one character for each octet. */
export function readFieldText(field: Field): FieldText {
  const octets = unfoldedOctets(field);
  const text = readUtf8(octets);
  return text === null ? { text: latin1(octets), octetsOf: fromLatin1 } : { text, octetsOf: utf8 };
}

/** The octets of the first field of that name (lower case); null when there is none. */
export function firstOctets(head: Head, key: string): Uint8Array | null {
  const [field] = findFields(head, key);
  return field === undefined ? null : unfoldedOctets(field);
}

function fromLatin1(text: string): Uint8Array {
  const octets = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) octets[at] = text.charCodeAt(at);
  return octets;
}
