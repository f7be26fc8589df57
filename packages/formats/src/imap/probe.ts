/** IMAP's readings of a message as `merpati probe` shows them: octets of messages as base64 in. */

import { decodeBase64, latin1, readUtf8 } from '../bytes.ts';
import { readMime } from '../message/mime.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import { writeBodyStructure } from './body-structure.ts';
import { writeEnvelope } from './envelope.ts';
import { decodeMailboxName, encodeMailboxName } from './mailbox-name.ts';

type Json = Readonly<Record<string, unknown>>;

function messageOf(input: Json): Uint8Array {
  const value = input['message'];
  const bytes = typeof value === 'string' ? decodeBase64(value) : null;
  if (bytes === null) throw new SyntaxFault('probe.input', 'message must be base64');
  return bytes;
}

/** Literals count octets: of UTF-8, or of one octet per character where it is not UTF-8. */
function textOf(octets: Uint8Array): string {
  return readUtf8(octets) ?? latin1(octets);
}

/** `{ message }` */
export function probeEnvelope(input: Json): { text: string } {
  return { text: textOf(writeEnvelope(readMime(messageOf(input)).root.head)) };
}

/** `{ message, extended? }`; without extension data when `extended` is false. */
export function probeBodyStructure(input: Json): { text: string } {
  const extended = input['extended'] !== false;
  return { text: textOf(writeBodyStructure(readMime(messageOf(input)).root, { extended })) };
}

/** `{ encode }` or `{ decode }`: a mailbox name in modified UTF-7; null where it has none. */
export function probeMutf7(input: Json): { value: string | null } {
  const { encode, decode } = input;
  if (typeof decode === 'string') return { value: decodeMailboxName(decode) };
  if (typeof encode !== 'string') throw new SyntaxFault('probe.input', 'encode or decode a text');
  return { value: encode.isWellFormed() ? encodeMailboxName(encode) : null };
}
