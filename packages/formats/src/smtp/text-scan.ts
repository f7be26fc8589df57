/**
 * Finds line ends fast. Every octet of every message passes here, so four are looked at at once
 * where a chunk is large enough to pay for it.
 */

const CR = 13;
/** Below this a second view of the chunk costs more than it saves. */
const wordScanOctetsMin = 256;
const noWords = new Int32Array(0);

/** An octet that is added four times, and the highest bit of each. */
const limits = (CR + 1) * 0x01010101;
const highBits = 0x80808080 | 0;

/**
 * One chunk, to be searched from its beginning to its end.
 *
 * @example
 * new TextScan(ascii('Halo\r\n')).next(0); // 4
 */
export class TextScan {
  readonly #octets: Uint8Array;
  /** The same memory as 32-bit words, from the first aligned octet on. */
  readonly #words: Int32Array;
  readonly #lead: number;

  constructor(octets: Uint8Array) {
    this.#octets = octets;
    this.#lead = -octets.byteOffset & 3;
    this.#words =
      octets.length < wordScanOctetsMin
        ? noWords
        : new Int32Array(
            octets.buffer,
            octets.byteOffset + this.#lead,
            (octets.length - this.#lead) >> 2,
          );
  }

  /**
   * Where the next octet is that may be CR or LF: the first one from `from` on that is not above
   * CR. The chunk's length when there is none.
   */
  next(from: number): number {
    const octets = this.#octets;
    const end = octets.length;
    let at = from;
    if (this.#words.length > 0) {
      while (at < end && ((at - this.#lead) & 3) !== 0) {
        if ((octets[at] as number) <= CR) return at;
        at += 1;
      }
      if (at === end) return end;
      at = this.#firstWord((at - this.#lead) >> 2) * 4 + this.#lead;
    }
    while (at < end && (octets[at] as number) > CR) at += 1;
    return at;
  }

  /** The first word from here on with such an octet in it: there its subtraction borrows. */
  #firstWord(from: number): number {
    const words = this.#words;
    for (let i = from; i < words.length; i += 1) {
      const word = words[i] as number;
      if (((word - limits) & ~word & highBits) !== 0) return i;
    }
    return Math.max(from, words.length);
  }
}
