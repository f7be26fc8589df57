/**
 * Takes what an IMAP server sends, in any chunks, and gives it out as lines and literals. RFC 9051
 * §2.2.2, §4.3; RFC 3516 §4.4 (`~{…}`).
 */

import { concat, latin1 } from '../bytes.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import { responseLimits } from './response-limits.ts';

/** A response: lines without CRLF, each literal behind the line that announced it. */
export type ResponseParts = readonly (Uint8Array | { readonly literal: Uint8Array })[];

/**
 * The octets of the literal that the line announces at its end; null when it announces none.
 * `isFirst`: the line begins a response. Text for people may end in braces, and announces nothing.
 *
 * @example literalAtEnd(utf8('* 1 FETCH (BODY[] {5}'), { isFirst: true }) // 5
 */
export function literalAtEnd(
  line: Uint8Array,
  about: { readonly isFirst: boolean },
): number | null {
  if (line.at(-1) !== 0x7d) return null;
  if (about.isFirst && statusStart.test(latin1(line.subarray(0, 300)))) return null;
  const [, digits] = /\{([0-9]+)\+?\}$/.exec(latin1(line.subarray(-24))) ?? [];
  if (digits === undefined) return null;
  if (digits.length > responseLimits.numberDigitsMax) {
    throw new SyntaxFault('imap.bad-response', 'A literal of absurd size');
  }
  return Number(digits);
}

/** `+ …`, `* OK …`, `a1 NO …`: the rest is text. */
const statusStart = /^(?:\+|[^ ]+ +(?:OK|NO|BAD|BYE|PREAUTH)(?: |$))/i;

/**
 * Holds at most one unfinished line beyond the chunk last pushed.
 *
 * @example
 * const reader = new ResponseReader();
 * reader.push(utf8('* 1 FETCH (BODY[] {5}\r\nhello)\r\n'));
 * reader.readLine();     // '* 1 FETCH (BODY[] {5}', behind which literalAtEnd finds 5
 * reader.readOctets(5);  // 'hello'
 * reader.readLine();     // ')'
 */
export class ResponseReader {
  #held: Uint8Array[] = [];
  #pending = 0;
  /** How many of the held octets are known to have no line end. */
  #scanned = 0;
  readonly #lineOctetsMax: number;

  constructor(options: { readonly lineOctetsMax?: number } = {}) {
    this.#lineOctetsMax = options.lineOctetsMax ?? responseLimits.lineOctetsMax;
  }

  /** The chunk must not be changed afterwards. */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#held.push(chunk);
    this.#pending += chunk.length;
  }

  /** Octets not given out yet. */
  get pending(): number {
    return this.#pending;
  }

  /**
   * The next line without its end; null: push more. A bare LF ends a line too. Throws `SyntaxFault`
   * with code `imap.line-too-long`.
   */
  readLine(): Uint8Array | null {
    const end = this.#findLineEnd();
    if ((end < 0 ? this.#pending : end) > this.#lineOctetsMax) {
      throw new SyntaxFault('imap.line-too-long', 'Response line too long');
    }
    if (end < 0) return null;
    const line = this.#take(end + 1);
    this.#scanned = 0;
    return line.subarray(0, end > 0 && line[end - 1] === 0x0d ? end - 1 : end);
  }

  /** Some of the next octets, at most `most` and at least one; null: push more. */
  readOctets(most: number): Uint8Array | null {
    const first = this.#held[0];
    if (first === undefined || most <= 0) return null;
    return this.#take(Math.min(most, first.length));
  }

  #findLineEnd(): number {
    let start = 0;
    for (const chunk of this.#held) {
      const from = Math.max(0, this.#scanned - start);
      if (from < chunk.length) {
        const at = chunk.indexOf(0x0a, from);
        if (at >= 0) return start + at;
      }
      start += chunk.length;
    }
    this.#scanned = this.#pending;
    return -1;
  }

  /** So many of the held octets; there are enough. */
  #take(count: number): Uint8Array {
    const taken: Uint8Array[] = [];
    let whole = 0;
    for (let left = count; left > 0; whole += 1) {
      const chunk = this.#held[whole]!;
      if (chunk.length > left) {
        this.#held[whole] = chunk.subarray(left);
        taken.push(chunk.subarray(0, left));
        break;
      }
      taken.push(chunk);
      left -= chunk.length;
    }
    this.#held.splice(0, whole);
    this.#pending -= count;
    return taken.length === 1 ? taken[0]! : concat(taken);
  }
}
