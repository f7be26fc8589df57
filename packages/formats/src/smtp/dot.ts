/**
 * The DATA dot machine, both directions. RFC 5321 §4.5.2 (transparency), §2.3.8 (only CRLF ends a
 * line). A bare CR or LF is a fault and never a line end: servers that read `<LF>.<CR><LF>` as the
 * end of a message let a stranger smuggle a second one behind the first. This holds on the way in
 * and out.
 */

import { SyntaxFault } from '../syntax-fault.ts';
import { TextScan } from './text-scan.ts';

export type NewlineFault = 'bare-cr' | 'bare-lf';

const CR = 13;
const LF = 10;
const DOT = 46;

/** Where the machine stands, named by what it has just seen. */
const inLine = 0;
const afterCr = 1;
const lineStart = 2;
const afterDot = 3;
const afterDotCr = 4;

/**
 * The server's side. Feed it what arrives after 354; it hands on the message without the stuffed
 * dots, as parts of the chunk given (nothing is copied), until `<CRLF>.<CRLF>` or a fault.
 *
 * @example
 * const reader = new DotReader();
 * const pieces: Uint8Array[] = [];
 * reader.push(ascii('..a\r\n.\r\nQUIT\r\n'), (piece) => pieces.push(piece)); // 8: octets taken
 * reader.isDone; // true, and pieces hold `.a\r\n`
 */
export class DotReader {
  isDone = false;
  fault: NewlineFault | null = null;
  #state = lineStart;

  /** How many octets of the chunk belong to the message and its end; the rest are commands. */
  push(chunk: Uint8Array, emit: (piece: Uint8Array) => void): number {
    const end = chunk.length;
    const text = new TextScan(chunk);
    let state = this.#state;
    let from = 0;
    let i = 0;
    while (i < end) {
      if (state === inLine) {
        i = text.next(i);
        if (i === end) break;
      }
      const octet = chunk[i];
      i += 1;
      if (octet === LF) {
        if (state === afterDotCr) {
          this.isDone = true;
          return i;
        }
        if (state !== afterCr) return this.#stop('bare-lf', i);
        state = lineStart;
      } else if (state === afterCr || state === afterDotCr) {
        return this.#stop('bare-cr', i);
      } else if (octet === CR) {
        state = state === afterDot ? afterDotCr : afterCr;
        if (state === afterDotCr) from = i;
      } else if (octet === DOT && state === lineStart) {
        if (i - 1 > from) emit(chunk.subarray(from, i - 1));
        from = i;
        state = afterDot;
      } else {
        state = inLine;
      }
    }
    if (end > from) emit(from === 0 ? chunk : chunk.subarray(from));
    this.#state = state;
    return end;
  }

  #stop(fault: NewlineFault, taken: number): number {
    this.fault = fault;
    return taken;
  }
}

const stuffed = Uint8Array.of(DOT);
const lastLine = Uint8Array.of(DOT, CR, LF);
const endAndLastLine = Uint8Array.of(CR, LF, DOT, CR, LF);

/**
 * The client's side: stuffs dots and ends the message. It mends nothing: a bare CR or LF throws
 * SyntaxFault `smtp.bare-cr` or `smtp.bare-lf`, and the connection must not be used any further.
 *
 * @example
 * const writer = new DotWriter();
 * [...writer.write(ascii('.a\r\n')), writer.end()]; // '.', '.a\r\n', '.\r\n'
 */
export class DotWriter {
  #state = lineStart;

  /** The chunk as it goes on the wire, as parts of itself and single dots. */
  write(chunk: Uint8Array): Uint8Array[] {
    const pieces: Uint8Array[] = [];
    const text = new TextScan(chunk);
    let from = 0;
    let state = this.#state;
    for (let i = 0; i < chunk.length; i += 1) {
      if (state === inLine) {
        i = text.next(i);
        if (i === chunk.length) break;
      }
      const octet = chunk[i];
      if (octet === DOT && state === lineStart) {
        if (i > from) pieces.push(chunk.subarray(from, i));
        pieces.push(stuffed);
        from = i;
      }
      state = follow(state, octet);
    }
    if (chunk.length > from) pieces.push(from === 0 ? chunk : chunk.subarray(from));
    this.#state = state;
    return pieces;
  }

  /** What ends the message; a last line without CRLF gets one, as DATA cannot say it otherwise. */
  end(): Uint8Array {
    if (this.#state === afterCr) throw newlineFault('bare-cr');
    return this.#state === lineStart ? lastLine : endAndLastLine;
  }
}

/** Checks text that is not framed by dots (BDAT, RFC 3030 §3): only CRLF may end its lines. */
export class NewlineCheck {
  #state = lineStart;
  #isSound = true;

  /** false: there was a bare CR or LF, now or before. */
  push(chunk: Uint8Array): boolean {
    const text = new TextScan(chunk);
    let state = this.#state;
    for (let i = 0; i < chunk.length && this.#isSound; i += 1) {
      if (state !== afterCr) {
        i = text.next(i);
        if (i === chunk.length) break;
      }
      const octet = chunk[i];
      if ((octet === LF) !== (state === afterCr)) this.#isSound = false;
      state = octet === CR ? afterCr : inLine;
    }
    this.#state = state;
    return this.#isSound;
  }

  end(): boolean {
    return this.#isSound && this.#state !== afterCr;
  }
}

function follow(state: number, octet: number | undefined): number {
  if (octet === LF) {
    if (state !== afterCr) throw newlineFault('bare-lf');
    return lineStart;
  }
  if (state === afterCr) throw newlineFault('bare-cr');
  return octet === CR ? afterCr : inLine;
}

function newlineFault(fault: NewlineFault): SyntaxFault {
  const what = fault === 'bare-cr' ? 'CR without LF' : 'LF without CR';
  return new SyntaxFault(`smtp.${fault}`, `the message has a ${what}`);
}
