/**
 * Parenthesised lists of strings and numbers as octets, in which ENVELOPE and BODYSTRUCTURE are
 * written. Strings are quoted when they are printable US-ASCII and literals otherwise, so that
 * the same octets are right with and without UTF8=ACCEPT. RFC 9051 §4.3, §9 (string, nstring).
 */

import { ascii, copyBytes, utf8 } from '../bytes.ts';

const space = 32;
const quote = 34;
const open = 40;
const close = 41;
const questionMark = 63;
const backslash = 92;

/**
 * @example
 * new ListWriter().open().string('a "b"').nil().number(7).close().finish(); // ("a \"b\"" NIL 7)
 */
export class ListWriter {
  #octets = new Uint8Array(512);
  #length = 0;

  /** Begins a list. */
  open(): this {
    this.#separate();
    return this.#put(open);
  }

  /** Begins a list that stands beside another one without a space, as addresses and bodies do. */
  openBeside(): this {
    return this.#put(open);
  }

  close(): this {
    return this.#put(close);
  }

  nil(): this {
    return this.#word('NIL');
  }

  number(value: number): this {
    return this.#word(String(value));
  }

  /**
   * NUL, which no string of IMAP may hold, becomes a question mark: left out, it could make a word
   * of what is none, as in `mess\0age`.
   */
  string(value: string | Uint8Array): this {
    const octets = typeof value === 'string' ? utf8(value) : value;
    const clean = octets.includes(0) ? octets.map((octet) => octet || questionMark) : octets;
    this.#separate();
    return isQuotable(clean) ? this.#quoted(clean) : this.#literal(clean);
  }

  nstring(value: string | Uint8Array | null): this {
    return value === null ? this.nil() : this.string(value);
  }

  /** What was written; the writer may be used on. */
  finish(): Uint8Array {
    return copyBytes(this.#octets.subarray(0, this.#length));
  }

  /** A space, unless nothing stands before it in this list. */
  #separate(): void {
    if (this.#length > 0 && this.#octets[this.#length - 1] !== open) this.#put(space);
  }

  #word(text: string): this {
    this.#separate();
    return this.#putAll(ascii(text));
  }

  #quoted(octets: Uint8Array): this {
    this.#put(quote);
    this.#reserve(octets.length * 2);
    for (const octet of octets) {
      if (octet === quote || octet === backslash) this.#octets[this.#length++] = backslash;
      this.#octets[this.#length++] = octet;
    }
    return this.#put(quote);
  }

  #literal(octets: Uint8Array): this {
    return this.#putAll(ascii(`{${octets.length}}\r\n`)).#putAll(octets);
  }

  #put(octet: number): this {
    this.#reserve(1);
    this.#octets[this.#length++] = octet;
    return this;
  }

  #putAll(octets: Uint8Array): this {
    this.#reserve(octets.length);
    this.#octets.set(octets, this.#length);
    this.#length += octets.length;
    return this;
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#octets.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#octets.length * 2));
    larger.set(this.#octets.subarray(0, this.#length));
    this.#octets = larger;
  }
}

function isQuotable(octets: Uint8Array): boolean {
  for (const octet of octets) if ((octet < 32 && octet !== 9) || octet > 126) return false;
  return true;
}
