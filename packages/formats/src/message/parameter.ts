/**
 * Fields with parameters: Content-Type and Content-Disposition. Values in pieces and in any
 * character set are put together; the many ways of getting file names wrong are read too. RFC
 * 2045 §5.1, RFC 2183 §2, RFC 2231 §3 to §4.1.
 */

import { hexPair } from '../bytes.ts';
import { decodeText, octetsAsSent } from './charset.ts';
import { decodeWords } from './encoded-word.ts';
import { noteFault } from './fault.ts';
import type { Fault } from './fault.ts';
import { parameterLimits } from './limits.ts';

export interface ParameterField {
  /** What stands before the first semicolon, in lower case. */
  readonly value: string;
  /** Names in lower case; values decoded. */
  readonly parameters: ReadonlyMap<string, string>;
  /** As written, in order: names with their stars, values without quotes. */
  readonly written: readonly (readonly [name: string, value: string])[];
}

export interface ContentType extends ParameterField {
  readonly type: string;
  readonly subtype: string;
}

/**
 * Reads a field such as Content-Disposition. Never throws.
 *
 * @example
 * readParameters("attachment; filename*0*=utf-8''Gr%C3%BC; filename*1=n.pdf", []).parameters;
 * // Map { 'filename' => 'Grün.pdf' }
 */
export function readParameters(value: string, faults: Fault[]): ParameterField {
  const scanner = new ParameterScanner(value, faults);
  const main = scanner.readMain();
  const written = scanner.readAll();
  return { value: main.toLowerCase(), parameters: assemble(written, faults), written };
}

/**
 * Reads Content-Type; what is unreadable or missing becomes the default. RFC 2045 §5.2.
 *
 * @example
 * readContentType('Text/HTML; charset="utf-8"', []).subtype; // 'html'
 */
export function readContentType(
  value: string | null,
  faults: Fault[],
  defaultType: 'text/plain' | 'message/rfc822' = 'text/plain',
): ContentType {
  const field = value === null ? null : readParameters(value, faults);
  const found = field === null ? null : /^([^\s/]+)\s*\/\s*([^\s/]+)$/u.exec(field.value);
  if (field !== null && found !== null) {
    return { ...field, value: `${found[1]}/${found[2]}`, type: found[1]!, subtype: found[2]! };
  }
  if (field !== null) noteFault(faults, 'type-broken', 0);
  const [type, subtype] = defaultType.split('/') as [string, string];
  const empty = { parameters: new Map<string, string>(), written: [] };
  // `Content-Type: text` and `charset=…` alone still tell the character set.
  return { ...(field ?? empty), value: defaultType, type, subtype };
}

type Pair = readonly [name: string, value: string];

class ParameterScanner {
  readonly #text: string;
  readonly #faults: Fault[];
  #at = 0;
  #looseQuotesAreOver = false;

  constructor(text: string, faults: Fault[]) {
    this.#text = text;
    this.#faults = faults;
  }

  /** Up to the first semicolon, or to white space that a parameter follows at once. */
  readMain(): string {
    this.#skipBlanks();
    const start = this.#at;
    let at = start;
    while (at < this.#text.length && !isEndOfMain(this.#text.charCodeAt(at))) at += 1;
    let main = this.#text.slice(start, at).trim();
    const split = /^([^\s=]+)\s+[A-Za-z0-9_*-]+=/u.exec(main);
    if (split !== null) {
      noteFault(this.#faults, 'parameter-broken', start);
      at = start + split[1]!.length;
      main = split[1]!;
    } else if (/^[A-Za-z0-9_*-]+=/u.test(main)) {
      noteFault(this.#faults, 'parameter-broken', start);
      at = start;
      main = '';
    }
    this.#at = at;
    return main.replace(/^"|"$/gu, '');
  }

  readAll(): Pair[] {
    const pairs: Pair[] = [];
    for (;;) {
      this.#skipSeparators();
      if (this.#at >= this.#text.length) return pairs;
      if (pairs.length >= parameterLimits.parametersMax) {
        noteFault(this.#faults, 'parameters-too-many', this.#at);
        return pairs;
      }
      const pair = this.#readPair();
      if (pair !== null) pairs.push(pair);
    }
  }

  #readPair(): Pair | null {
    const text = this.#text;
    const start = this.#at;
    while (this.#at < text.length && text[this.#at] !== '=' && text[this.#at] !== ';') {
      this.#at += 1;
    }
    const name = text
      .slice(start, this.#at)
      .replace(/\([^()]*\)/gu, '')
      .trim()
      .toLowerCase();
    if (text[this.#at] !== '=' || name === '') {
      noteFault(this.#faults, 'parameter-broken', start);
      if (text[this.#at] === '=') this.#at += 1;
      return null;
    }
    this.#at += 1;
    this.#skipBlanks();
    const value = text[this.#at] === '"' ? this.#readQuoted() : this.#readLoose();
    if (value.length <= parameterLimits.parameterLengthMax) return [name, value];
    noteFault(this.#faults, 'parameter-too-long', start);
    return [name, value.slice(0, parameterLimits.parameterLengthMax)];
  }

  #readQuoted(): string {
    const text = this.#text;
    const start = this.#at + 1;
    const end = findQuote(text, start);
    if (end < 0) {
      noteFault(this.#faults, 'quote-not-closed', start - 1);
      const semicolon = text.indexOf(';', start);
      this.#at = semicolon < 0 ? text.length : semicolon;
      return unquote(text.slice(start, this.#at).trim());
    }
    this.#at = end + 1;
    this.#skipBlanks();
    const next = text[this.#at];
    if (next === undefined || next === ';' || isParameterAhead(text, this.#at)) {
      return unquote(text.slice(start, end));
    }
    return this.#readTornQuotes(start, end);
  }

  /** QUIRK: quotes within a quoted name that nobody escaped, as `name="a "b" c.txt"`. */
  #readTornQuotes(start: number, firstEnd: number): string {
    const text = this.#text;
    noteFault(this.#faults, 'parameter-broken', start);
    if (!this.#looseQuotesAreOver) {
      const last = /"\s*(?:;|$)/u.exec(text.slice(firstEnd + 1));
      if (last !== null) {
        this.#at = firstEnd + 1 + last.index + 1;
        return unquote(text.slice(start, firstEnd + 1 + last.index));
      }
      this.#looseQuotesAreOver = true;
    }
    const semicolon = text.indexOf(';', this.#at);
    this.#at = semicolon < 0 ? text.length : semicolon;
    return unquote(text.slice(start, firstEnd));
  }

  /** A value without quotes: a token, or with spaces and signs that it must not have. */
  #readLoose(): string {
    const text = this.#text;
    const start = this.#at;
    while (this.#at < text.length && text[this.#at] !== ';') {
      if (isBlankAt(text, this.#at) && this.#at > start) {
        if (isParameterAhead(text, this.#at)) {
          noteFault(this.#faults, 'parameter-broken', this.#at);
          break;
        }
      }
      this.#at += 1;
    }
    const value = withoutLastComment(text.slice(start, this.#at).trim());
    if (/[\s<>@,"]/u.test(value)) noteFault(this.#faults, 'parameter-broken', start);
    return value;
  }

  #skipSeparators(): void {
    for (;;) {
      this.#skipBlanks();
      if (this.#text[this.#at] !== ';' && this.#text[this.#at] !== ',') return;
      this.#at += 1;
    }
  }

  /** White space and comments. */
  #skipBlanks(): void {
    const text = this.#text;
    for (let depth = 0; this.#at < text.length; this.#at += 1) {
      const sign = text[this.#at]!;
      if (sign === '(') depth += 1;
      else if (depth > 0 && sign === ')') depth -= 1;
      else if (depth > 0 && sign === '\\') this.#at += 1;
      else if (depth === 0 && sign.charCodeAt(0) > 32) return;
    }
    this.#at = Math.min(this.#at, text.length);
  }
}

/** `us-ascii (Plain text)`: a comment behind a value, not one that touches it, as in `a(1).pdf`. */
function withoutLastComment(value: string): string {
  const open = value.endsWith(')') ? value.lastIndexOf('(') : -1;
  return open > 0 && isBlankAt(value, open - 1) ? value.slice(0, open).trimEnd() : value;
}

function isEndOfMain(code: number): boolean {
  return code === 59 || code === 40;
}

function isBlankAt(text: string, at: number): boolean {
  return text.charCodeAt(at) <= 32;
}

/** Does ` name=` follow, so that somebody forgot a semicolon? */
const parameterAhead = /\s*[A-Za-z][A-Za-z0-9_*-]{0,40}\s?=(?!=|\?)/uy;

function isParameterAhead(text: string, at: number): boolean {
  if (at > 0 && text.charCodeAt(at) > 32 && text.charCodeAt(at - 1) > 32) return false;
  if (isBlankAt(text, at) && isBlankAt(text, at + 1)) return false; // The last blank will tell.
  parameterAhead.lastIndex = at;
  return parameterAhead.test(text);
}

function findQuote(text: string, start: number): number {
  for (let at = start; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 34) return at;
    if (code === 92) at += 1;
  }
  return -1;
}

function unquote(text: string): string {
  return text.includes('\\') ? text.replace(/\\(.)/gsu, '$1') : text;
}

// ---------------------------------------------------------------- values in pieces

interface Piece {
  readonly text: string;
  readonly isEncoded: boolean;
}

interface Gathered {
  plain: string | null;
  whole: Piece | null;
  readonly pieces: Map<number, Piece>;
}

const starred = /^([^*]+)(?:\*(\d{1,3}))?(\*)?$/u;

function assemble(written: readonly Pair[], faults: Fault[]): ReadonlyMap<string, string> {
  const gathered = new Map<string, Gathered>();
  for (const [name, value] of written) {
    const found = starred.exec(name);
    if (found === null) {
      noteFault(faults, 'parameter-broken', 0);
      continue;
    }
    const [, base, number, star] = found;
    const all = gathered.get(base!) ?? { plain: null, whole: null, pieces: new Map() };
    gathered.set(base!, all);
    if (!gather(all, { number, isEncoded: star !== undefined, value })) {
      noteFault(faults, 'parameter-duplicate', 0);
    }
  }
  const parameters = new Map<string, string>();
  for (const [name, all] of gathered) {
    const value = decodeGathered(all, faults);
    if (value.length > parameterLimits.parameterLengthMax) {
      noteFault(faults, 'parameter-too-long', 0);
    }
    parameters.set(name, value.slice(0, parameterLimits.parameterLengthMax));
  }
  return parameters;
}

/** Answers whether this was the first of its kind. */
function gather(
  all: Gathered,
  given: { number: string | undefined; isEncoded: boolean; value: string },
): boolean {
  const piece = { text: given.value, isEncoded: given.isEncoded };
  if (given.number !== undefined) {
    const number = Number(given.number);
    if (all.pieces.has(number)) return false;
    all.pieces.set(number, piece);
    return true;
  }
  if (given.isEncoded) {
    if (all.whole !== null) return false;
    all.whole = piece;
    return true;
  }
  if (all.plain !== null) return false;
  all.plain = given.value;
  return true;
}

/** The extended forms win over the plain one that stands beside them for old readers. */
function decodeGathered(all: Gathered, faults: Fault[]): string {
  if (all.whole !== null) return decodePieces([all.whole], faults);
  if (all.pieces.size > 0) {
    const row: Piece[] = [];
    const first = all.pieces.has(0) ? 0 : Math.min(...all.pieces.keys());
    for (let at = first; at <= parameterLimits.continuationMax; at += 1) {
      const piece = all.pieces.get(at);
      if (piece === undefined) break;
      row.push(piece);
    }
    if (first > 0 || row.length < all.pieces.size) noteFault(faults, 'parameter-gap', 0);
    if (first === 0 || all.plain === null) return decodePieces(row, faults);
  }
  return decodePlain(all.plain ?? '', faults);
}

/** RFC 2231 §4.1: the first encoded piece begins with `charset'language'`. */
function decodePieces(pieces: readonly Piece[], faults: Fault[]): string {
  if (!pieces.some((piece) => piece.isEncoded)) {
    return decodePlain(pieces.map((piece) => piece.text).join(''), faults);
  }
  const octets: number[] = [];
  let charset = '';
  for (const [index, piece] of pieces.entries()) {
    let text = piece.text;
    if (piece.isEncoded && index === 0) {
      const marked = /^([^']*)'[^']*'/u.exec(text);
      if (marked === null) noteFault(faults, 'parameter-broken', 0);
      charset = marked?.[1] ?? '';
      text = text.slice(marked?.[0].length ?? 0);
    }
    const source = octetsAsSent(text, charset);
    for (let at = 0; at < source.length; at += 1) {
      const code = piece.isEncoded && source[at] === 0x25 ? hexPair(source, at + 1) : -1;
      octets.push(code < 0 ? source[at]! : code);
      if (code >= 0) at += 2;
    }
  }
  return decodeText(Uint8Array.from(octets), charset === '' ? 'utf-8' : charset, faults);
}

/** RFC 2047 §5 forbids encoded words here; Outlook and many others write them all the same. */
function decodePlain(text: string, faults: Fault[]): string {
  if (!text.includes('=?')) return text;
  const decoded = decodeWords(text, faults);
  if (decoded !== text) noteFault(faults, 'parameter-encoded-word', 0);
  return decoded;
}

/** A parameter by name; null when it is not there. */
export function findParameter(field: ParameterField | null, name: string): string | null {
  return field?.parameters.get(name) ?? null;
}
