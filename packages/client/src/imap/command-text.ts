/** Commands as a client writes them: words, names, literals. RFC 9051 §4, §9; RFC 7888. */

import { utf8 } from '@merpati/formats/bytes.ts';
import { encodeMailboxName } from '@merpati/formats/imap/mailbox-name.ts';
import { setOf, writeSequenceSet } from '@merpati/formats/imap/sequence-set.ts';
import { ImapFault } from './fault.ts';

/** A message that is sent as it comes. */
export interface Upload {
  readonly octets: number;
  readonly content: Uint8Array | AsyncIterable<Uint8Array>;
}

/** Text as it stands, or a literal: its marker and its waiting are the client's affair. */
export type CommandPart = string | Upload;

/** Longer words go as literals: quoted strings of a line have their bounds. */
const quotedOctetsMax = 1000;

/**
 * An astring: quoted where that can say it, a literal otherwise. 8-bit text may be quoted only when
 * UTF-8 was agreed on.
 */
export function astring(text: string, isUtf8 = false): CommandPart {
  if (/^[A-Za-z0-9@._/=:-]+$/.test(text) && text.length <= 255 && !/^nil$/i.test(text)) return text;
  const isQuotable = isUtf8 ? !/[\0\r\n]/.test(text) : /^[\x20-\x7e\t]*$/.test(text);
  if (isQuotable && text.length <= quotedOctetsMax) {
    return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
  }
  if (text.includes('\0')) throw new ImapFault('unsupported', 'NUL cannot be said in IMAP');
  return literal(utf8(text));
}

export function literal(octets: Uint8Array): Upload {
  return { octets: octets.length, content: octets };
}

/** A mailbox name, in the form that was agreed on. */
export function mailboxName(name: string, isUtf8: boolean): CommandPart {
  return astring(isUtf8 ? name : encodeMailboxName(name), isUtf8);
}

/** Numbers in ascending order as a set, neighbours joined: `1:3,7`. At least one. */
export function numberSet(numbers: Iterable<number>): string {
  const set = setOf(numbers);
  if (set.length === 0) throw new ImapFault('unsupported', 'a set has at least one number');
  return writeSequenceSet(set);
}

/** Parts for the log of people: texts as they are, literals by their size. */
export function showParts(parts: readonly CommandPart[]): string {
  return parts.map((part) => (typeof part === 'string' ? part : `{${part.octets}}`)).join('');
}
