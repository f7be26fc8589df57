/**
 * BODY made of a BODYSTRUCTURE: the extension data are left out. RFC 9051 §7.5.2. Tests and the
 * fuzzer hold the two forms that are written against each other with it.
 */

import { concat, latin1 } from '../bytes.ts';
import { SyntaxFault } from '../syntax-fault.ts';

const lf = 10;
const space = 32;
const quote = 34;
const open = 40;
const close = 41;
const backslash = 92;
const brace = 123;

/**
 * @example
 * latin1(withoutExtensions(ascii('("a" "b" NIL NIL NIL "7bit" 0 NIL NIL NIL NIL)')));
 * // ("a" "b" NIL NIL NIL "7bit" 0)
 */
export function withoutExtensions(structure: Uint8Array): Uint8Array {
  const shortener = new Shortener(structure);
  shortener.body();
  return concat(shortener.kept);
}

class Shortener {
  readonly kept: Uint8Array[] = [];
  readonly #octets: Uint8Array;
  #at = 0;
  /** Where the octets begin that are to be kept and were not yet. */
  #from = 0;

  constructor(octets: Uint8Array) {
    this.#octets = octets;
  }

  body(): void {
    this.#expect(open);
    if (this.#octets[this.#at] === open) {
      while (this.#octets[this.#at] === open) this.body();
      this.#item(); // The subtype.
    } else this.#single();
    this.#drop();
  }

  #single(): void {
    const type = this.#item();
    const subtype = this.#item();
    for (let field = 0; field < 5; field += 1) this.#item();
    if (type === 'text') this.#item();
    if (type !== 'message' || (subtype !== 'rfc822' && subtype !== 'global')) return;
    this.#item();
    this.#skipSpace();
    this.body();
    this.#item();
  }

  /** Leaves out what is left of this list, but for its end. */
  #drop(): void {
    this.kept.push(this.#octets.subarray(this.#from, this.#at));
    while (this.#octets[this.#at] !== close) this.#item();
    this.#from = this.#at;
    this.#at += 1;
    this.kept.push(this.#octets.subarray(this.#from, this.#at));
    this.#from = this.#at;
  }

  /** Passes one item; answers what it says when it is a quoted string. */
  #item(): string | null {
    this.#skipSpace();
    switch (this.#octets[this.#at]) {
      case undefined:
        throw new SyntaxFault('imap.bad-structure', 'Not a body structure');
      case quote:
        return this.#quoted();
      case brace:
        this.#literal();
        return null;
      case open:
        this.#at += 1;
        for (; this.#octets[this.#at] !== close; this.#skipSpace()) this.#item();
        this.#at += 1;
        return null;
      default:
        while (!isEnd(this.#octets[this.#at])) this.#at += 1;
        return null;
    }
  }

  #quoted(): string {
    const start = this.#at + 1;
    this.#at = start;
    while (this.#octets[this.#at] !== quote) {
      if (this.#at >= this.#octets.length) {
        throw new SyntaxFault('imap.bad-structure', 'A string that does not end');
      }
      this.#at += this.#octets[this.#at] === backslash ? 2 : 1;
    }
    this.#at += 1;
    return latin1(this.#octets.subarray(start, this.#at - 1));
  }

  #literal(): void {
    const end = this.#octets.indexOf(lf, this.#at);
    const found = /^\{(\d{1,10})\}\r$/u.exec(latin1(this.#octets.subarray(this.#at, end)));
    if (end < 0 || found === null) {
      throw new SyntaxFault('imap.bad-structure', 'Not a literal');
    }
    this.#at = end + 1 + Number(found[1]);
  }

  #expect(octet: number): void {
    if (this.#octets[this.#at] !== octet) {
      throw new SyntaxFault('imap.bad-structure', 'Not a body structure');
    }
    this.#at += 1;
  }

  #skipSpace(): void {
    while (this.#octets[this.#at] === space) this.#at += 1;
  }
}

function isEnd(octet: number | undefined): boolean {
  return octet === undefined || octet === space || octet === close || octet === open;
}
