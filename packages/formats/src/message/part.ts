/**
 * One part of a message: where it lies and what its head says of it, as far as BODYSTRUCTURE and
 * readers of mail ask. RFC 2045, RFC 2183 (disposition), RFC 3282 (language), RFC 2557
 * (location), RFC 1864 (MD5).
 */

import { isIdentity, readEncoding } from './content-decoder.ts';
import type { Encoding } from './content-decoder.ts';
import { noteFault } from './fault.ts';
import type { Fault } from './fault.ts';
import { findFields } from './head.ts';
import type { Head } from './head.ts';
import { mimeLimits } from './limits.ts';
import { findParameter, readContentType, readParameters } from './parameter.ts';
import type { ContentType, ParameterField } from './parameter.ts';

export interface Part {
  /**
   * The part number that IMAP uses for this part's body (RFC 9051 §6.4.5.1): '1', '2.3'. A
   * multipart that is a whole message has the number of that message, which is '' for the
   * outermost.
   */
  readonly path: string;
  readonly parent: Part | null;
  /** Fields count their octets from `headStart`. */
  readonly head: Head;
  /**
   * Octets from the start of the message. The head is `[headStart, bodyStart)`, its empty line
   * too.
   */
  readonly headStart: number;
  readonly bodyStart: number;
  /** The line end before a delimiter belongs to the delimiter. */
  readonly bodyEnd: number;
  /** Line ends within the body; a last line without one is not counted. */
  readonly bodyLines: number;
  /**
   * The type by which the part was read: the default where the field is missing or damaged,
   * text/plain for a multipart that names no boundary. A multipart may have no parts all the
   * same, when its boundary never occurs, and a message part no message, when it is encoded; both
   * beyond a limit.
   */
  readonly type: ContentType;
  readonly encoding: Encoding;
  readonly disposition: ParameterField | null;
  /** Without brackets. */
  readonly contentId: string | null;
  /** Values as written, unfolded; null when the field is not there. */
  readonly written: {
    readonly type: string | null;
    readonly encoding: string | null;
    readonly disposition: string | null;
    readonly id: string | null;
    readonly description: string | null;
    readonly language: string | null;
    readonly location: string | null;
    readonly md5: string | null;
  };
  /** Of a multipart. */
  readonly parts: readonly Part[];
  /** What a message part holds. */
  readonly message: Part | null;
}

/** A part while it is read. */
export interface OpenPart extends Part {
  head: Head;
  headStart: number;
  bodyStart: number;
  bodyEnd: number;
  bodyLines: number;
  readonly parts: OpenPart[];
  message: OpenPart | null;
}

export interface PartPlace {
  readonly parent: OpenPart | null;
  readonly headStart: number;
}

/** Makes a part of its head. Faults count from the start of the message. */
export function makePart(head: Head, place: PartPlace, faults: Fault[]): OpenPart {
  const isInDigest = place.parent?.type.value === 'multipart/digest';
  const inner: Fault[] = [];
  const valueOf = (key: string): string | null => {
    const fields = findFields(head, key);
    if (fields.length > 1) noteFault(faults, 'field-duplicate', place.headStart + fields[1]!.start);
    return fields[0]?.value() ?? null;
  };
  const written = {
    type: valueOf('content-type'),
    encoding: valueOf('content-transfer-encoding'),
    disposition: valueOf('content-disposition'),
    id: valueOf('content-id'),
    description: valueOf('content-description'),
    language: valueOf('content-language'),
    location: valueOf('content-location'),
    md5: valueOf('content-md5'),
  };
  const defaultType = isInDigest ? 'message/rfc822' : 'text/plain';
  const type = withBoundary(readContentType(written.type, inner, defaultType), inner);
  const encoding = readEncoding(written.encoding);
  if (encoding === 'unknown') noteFault(inner, 'encoding-unknown', 0);
  if ((type.type === 'multipart' || isMessageType(type)) && !isIdentity(encoding)) {
    noteFault(inner, 'encoding-composite', 0);
  }
  const disposition =
    written.disposition === null ? null : readParameters(written.disposition, inner);
  for (const fault of inner) noteFault(faults, fault.code, place.headStart);
  const bodyStart = place.headStart + head.length;
  const isWhole = type.type === 'multipart';
  return {
    path: pathOf(place.parent, isWhole),
    parent: place.parent,
    head,
    headStart: place.headStart,
    bodyStart,
    bodyEnd: bodyStart,
    bodyLines: 0,
    type,
    encoding,
    disposition,
    contentId: written.id === null ? null : written.id.replace(/^\s*<|>\s*$/gu, '').trim(),
    written,
    parts: [],
    message: null,
  };
}

function pathOf(parent: OpenPart | null, isMultipart: boolean): string {
  if (parent === null) return isMultipart ? '' : '1';
  if (parent.type.type !== 'multipart') return isMultipart ? parent.path : `${parent.path}.1`;
  const number = parent.parts.length + 1;
  return parent.path === '' ? String(number) : `${parent.path}.${number}`;
}

/** RFC 2046 §5.1.1: a multipart must tell its boundary; without one its body is text. */
function withBoundary(type: ContentType, faults: Fault[]): ContentType {
  if (type.type !== 'multipart') return type;
  const length = boundaryOf(type).length;
  if (length > 0 && length <= mimeLimits.boundaryBytesMax) return type;
  noteFault(faults, length === 0 ? 'boundary-missing' : 'boundary-too-long', 0);
  return { ...type, value: 'text/plain', type: 'text', subtype: 'plain' };
}

function boundaryOf(type: ContentType): string {
  return findParameter(type, 'boundary')?.trimEnd() ?? '';
}

/** What a part holds: parts between delimiters, a message, or octets of its own. */
export type Holding =
  | { readonly kind: 'parts'; readonly boundary: string }
  | { readonly kind: 'message' }
  | { readonly kind: 'content' };

/** How the body of this part is to be read. RFC 2046 §5.1, §5.2.1; RFC 6532 §3.7. */
export function holdingOf(part: Part): Holding {
  // QUIRK: an encoding on a multipart is not looked at. Senders write base64 or quoted-printable
  // there and mean their parts, which stand in the clear.
  if (part.type.type === 'multipart') return { kind: 'parts', boundary: boundaryOf(part.type) };
  if (!isIdentity(part.encoding)) return { kind: 'content' };
  return isMessageType(part.type) ? { kind: 'message' } : { kind: 'content' };
}

function isMessageType({ type, subtype }: ContentType): boolean {
  return type === 'message' && ['rfc822', 'global', 'news'].includes(subtype);
}

/** The file name that a part gives itself, decoded; it may hold anything. RFC 2183 §2.3. */
export function fileNameOf(part: Part): string | null {
  return findParameter(part.disposition, 'filename') ?? findParameter(part.type, 'name');
}
