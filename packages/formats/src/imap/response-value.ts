/**
 * The words of a response: atoms, strings, lists. Servers in the field write atoms with octets that
 * RFC 9051 §9 forbids there; whatever is no space, parenthesis, quote or control is borne with.
 */

import { concat, latin1, readUtf8 } from '../bytes.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import { responseLimits } from './response-limits.ts';
import type { ResponseParts } from './response-reader.ts';

/** NIL is null. A number is an atom; `\Seen` too, with its backslash. */
export type ResponseValue = null | Atom | Text | readonly ResponseValue[];

export interface Atom {
  readonly atom: string;
}

/** A quoted string or a literal. */
export interface Text {
  readonly octets: Uint8Array;
}

export function badResponse(why: string): SyntaxFault {
  return new SyntaxFault('imap.bad-response', why);
}

const space = 0x20;
const quote = 0x22;
const open = 0x28;
const close = 0x29;
const backslash = 0x5c;
const noOctets = new Uint8Array(0);

/** Reads a response from its first word to its end. */
export class ValueCursor {
  readonly #parts: ResponseParts;
  #part = 0;
  #line: Uint8Array;
  #at = 0;

  constructor(parts: ResponseParts) {
    this.#parts = parts;
    this.#line = lineOf(parts[0]);
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#line.length;
  }

  /** The octet that comes; -1 at the end. */
  peek(): number {
    return this.#line[this.#at] ?? -1;
  }

  /** Passes over spaces: some servers write two, or one before a closing parenthesis. */
  skipSpaces(): void {
    while (this.peek() === space) this.#at += 1;
  }

  /** Takes that octet if it comes. */
  takes(octet: number): boolean {
    if (this.peek() !== octet) return false;
    this.#at += 1;
    return true;
  }

  /** Octets up to the next one of these, or to the end. */
  until(...stops: readonly number[]): string {
    const from = this.#at;
    while (!this.isAtEnd && !stops.includes(this.peek())) this.#at += 1;
    return latin1(this.#line.subarray(from, this.#at));
  }

  /** An atom; throws when there is none. */
  atom(): string {
    const from = this.#at;
    for (; !this.isAtEnd; this.#at += 1) {
      const octet = this.peek();
      if (octet <= space || octet === open || octet === close || octet === quote) break;
    }
    if (this.#at === from) throw badResponse('A word is missing');
    const octets = this.#line.subarray(from, this.#at);
    return readUtf8(octets) ?? latin1(octets);
  }

  /** What is left of the line, as text. */
  rest(): string {
    const octets = this.#line.subarray(this.#at);
    this.#at = this.#line.length;
    return readUtf8(octets) ?? latin1(octets);
  }

  value(depth = 0): ResponseValue {
    if (depth > responseLimits.depthMax) throw badResponse('Nested too deeply');
    switch (this.peek()) {
      case open:
        return this.#list(depth);
      case quote:
        return { octets: this.#quoted() };
      default: {
        const atom = this.atom();
        if (/^~?\{[0-9]+\+?\}$/.test(atom) && this.isAtEnd) return { octets: this.#literal() };
        return atom.toUpperCase() === 'NIL' ? null : { atom };
      }
    }
  }

  /** All values up to the end. */
  values(): ResponseValue[] {
    const found: ResponseValue[] = [];
    for (this.skipSpaces(); !this.isAtEnd; this.skipSpaces()) found.push(this.value());
    return found;
  }

  #list(depth: number): ResponseValue[] {
    const items: ResponseValue[] = [];
    this.#at += 1;
    for (;;) {
      this.skipSpaces();
      if (this.takes(close)) return items;
      if (this.isAtEnd) throw badResponse('A list has no end');
      items.push(this.value(depth + 1));
    }
  }

  #quoted(): Uint8Array {
    this.#at += 1;
    const pieces: Uint8Array[] = [];
    let from = this.#at;
    for (; !this.isAtEnd; this.#at += 1) {
      const octet = this.peek();
      if (octet === quote) {
        const last = this.#line.subarray(from, this.#at);
        this.#at += 1;
        return pieces.length === 0 ? last : concat([...pieces, last]);
      }
      if (octet !== backslash) continue;
      pieces.push(this.#line.subarray(from, this.#at));
      this.#at += 1;
      from = this.#at;
    }
    throw badResponse('A quoted string has no end');
  }

  #literal(): Uint8Array {
    const part = this.#parts[this.#part + 1];
    if (part === undefined || part instanceof Uint8Array) throw badResponse('A literal is missing');
    this.#part += 2;
    this.#line = lineOf(this.#parts[this.#part]);
    this.#at = 0;
    return part.literal;
  }
}

function lineOf(part: ResponseParts[number] | undefined): Uint8Array {
  if (part === undefined) return noOctets;
  if (part instanceof Uint8Array) return part;
  throw badResponse('A literal that no line announced');
}

export function isList(value: ResponseValue | undefined): value is readonly ResponseValue[] {
  return Array.isArray(value);
}

/** Throws unless it is a list. NIL is an empty one: so some servers write it. */
export function listOf(value: ResponseValue | undefined): readonly ResponseValue[] {
  if (value === null) return [];
  if (!isList(value)) throw badResponse('A list is missing');
  return value;
}

/** A string, or an atom as it stands; null for NIL. Octets that are not UTF-8 are latin1. */
export function textOf(value: ResponseValue | undefined): string | null {
  if (value === null) return null;
  if (value === undefined || isList(value)) throw badResponse('A string is missing');
  return 'atom' in value ? value.atom : (readUtf8(value.octets) ?? latin1(value.octets));
}

/** As `textOf`, where NIL has no meaning. */
export function wordOf(value: ResponseValue | undefined): string {
  const text = textOf(value);
  if (text === null) throw badResponse('A word is missing');
  return text;
}

/** The octets of a string or an atom; null for NIL. */
export function octetsOf(value: ResponseValue | undefined): Uint8Array | null {
  if (value === null) return null;
  if (value === undefined || isList(value)) throw badResponse('A string is missing');
  return 'atom' in value ? new TextEncoder().encode(value.atom) : value.octets;
}

export function numberOf(value: ResponseValue | undefined): number {
  return readNumber(wordOf(value));
}

/** A number of decimal digits below 2^53. */
export function readNumber(text: string): number {
  const number = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(number)) throw badResponse('A number is missing');
  return number;
}
