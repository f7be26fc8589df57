/**
 * A reading place in a command: takes words, strings, numbers and lists from its lines, and steps
 * over literals from one line into the next. RFC 9051 §4, §9; RFC 3501 §4, §9.
 */

import { copyBytes, latin1, readUtf8 } from '../bytes.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import type { CommandParts } from './command.ts';
import { imapLimits } from './limits.ts';
import { type LiteralMarker, readLiteralMarker } from './literal.ts';
import { decodeName, levelSeparator, readMailboxName } from './mailbox-name.ts';
import { type SequenceSet, readSequenceSet } from './sequence-set.ts';

/** ATOM-CHAR, and with `]` what an astring may be made of. */
const atomText = /[!#$&'+,\-./0-9:;<=>?@A-Z[^_`a-z|}~]+/y;
const astringText = /[!#$&'+,\-./0-9:;<=>?@A-Z[\]^_`a-z|}~]+/y;
/** What a pattern of LIST is made of. */
const patternText = /[!#$%&'*+,\-./0-9:;<=>?@A-Z[\]^_`a-z|}~]+/y;
const setText = /[0-9:,*]+/y;
const digitsText = /[0-9]+/y;

/** What is no name in any form fits no name: none has NUL in it. */
const unmatchable = '\0';

/** A literal is told of that was not collected yet: an incremental reader asks for it. */
export class LiteralAwaited extends SyntaxFault {
  constructor() {
    super('imap.literal-missing', 'A literal is missing');
  }
}

export function wrong(message: string): SyntaxFault {
  return new SyntaxFault('imap.bad-arguments', message);
}

export function tooMany(message: string): SyntaxFault {
  return new SyntaxFault('imap.too-many', message);
}

export class Cursor {
  readonly #parts: CommandParts;
  readonly #utf8: boolean;
  #part = -1;
  #line: Uint8Array = new Uint8Array(0);
  /** The line, one character per octet. */
  #text = '';
  #at = 0;

  constructor(parts: CommandParts, options: { readonly utf8: boolean }) {
    this.#parts = parts;
    this.#utf8 = options.utf8;
    let octets = 0;
    for (const part of parts)
      octets += part instanceof Uint8Array ? part.length : part.literal.length;
    if (octets > imapLimits.commandOctetsMax) {
      throw new SyntaxFault('imap.too-long', 'The command is too long');
    }
    this.#nextLine();
  }

  #nextLine(): void {
    this.#part += 1;
    const line = this.#parts[this.#part];
    if (!(line instanceof Uint8Array)) throw wrong('A line is missing');
    this.#line = line;
    this.#text = latin1(line);
    this.#at = 0;
    if (/[\0\r\n]/.test(this.#text)) throw wrong('NUL, CR and LF are not for a line');
  }

  // ---------------------------------------------------------------- marks

  /** The next character, '' at the end of the line. */
  get next(): string {
    return this.#text.charAt(this.#at);
  }

  /** Goes over the character when it comes next. */
  skip(character: string): boolean {
    if (this.next !== character) return false;
    this.#at += 1;
    return true;
  }

  expect(character: string): void {
    if (!this.skip(character)) {
      throw wrong(character === ' ' ? 'An argument is missing' : `${character} is missing`);
    }
  }

  space(): void {
    this.expect(' ');
  }

  /** Spaces at the end are forgiven: some clients leave one. */
  get isAtEnd(): boolean {
    return /^ *$/.test(this.#text.slice(this.#at));
  }

  end(): void {
    if (!this.isAtEnd) throw wrong('Too many arguments');
    if (this.#part !== this.#parts.length - 1) throw wrong('Something follows the command');
  }

  /** Goes over the word, in any case, when it and then a space, bracket or the end come next. */
  skipWord(word: string): boolean {
    const end = this.#at + word.length;
    if (this.#text.slice(this.#at, end).toUpperCase() !== word) return false;
    if (!/^[ ()]?$/.test(this.#text.charAt(end))) return false;
    this.#at = end;
    return true;
  }

  // ---------------------------------------------------------------- words

  #take(form: RegExp): string {
    form.lastIndex = this.#at;
    const found = form.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }

  /** Takes what the sticky expression matches, '' when nothing does. */
  match(form: RegExp): string {
    return this.#take(form);
  }

  atom(): string {
    const atom = this.#take(atomText);
    if (atom === '') throw wrong('A word is missing');
    return atom;
  }

  /** An atom in capitals. */
  word(): string {
    return this.atom().toUpperCase();
  }

  /** Up to 2^32 - 1. */
  number(): number {
    const value = this.#digits();
    if (value > imapLimits.numberMax) throw wrong('The number is too large');
    return value;
  }

  /** 1 … 2^32 - 1. */
  positive(): number {
    const value = this.number();
    if (value === 0) throw wrong('Zero is not allowed here');
    return value;
  }

  /** 63 bits on the wire; what is beyond 2^53 - 1 reads as that, which nothing of ours reaches. */
  number64(): number {
    return Math.min(this.#digits(), Number.MAX_SAFE_INTEGER);
  }

  #digits(): number {
    const digits = this.#take(digitsText);
    if (digits === '' || digits.length > imapLimits.numberDigitsMax) {
      throw wrong('A number is missing');
    }
    return Number(digits);
  }

  set(): SequenceSet {
    return readSequenceSet(this.#take(setText));
  }

  /** A set, or `$` for the saved result. RFC 5182. */
  messageSet(): SequenceSet | '$' {
    return this.skip('$') ? '$' : this.set();
  }

  // ---------------------------------------------------------------- strings

  /** Atom, quoted string or literal: its octets. */
  astring(): Uint8Array {
    return this.#stringOr(astringText);
  }

  /** As `astring`, with the wildcards of LIST. */
  pattern(): Uint8Array {
    return this.#stringOr(patternText);
  }

  /** Quoted string or literal. */
  string(): Uint8Array {
    const octets = this.#stringHere();
    if (octets === null) throw wrong('A string is missing');
    return octets;
  }

  /** A string, or null for NIL. */
  nstring(): Uint8Array | null {
    return this.skipWord('NIL') ? null : this.string();
  }

  /** A string or literal8, or null for NIL. RFC 5464 §5 (value). */
  nstring8(): Uint8Array | null {
    if (this.skipWord('NIL')) return null;
    return this.next === '~' ? this.literal(true) : this.string();
  }

  #stringOr(form: RegExp): Uint8Array {
    const octets = this.#stringHere();
    if (octets !== null) return octets;
    const start = this.#at;
    if (this.#take(form) === '') throw wrong('A string is missing');
    return copyBytes(this.#line.subarray(start, this.#at));
  }

  #stringHere(): Uint8Array | null {
    if (this.next === '"') return this.#quoted();
    // An atom cannot begin with `{`: it must be a literal.
    return this.next === '{' ? this.literal(false) : null;
  }

  #quoted(): Uint8Array {
    const octets: number[] = [];
    for (let at = this.#at + 1; at < this.#line.length; at += 1) {
      const octet = this.#line[at]!;
      if (octet === 0x22) {
        this.#at = at + 1;
        return Uint8Array.from(octets);
      }
      if (octet !== 0x5c) {
        octets.push(octet);
        continue;
      }
      at += 1;
      const escaped = this.#line[at];
      // RFC 9051 §9, QUOTED-CHAR: only these two are escaped.
      if (escaped !== 0x22 && escaped !== 0x5c) throw wrong('A backslash before " or \\ only');
      octets.push(escaped);
    }
    throw wrong('A quoted string does not end');
  }

  /** The literal that the line ends in here. Throws `LiteralAwaited` when it was not collected. */
  literal(isBinary: boolean): Uint8Array {
    const marker = this.literalMarker();
    if (marker === null || marker.isBinary !== isBinary) throw wrong('A literal is missing');
    const part = this.#parts[this.#part + 1];
    if (part === undefined) throw new LiteralAwaited();
    if (part instanceof Uint8Array || part.literal.length !== marker.octets) {
      throw wrong('A literal is missing');
    }
    if (!isBinary && part.literal.includes(0)) throw wrong('A literal may not hold NUL');
    this.#part += 1;
    this.#nextLine();
    return copyBytes(part.literal);
  }

  /** The marker that begins here and ends the line; null when none does. Stays where it is. */
  literalMarker(): LiteralMarker | null {
    const marker = readLiteralMarker(this.#line);
    return marker !== null && marker.at === this.#at ? marker : null;
  }

  /** After a marker whose literal is read elsewhere: nothing may be behind it. */
  endAtLiteral(): void {
    if (this.#part !== this.#parts.length - 1) throw wrong('Something follows the literal');
  }

  // ---------------------------------------------------------------- texts

  /** An astring that is UTF-8. */
  astringText(): string {
    return textOf(this.astring());
  }

  /** A string that is UTF-8. */
  stringText(): string {
    return textOf(this.string());
  }

  mailbox(): string {
    return readMailboxName(this.astring(), { utf8: this.#utf8 });
  }

  /** The name of a mailbox to be made: a separator at its end says only that levels will follow. */
  newMailbox(): string {
    const octets = this.astring();
    const isOpen = octets.length > 1 && octets.at(-1) === levelSeparator.charCodeAt(0);
    return readMailboxName(isOpen ? octets.subarray(0, -1) : octets, { utf8: this.#utf8 });
  }

  /** A mailbox, or '' for the server itself. RFC 5464 §4.2. */
  mailboxOrServer(): string {
    const octets = this.astring();
    return octets.length === 0 ? '' : readMailboxName(octets, { utf8: this.#utf8 });
  }

  /** The reference of LIST: need not be a mailbox. */
  reference(): string {
    return decodeName(this.astring(), { utf8: this.#utf8 }) ?? unmatchable;
  }

  listPattern(): string {
    const octets = this.pattern();
    if (octets.length > imapLimits.patternOctetsMax) throw tooMany('The pattern is too long');
    return decodeName(octets, { utf8: this.#utf8 }) ?? unmatchable;
  }

  /** `(one two)`; `readOne` stops before the space. Empty lists only when `min` is 0. */
  list<T>(readOne: () => T, limits: { readonly min?: 0; readonly max: number }): T[] {
    this.expect('(');
    const all: T[] = [];
    if (limits.min === 0 && this.skip(')')) return all;
    for (;;) {
      if (all.length === limits.max) throw tooMany('The list is too long');
      all.push(readOne());
      if (this.skip(')')) return all;
      this.space();
    }
  }

  /** One, or several in brackets. */
  oneOrList<T>(readOne: () => T, limits: { readonly max: number }): T[] {
    return this.next === '(' ? this.list(readOne, limits) : [readOne()];
  }
}

function textOf(octets: Uint8Array): string {
  const text = readUtf8(octets);
  if (text === null) throw wrong('Not UTF-8');
  return text;
}
