/**
 * The head of a message or part: which octets are which field. Nothing is decoded before somebody
 * asks, so that the server can look at every message that passes. RFC 5322 §2.2, §3.6.8, §4.5;
 * RFC 6532 §3.
 */

import { latin1, readUtf8 } from '../bytes.ts';
import { noteFault } from './fault.ts';
import type { Fault } from './fault.ts';
import { headLimits } from './limits.ts';

export { headLimits } from './limits.ts';

export interface Field {
  /** As written. */
  readonly name: string;
  /** The name in lower case. */
  readonly key: string;
  /**
   * Octets from the start of the head; the whole field with its final line end is `[start, end)`.
   */
  readonly start: number;
  readonly end: number;
  /** The field as it stands there: name, colon, folds, final line end. */
  raw(): Uint8Array;
  /** What is behind the colon, byte for byte, without the final line end. */
  rawValue(): Uint8Array;
  /**
   * Unfolded and trimmed, without CR and LF; UTF-8, or windows-1252 where it is not UTF-8.
   * Encoded words stay as they are.
   */
  value(): string;
}

export interface Head {
  readonly fields: readonly Field[];
  /** Octets of the head with the empty line that ends it: where the body begins. */
  readonly length: number;
  readonly faults: readonly Fault[];
}

export interface HeadOptions {
  readonly headBytesMax?: number;
  readonly fieldsMax?: number;
}

const cr = 13;
const lf = 10;
const colon = 58;
const windows1252 = new TextDecoder('windows-1252');

/** Text of octets that may be anything: UTF-8, else windows-1252, which fails for no octet. */
export function readText(bytes: Uint8Array): string {
  for (let at = 0; at < bytes.length; at += 1) {
    if (bytes[at]! > 0x7f) return readUtf8(bytes) ?? windows1252.decode(bytes);
  }
  return latin1(bytes);
}

class FieldOfHead implements Field {
  readonly name: string;
  readonly key: string;
  readonly start: number;
  end: number;
  readonly #bytes: Uint8Array;
  readonly #valueStart: number;

  constructor(bytes: Uint8Array, at: { start: number; nameEnd: number; colon: number }) {
    this.#bytes = bytes;
    this.name = latin1(bytes.subarray(at.start, at.nameEnd));
    this.key = this.name.toLowerCase();
    this.start = at.start;
    this.end = at.start;
    this.#valueStart = at.colon + 1;
  }

  raw(): Uint8Array {
    return this.#bytes.subarray(this.start, this.end);
  }

  rawValue(): Uint8Array {
    let end = this.end;
    if (this.#bytes[end - 1] === lf) end -= 1;
    if (this.#bytes[end - 1] === cr) end -= 1;
    return this.#bytes.subarray(this.#valueStart, Math.max(this.#valueStart, end));
  }

  value(): string {
    const bytes = this.#bytes;
    let from = this.#valueStart;
    let to = this.end;
    while (from < to && isBlank(bytes[from]!)) from += 1;
    while (to > from && isBlank(bytes[to - 1]!)) to -= 1;
    return readUnfolded(bytes.subarray(from, to));
  }
}

/**
 * The octets of a field's value, unfolded and trimmed: what `value()` is the text of.
 *
 * @example
 * latin1(unfoldedOctets(readHead(ascii('Subject: a\r\n b\r\n\r\n')).fields[0]!)); // 'a b'
 */
export function unfoldedOctets(field: Field): Uint8Array {
  const value = field.rawValue();
  let from = 0;
  let to = value.length;
  while (from < to && isBlank(value[from]!)) from += 1;
  while (to > from && isBlank(value[to - 1]!)) to -= 1;
  const trimmed = value.subarray(from, to);
  return trimmed.includes(lf) || trimmed.includes(cr) ? unfold(trimmed) : trimmed;
}

/** The text of a value with its folds, without CR and LF. */
export function readUnfolded(value: Uint8Array): string {
  return readText(value.includes(lf) || value.includes(cr) ? unfold(value) : value);
}

function isBlank(octet: number): boolean {
  return octet === 32 || octet === 9 || octet === cr || octet === lf;
}

/** RFC 5322 §2.2.3: a line end before white space is none. A CR alone becomes a space. */
function unfold(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length);
  let length = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const octet = bytes[at]!;
    if (octet === lf) continue;
    if (octet !== cr) out[length++] = octet;
    else if (bytes[at + 1] !== lf && bytes[at + 1] !== cr) out[length++] = 32;
  }
  return out.subarray(0, length);
}

/**
 * Where the name of the field on this line ends, and where its colon is; null when it is no
 * field.
 */
function findName(bytes: Uint8Array, start: number, end: number): [number, number] | null {
  let nameEnd = start;
  while (nameEnd < end) {
    const octet = bytes[nameEnd]!;
    if (octet === colon || octet <= 32 || octet >= 127) break;
    nameEnd += 1;
  }
  let at = nameEnd;
  while (at < end && (bytes[at] === 32 || bytes[at] === 9)) at += 1;
  return nameEnd > start && bytes[at] === colon && at < end ? [nameEnd, at] : null;
}

/** `From ` or `>From `: what mbox files put above a message. */
function isMboxLine(bytes: Uint8Array, start: number): boolean {
  const at = bytes[start] === 62 ? start + 1 : start;
  return (
    bytes[at] === 70 &&
    bytes[at + 1] === 114 &&
    bytes[at + 2] === 111 &&
    bytes[at + 3] === 109 &&
    bytes[at + 4] === 32
  );
}

/** Tells which line a head ends at; one line at a time, so that a stream can ask too. */
export class HeadLines {
  readonly faults: Fault[];
  readonly fields: FieldOfHead[] = [];
  /** Where the body begins, once `take` has answered 'end' or 'body'. */
  bodyStart = 0;
  readonly #bytesMax: number;
  readonly #fieldsMax: number;
  #field: FieldOfHead | null = null;
  /** Start of a line that is no field, until the next line tells whether it belongs to the head. */
  #doubtful = -1;
  #first = true;
  #isOver = false;

  constructor(faults: Fault[], options: HeadOptions = {}) {
    this.faults = faults;
    this.#bytesMax = options.headBytesMax ?? headLimits.headBytesMax;
    this.#fieldsMax = options.fieldsMax ?? headLimits.fieldsMax;
  }

  /** Is the head over its limit? From there on only an empty line ends it. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /**
   * Takes the line `[start, end)` whose line end reaches to `next`. 'end': it is the empty line;
   * 'body': an earlier line, at `bodyStart`, is the first of the body already.
   */
  take(bytes: Uint8Array, start: number, end: number, next: number): 'more' | 'end' | 'body' {
    if (start === end) return this.#finish(start, next);
    if (this.#isOver) return 'more';
    if (next > this.#bytesMax) {
      this.#isOver = true;
      this.#doubtful = -1;
      noteFault(this.faults, 'head-too-long', start);
      return 'more';
    }
    const first = bytes[start];
    if (first === 32 || first === 9) return this.#fold(start, next);
    const name = findName(bytes, start, end);
    if (name === null) return this.#strange(bytes, start);
    this.#first = false;
    this.#settleDoubt();
    this.#begin(bytes, start, name);
    if (this.#field !== null) this.#field.end = next;
    return 'more';
  }

  #finish(start: number, next: number): 'end' | 'body' {
    // A line in doubt right above the empty line: text whose head was never closed. Show it.
    if (this.#doubtful >= 0) return this.#startBody();
    this.bodyStart = start === next ? start : next;
    return 'end';
  }

  /** Ends the head where the bytes end. Answers where the body begins, which may be before. */
  finishAt(length: number): number {
    if (this.#doubtful >= 0) this.#startBody();
    else this.bodyStart = length;
    noteFault(this.faults, 'head-not-closed', length);
    return this.bodyStart;
  }

  #fold(start: number, next: number): 'more' | 'body' {
    if (this.#doubtful >= 0) return this.#startBody();
    if (this.#first) noteFault(this.faults, 'fold-first', start);
    else if (this.#field !== null) this.#field.end = next;
    return 'more';
  }

  #strange(bytes: Uint8Array, start: number): 'more' | 'body' {
    if (this.#doubtful >= 0) return this.#startBody();
    if (this.#first && isMboxLine(bytes, start)) {
      noteFault(this.faults, 'mbox-line', start);
      return 'more';
    }
    this.#doubtful = start;
    return 'more';
  }

  #startBody(): 'body' {
    noteFault(this.faults, 'head-not-closed', this.#doubtful);
    this.bodyStart = this.#doubtful;
    this.#doubtful = -1;
    return 'body';
  }

  /** A field follows the strange line, so that line was one of the head: somebody folded badly. */
  #settleDoubt(): void {
    if (this.#doubtful < 0) return;
    noteFault(this.faults, 'line-not-field', this.#doubtful);
    this.#doubtful = -1;
  }

  #begin(bytes: Uint8Array, start: number, name: [number, number]): void {
    this.#field = null;
    if (this.fields.length >= this.#fieldsMax) {
      noteFault(this.faults, 'fields-too-many', start);
      return;
    }
    this.#field = new FieldOfHead(bytes, { start, nameEnd: name[0], colon: name[1] });
    this.fields.push(this.#field);
  }
}

/**
 * Reads the head at the start of `bytes`, which may be a whole message. Never throws: damage is
 * named in `faults`. The fields refer to `bytes`, which must not be changed. RFC 5322 §2.1, §4.5.
 *
 * @example
 * const head = readHead(utf8('Subject: hello\r\n world\r\n\r\nbody'));
 * head.fields[0]?.value(); // 'hello world'
 * head.length; // 26
 */
export function readHead(bytes: Uint8Array, options: HeadOptions = {}): Head {
  const faults: Fault[] = [];
  const lines = new HeadLines(faults, options);
  let start = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const octet = bytes[at]!;
    if (octet > cr) continue;
    if (octet === cr) {
      if (bytes[at + 1] !== lf) noteFault(faults, 'bare-cr', at);
    } else if (octet === lf) {
      let end = at;
      if (end === start || bytes[end - 1] !== cr) noteFault(faults, 'bare-lf', at);
      while (end > start && bytes[end - 1] === cr) end -= 1;
      if (lines.take(bytes, start, end, at + 1) !== 'more') {
        return { fields: lines.fields, length: lines.bodyStart, faults };
      }
      start = at + 1;
    } else if (octet === 0) noteFault(faults, 'nul', at);
  }
  if (start < bytes.length && lines.take(bytes, start, bytes.length, bytes.length) === 'body') {
    return { fields: lines.fields, length: lines.bodyStart, faults };
  }
  return { fields: lines.fields, length: lines.finishAt(bytes.length), faults };
}

/** The first field of that name (lower case). */
export function findField(head: Head, key: string): Field | undefined {
  for (const field of head.fields) if (field.key === key) return field;
  return undefined;
}

export function findFields(head: Head, key: string): readonly Field[] {
  return head.fields.filter((field) => field.key === key);
}
