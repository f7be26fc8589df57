/** Whole responses out of a stream: for readers that need nothing streamed. */

import { SyntaxFault } from '../syntax-fault.ts';
import { concat } from '../bytes.ts';
import { responseLimits } from './response-limits.ts';
import { literalAtEnd, type ResponseParts, type ResponseReader } from './response-reader.ts';

export interface AssemblyLimits {
  readonly literalOctetsMax: number;
  readonly responseOctetsMax: number;
  readonly literalsMax: number;
}

/**
 * Collects one response after the other from a `ResponseReader`.
 *
 * @example
 * const assembly = new ResponseAssembly(reader);
 * assembly.next(); // the parts of a response, or null: push more into the reader
 */
export class ResponseAssembly {
  readonly #reader: ResponseReader;
  readonly #limits: AssemblyLimits;
  #parts: ResponseParts[number][] = [];
  #octets = 0;
  #literals = 0;
  /** The literal that is being collected, if one is. */
  #pieces: Uint8Array[] = [];
  #missing: number | null = null;

  constructor(reader: ResponseReader, limits: AssemblyLimits = responseLimits) {
    this.#reader = reader;
    this.#limits = limits;
  }

  /** Throws `SyntaxFault` with code `imap.response-too-long`. */
  next(): ResponseParts | null {
    for (;;) {
      if (this.#missing !== null && !this.#readLiteral()) return null;
      const line = this.#reader.readLine();
      if (line === null) return null;
      const isFirst = this.#parts.length === 0;
      this.#parts.push(line);
      this.#count(line.length);
      const literal = literalAtEnd(line, { isFirst });
      if (literal === null) {
        const parts = this.#parts;
        [this.#parts, this.#octets, this.#literals] = [[], 0, 0];
        return parts;
      }
      this.#announce(literal);
    }
  }

  #announce(octets: number): void {
    this.#literals += 1;
    const { literalOctetsMax, literalsMax } = this.#limits;
    if (octets > literalOctetsMax || this.#literals > literalsMax) throw tooLong();
    this.#count(octets);
    this.#missing = octets;
  }

  #readLiteral(): boolean {
    while (this.#missing !== null && this.#missing > 0) {
      const piece = this.#reader.readOctets(this.#missing);
      if (piece === null) return false;
      this.#pieces.push(piece);
      this.#missing -= piece.length;
    }
    this.#parts.push({ literal: concat(this.#pieces) });
    this.#pieces = [];
    this.#missing = null;
    return true;
  }

  #count(octets: number): void {
    this.#octets += octets;
    if (this.#octets > this.#limits.responseOctetsMax) throw tooLong();
  }
}

function tooLong(): SyntaxFault {
  return new SyntaxFault('imap.response-too-long', 'More than a response may have');
}
