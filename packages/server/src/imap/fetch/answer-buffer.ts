/** Puts many small pieces of an answer side by side, so that they leave as one. */

const roomMin = 16 * 1024;

export class AnswerBuffer {
  #octets = Buffer.allocUnsafeSlow(roomMin);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** US-ASCII. */
  text(text: string): void {
    this.#reserve(text.length);
    this.#length += this.#octets.write(text, this.#length, 'latin1');
  }

  octets(octets: Uint8Array): void {
    this.#reserve(octets.length);
    this.#octets.set(octets, this.#length);
    this.#length += octets.length;
  }

  /** A piece as formats write it: text is UTF-8. */
  piece(piece: string | Uint8Array): void {
    this.octets(typeof piece === 'string' ? Buffer.from(piece, 'utf8') : piece);
  }

  /** Forgets what was written behind this length. */
  cut(length: number): void {
    this.#length = length;
  }

  /** What was written, which is the taker's; the buffer is empty then. */
  take(): Uint8Array {
    const taken = this.#octets.subarray(0, this.#length);
    this.#octets = Buffer.allocUnsafeSlow(Math.max(roomMin, this.#length));
    this.#length = 0;
    return taken;
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#octets.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#octets.length * 2));
    this.#octets.copy(larger, 0, 0, this.#length);
    this.#octets = larger;
  }
}
