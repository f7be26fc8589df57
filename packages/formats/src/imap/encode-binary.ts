/**
 * Makes a message fit for `BODY[…]`, in which NUL may not stand: parts that hold some are put into
 * base64, all else stays as it is. RFC 3516 §4.4 lets a server do so when such a message is
 * appended.
 */

import { ascii, concat } from '../bytes.ts';
import { isIdentity } from '../message/content-decoder.ts';
import { encodeContent } from '../message/content-encoder.ts';
import { findFields } from '../message/head.ts';
import { readMime } from '../message/mime.ts';
import type { Part } from '../message/part.ts';

/** Octets of the message that others take the place of. */
interface Change {
  readonly start: number;
  readonly end: number;
  readonly by: readonly Uint8Array[];
}

const field = ascii('Content-Transfer-Encoding: base64\r\n');

/**
 * The message in pieces. LIMIT: NUL outside of the content of parts stays.
 *
 * @example
 * encodeBinaryParts(utf8('Content-Transfer-Encoding: binary\r\n\r\n\0'));
 * // 'Content-Transfer-Encoding: base64\r\n\r\nAA==\r\n'
 */
export function encodeBinaryParts(message: Uint8Array): readonly Uint8Array[] {
  if (!message.includes(0)) return [message];
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const { start, end, by } of changesFor(message, readMime(message).root)) {
    pieces.push(message.subarray(at, start), ...by);
    at = end;
  }
  pieces.push(message.subarray(at));
  return pieces;
}

/** In the order of the message. */
function* changesFor(message: Uint8Array, part: Part): Generator<Change> {
  for (const inner of part.parts) yield* changesFor(message, inner);
  if (part.message !== null) yield* changesFor(message, part.message);
  const { bodyStart, bodyEnd } = part;
  const isLeaf = part.parts.length === 0 && part.message === null;
  const isPlain = isIdentity(part.encoding) && part.encoding !== 'unknown';
  const content = message.subarray(bodyStart, bodyEnd);
  if (!isLeaf || !isPlain || !content.includes(0)) return;
  yield* changesOfHead(message, part);
  yield { start: bodyStart, end: bodyEnd, by: [concat([...encodeContent(content, 'base64')])] };
}

/** The first field that names the encoding, which is the one that counts; or a new one. */
function* changesOfHead(message: Uint8Array, part: Part): Generator<Change> {
  const [old] = findFields(part.head, 'content-transfer-encoding');
  if (old !== undefined) {
    const start = part.headStart + old.start;
    yield { start, end: part.headStart + old.end, by: [field] };
    return;
  }
  // Before the empty line; without one, before the body.
  const isCrlf = message[part.bodyStart - 2] === 13;
  const isClosed = !part.head.faults.some(({ code }) => code === 'head-not-closed');
  const at = isClosed ? part.bodyStart - (isCrlf ? 2 : 1) : part.bodyStart;
  yield { start: at, end: at, by: [field] };
}
