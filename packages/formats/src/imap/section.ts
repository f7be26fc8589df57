/**
 * Sections of a message: which octets of it `BODY[…]` and `BINARY[…]` mean. RFC 9051 §6.4.5.1,
 * RFC 3501 §6.4.5, RFC 3516 §4.
 */

import { ascii } from '../bytes.ts';
import type { Encoding } from '../message/content-decoder.ts';
import type { Part } from '../message/part.ts';
import type { FetchPartial, Section } from './fetch-item.ts';

export interface Range {
  readonly start: number;
  /** Not included. */
  readonly end: number;
}

/** Octets of the message one after the other, then a few that it lacks. */
export interface SectionOctets {
  /** Ascending. */
  readonly ranges: readonly Range[];
  readonly tail: Uint8Array;
}

const lf = 10;
const nothing = new Uint8Array(0);
const lineEnd = ascii('\r\n');
const twoLineEnds = ascii('\r\n\r\n');

/** Does the part hold a message, so that it has an envelope of its own? RFC 6532 §3.7. */
export function holdsMessage({ type }: Part): boolean {
  return type.value === 'message/rfc822' || type.value === 'message/global';
}

/** A part by its number, as `findPart` sees it. */
export interface NumberedPart {
  /** null: the text that stands for parts which were not found. */
  readonly part: Part | null;
  readonly body: Range;
  readonly encoding: Encoding;
}

/**
 * The part that has this number; null when the message has none such. The empty number is the
 * message itself.
 *
 * @example findPart(readMime(bytes).root, [1, 2])?.part?.type.value; // 'image/png'
 */
export function findPart(root: Part, numbers: readonly number[]): NumberedPart | null {
  let found = asPart(root);
  let inner = partsOfMessage(root);
  for (const number of numbers) {
    const next = inner[number - 1];
    if (next === undefined) return null;
    found = next;
    inner = next.part === null ? [] : partsWithin(next.part);
  }
  return found;
}

/** What the numbers in a whole message mean: its parts, or itself when it is no multipart. */
function partsOfMessage(root: Part): readonly NumberedPart[] {
  return root.type.type === 'multipart' ? partsWithin(root) : [asPart(root)];
}

/** What the numbers behind that of a part mean. */
function partsWithin(part: Part): readonly NumberedPart[] {
  if (part.type.type === 'multipart') {
    return part.parts.length === 0 ? [asText(part)] : part.parts.map(asPart);
  }
  if (!holdsMessage(part)) return [];
  return part.message === null ? [asText(part)] : partsOfMessage(part.message);
}

function asPart(part: Part): NumberedPart {
  const { bodyStart, bodyEnd, encoding } = part;
  return { part, body: { start: bodyStart, end: bodyEnd }, encoding };
}

/** All of the body of a part that could not be looked into. */
function asText(part: Part): NumberedPart {
  return { ...asPart(part), part: null };
}

/**
 * The octets that a section means; null when there is no such part, or the part holds no message
 * whose header or text it could be.
 *
 * @example
 * const { root } = readMime(ascii('Subject: hi\r\n\r\ntext'));
 * findSection(root, { part: [1], text: null, fields: [] })?.ranges; // [{ start: 15, end: 19 }]
 */
export function findSection(root: Part, section: Section): SectionOctets | null {
  if (section.part.length === 0) return findInMessage(root, section);
  const found = findPart(root, section.part);
  if (found === null) return null;
  if (section.text === null) return octetsOf(found.body);
  if (section.text === 'mime') {
    return found.part === null ? { ranges: [], tail: lineEnd } : octetsOf(headOf(found.part));
  }
  const isMessage = found.part !== null && holdsMessage(found.part);
  const message = isMessage ? found.part.message : null;
  return message === null ? null : findInMessage(message, section);
}

/** Where a message lies, and its head. */
export type MessagePlaces = Pick<Part, 'head' | 'headStart' | 'bodyStart' | 'bodyEnd'>;

/** A section of the message itself, for which only its head need be known. */
export function findInMessage(
  message: MessagePlaces,
  { text, fields }: Pick<Section, 'text' | 'fields'>,
): SectionOctets {
  switch (text) {
    case null:
      return octetsOf({ start: message.headStart, end: message.bodyEnd });
    case 'text':
      return octetsOf({ start: message.bodyStart, end: message.bodyEnd });
    case 'header':
    case 'mime':
      return octetsOf(headOf(message));
    case 'header.fields':
      return pickFields(message, fields);
    case 'header.fields.not':
      return dropFields(message, fields);
    default:
      return text satisfies never;
  }
}

function headOf(part: MessagePlaces): Range {
  return { start: part.headStart, end: part.bodyStart };
}

function octetsOf(range: Range): SectionOctets {
  return { ranges: range.end > range.start ? [range] : [], tail: nothing };
}

// ---------------------------------------------------------------- fields

/** The fields of these names with their folds, in the order of the message, and an empty line. */
function pickFields(message: MessagePlaces, names: readonly string[]): SectionOctets {
  const ranges = rangesOf(message, names);
  return { ranges, tail: isTorn(message, ranges.at(-1)) ? twoLineEnds : lineEnd };
}

/** The head without the fields of these names, and with what stands in it that is no field. */
function dropFields(message: MessagePlaces, names: readonly string[]): SectionOctets {
  const ranges: Range[] = [];
  let start = message.headStart;
  for (const dropped of rangesOf(message, names)) {
    if (dropped.start > start) ranges.push({ start, end: dropped.start });
    start = dropped.end;
  }
  if (message.bodyStart > start) ranges.push({ start, end: message.bodyStart });
  const isClosed = !message.head.faults.some(({ code }) => code === 'head-not-closed');
  if (isClosed) return { ranges, tail: nothing };
  return { ranges, tail: isTorn(message, ranges.at(-1)) ? twoLineEnds : lineEnd };
}

function rangesOf(message: MessagePlaces, names: readonly string[]): Range[] {
  const keys = new Set(names.map((name) => name.toLowerCase()));
  const ranges: Range[] = [];
  for (const field of message.head.fields) {
    if (!keys.has(field.key)) continue;
    const start = message.headStart + field.start;
    const end = Math.min(message.headStart + field.end, message.bodyStart);
    const last = ranges.at(-1);
    if (last?.end === start) ranges[ranges.length - 1] = { start: last.start, end };
    else if (end > start) ranges.push({ start, end });
  }
  return ranges;
}

/** Does this end with a field that has no line end, because the message ends there? */
function isTorn(message: MessagePlaces, range: Range | undefined): boolean {
  const last = message.head.fields.at(-1);
  if (range === undefined || last === undefined) return false;
  const isLast = range.end === Math.min(message.headStart + last.end, message.bodyStart);
  return isLast && last.raw().at(-1) !== lf;
}

// ---------------------------------------------------------------- partials

/** How many octets a section has. */
export function sectionSize({ ranges, tail }: SectionOctets): number {
  let size = tail.length;
  for (const { start, end } of ranges) size += end - start;
  return size;
}

/**
 * What `<first.count>` leaves of a section; beyond its end nothing. RFC 9051 §6.4.5.
 *
 * @example
 * cutSection({ ranges: [{ start: 0, end: 9 }], tail: new Uint8Array(0) }, { first: 7, count: 5 });
 * // { ranges: [{ start: 7, end: 9 }], tail: [] }
 */
export function cutSection(section: SectionOctets, partial: FetchPartial | null): SectionOctets {
  if (partial === null) return section;
  const ranges: Range[] = [];
  let skip = partial.first;
  let left = partial.count;
  for (const { start, end } of section.ranges) {
    const from = Math.min(end, start + skip);
    const to = Math.min(end, from + left);
    skip -= from - start;
    left -= to - from;
    if (to > from) ranges.push({ start: from, end: to });
  }
  return { ranges, tail: section.tail.subarray(skip, skip + left) };
}
