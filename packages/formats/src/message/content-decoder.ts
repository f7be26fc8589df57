/**
 * Transfer encodings, undone while the octets stream by. Damage is read through and named, since
 * mail with a torn attachment is still mail. RFC 2045 §6; uuencode as in POSIX.
 */

import { base64Values, concat, hexDigit } from '../bytes.ts';
import { noteFault } from './fault.ts';
import type { Fault } from './fault.ts';
import { lineLimits } from './limits.ts';

export type Encoding =
  | '7bit'
  | '8bit'
  | 'binary'
  | 'base64'
  | 'quoted-printable'
  | 'uuencode'
  | 'unknown';

/**
 * Takes encoded octets in any cuts, gives decoded ones; what it has given does not change later.
 */
export interface ContentDecoder {
  write(chunk: Uint8Array): Uint8Array;
  end(): Uint8Array;
}

const encodings = new Map<string, Encoding>([
  ['', '7bit'],
  ['7bit', '7bit'],
  ['7bits', '7bit'],
  ['8bit', '8bit'],
  ['8bits', '8bit'],
  ['binary', 'binary'],
  ['base64', 'base64'],
  ['b', 'base64'],
  ['quotedprintable', 'quoted-printable'],
  ['q', 'quoted-printable'],
  ['uuencode', 'uuencode'],
  ['xuuencode', 'uuencode'],
  ['xuue', 'uuencode'],
  ['uue', 'uuencode'],
]);

/**
 * The encoding that a Content-Transfer-Encoding field names; comments, other spellings and
 * rubbish behind it are read over.
 */
export function readEncoding(value: string | null): Encoding {
  if (value === null) return '7bit';
  const word = /^[\s"']*([A-Za-z0-9_./ -]*)/u.exec(value.replace(/\([^()]*\)/gu, ''))![1]!;
  return encodings.get(word.toLowerCase().replace(/[\s_./-]+/gu, '')) ?? 'unknown';
}

export function isIdentity(encoding: Encoding): boolean {
  return (
    encoding === '7bit' || encoding === '8bit' || encoding === 'binary' || encoding === 'unknown'
  );
}

export function createContentDecoder(encoding: Encoding, faults: Fault[] = []): ContentDecoder {
  switch (encoding) {
    case 'base64':
      return new Base64Decoder(faults);
    case 'quoted-printable':
      return new QuotedPrintableDecoder(faults);
    case 'uuencode':
      return new UuDecoder(faults);
    case '7bit':
    case '8bit':
    case 'binary':
    case 'unknown':
      return identityDecoder;
    default:
      return encoding satisfies never;
  }
}

/** @example latin1(decodeContent(ascii('aGVsbG8='), 'base64')); // 'hello' */
export function decodeContent(
  bytes: Uint8Array,
  encoding: Encoding,
  faults: Fault[] = [],
): Uint8Array {
  if (isIdentity(encoding)) return bytes;
  const decoder = createContentDecoder(encoding, faults);
  const most = decoder.write(bytes);
  const rest = decoder.end();
  return rest.length === 0 ? most : concat([most, rest]);
}

const nothing = new Uint8Array(0);

const identityDecoder: ContentDecoder = { write: (chunk) => chunk, end: () => nothing };

class Base64Decoder implements ContentDecoder {
  readonly #faults: Fault[];
  #group = 0;
  #digits = 0;
  #seen = 0;
  /** What stands behind padding, up to the end of its line; null while there was no padding. */
  #behind: number[] | null = null;

  constructor(faults: Fault[]) {
    this.#faults = faults;
  }

  write(chunk: Uint8Array): Uint8Array {
    const held = this.#behind?.length ?? 0;
    const out = new Uint8Array(Math.floor(((chunk.length + held + this.#digits) * 3) / 4) + 3);
    let length = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      if (this.#digits === 0 && this.#behind === null) {
        const from = at;
        for (; at + 3 < chunk.length; at += 4) {
          const one = base64Values[chunk[at]!]!;
          const two = base64Values[chunk[at + 1]!]!;
          const three = base64Values[chunk[at + 2]!]!;
          const four = base64Values[chunk[at + 3]!]!;
          if ((one | two | three | four) > 63) break;
          out[length] = (one << 2) | (two >> 4);
          out[length + 1] = (two << 4) | (three >> 2);
          out[length + 2] = (three << 6) | four;
          length += 3;
        }
        this.#seen += at - from;
        if (at >= chunk.length) break;
      }
      this.#seen += 1;
      const octet = chunk[at]!;
      if (this.#behind === null) length = this.#take(octet, out, length);
      else if (octet !== 0x3d || this.#behind.length > 0) {
        length = this.#takeBehind(this.#behind, octet, out, length);
      }
    }
    return out.subarray(0, length);
  }

  #take(octet: number, out: Uint8Array, length: number): number {
    const value = base64Values[octet]!;
    if (value === 255) {
      if (octet === 0x3d) this.#pad();
      else if (octet > 32) this.#blame();
      return length;
    }
    this.#group = (this.#group << 6) | value;
    this.#digits += 1;
    if (this.#digits === 1) return length;
    // An octet is given as soon as its bits are there, so padding gives none.
    if (this.#digits === 2) out[length] = this.#group >> 4;
    else if (this.#digits === 3) out[length] = (this.#group >> 2) & 255;
    else {
      out[length] = this.#group & 255;
      this.#group = 0;
      this.#digits = 0;
    }
    return length + 1;
  }

  #pad(): void {
    if (this.#digits < 2) this.#blame();
    this.#behind = [];
    this.#group = 0;
    this.#digits = 0;
  }

  /**
   * Padding ends the content (RFC 2045 §6.8), and lists append text in the clear. QUIRK: some
   * senders put several encoded pieces together, so a line that is nothing but base64 is decoded
   * too.
   */
  #takeBehind(line: number[], octet: number, out: Uint8Array, length: number): number {
    if (octet !== 10) {
      if (line.length < lineLimits.lineBytesMax) line.push(octet);
      return length;
    }
    return this.#endBehind(line, out, length);
  }

  #endBehind(line: number[], out: Uint8Array, length: number): number {
    while (line.length > 0 && line.at(-1)! <= 32) line.pop();
    this.#behind = [];
    if (line.length === 0) return length;
    this.#blame();
    const isBase64 = line.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/u.test(textOf(line));
    if (!isBase64) return length;
    this.#behind = null;
    let at = length;
    for (const digit of line) if (digit !== 0x3d) at = this.#take(digit, out, at);
    if (this.#digits > 0) {
      this.#group = 0;
      this.#digits = 0;
      this.#behind = [];
    }
    return at;
  }

  #blame(): void {
    noteFault(this.#faults, 'base64-broken', this.#seen - 1);
  }

  end(): Uint8Array {
    const line = this.#behind;
    if (line !== null && line.length > 0) {
      const out = new Uint8Array(line.length);
      return out.subarray(0, this.#endBehind(line, out, 0));
    }
    if (this.#digits > 0) noteFault(this.#faults, 'base64-broken', this.#seen);
    this.#digits = 0;
    this.#group = 0;
    return nothing;
  }
}

const isHex = (octet: number): boolean => hexDigit(octet) >= 0;

/**
 * Holds back white space until it is known not to end a line (RFC 2045 §6.7 rule 3), and what
 * follows an equals sign until it is known what it means.
 */
class QuotedPrintableDecoder implements ContentDecoder {
  readonly #faults: Fault[];
  /** White space, or an equals sign with what is behind it. */
  #held: number[] = [];
  #seen = 0;

  constructor(faults: Fault[]) {
    this.#faults = faults;
  }

  write(chunk: Uint8Array): Uint8Array {
    const out = new Uint8Array(chunk.length + this.#held.length);
    let length = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const octet = chunk[at]!;
      if (this.#held.length === 0 && octet > 32 && octet !== 0x3d) out[length++] = octet;
      else length = this.#take(octet, out, length);
    }
    this.#seen += chunk.length;
    return out.subarray(0, length);
  }

  #take(octet: number, out: Uint8Array, length: number): number {
    const held = this.#held;
    if (held[0] === 0x3d) return this.#afterEquals(octet, out, length);
    if (octet === 32 || octet === 9) {
      // LIMIT: white space longer than any line may be is kept, so that it need not be held.
      if (held.length < lineLimits.lineBytesMax) {
        held.push(octet);
        return length;
      }
    } else if (octet === 13 || octet === 10) {
      held.length = 0; // White space at the end of a line was added on the way.
      out[length] = octet;
      return length + 1;
    }
    const at = this.#release(out, length);
    if (octet === 0x3d) held.push(octet);
    else out[at] = octet;
    return octet === 0x3d ? at : at + 1;
  }

  #afterEquals(octet: number, out: Uint8Array, length: number): number {
    const held = this.#held;
    const last = held[held.length - 1]!;
    if (octet === 10) {
      held.length = 0; // A soft line break.
      return length;
    }
    if (last === 13) return this.#literal(octet, out, length);
    if (held.length === 2 && isHex(last) && isHex(octet)) {
      out[length] = hexDigit(last) * 16 + hexDigit(octet);
      held.length = 0;
      return length + 1;
    }
    const isBlank = last === 32 || last === 9;
    const mayGoOn =
      octet === 13
        ? held.length === 1 || isBlank
        : octet === 32 || octet === 9
          ? (held.length === 1 || isBlank) && held.length < lineLimits.lineBytesMax
          : held.length === 1 && isHex(octet);
    if (!mayGoOn) return this.#literal(octet, out, length);
    held.push(octet);
    return length;
  }

  /**
   * The equals sign meant nothing: it and what was held are themselves; the octet is looked at
   * anew.
   */
  #literal(octet: number, out: Uint8Array, length: number): number {
    noteFault(this.#faults, 'quoted-printable-broken', this.#seen);
    const at = this.#release(out, length);
    return this.#take(octet, out, at);
  }

  #release(out: Uint8Array, length: number): number {
    let at = length;
    for (const octet of this.#held) out[at++] = octet;
    this.#held.length = 0;
    return at;
  }

  /** White space at the end goes, as does an equals sign that breaks the last line. */
  end(): Uint8Array {
    const held = this.#held;
    const isBroken = held[0] === 0x3d && held.length > 1 && isHex(held[1]!);
    const rest = isBroken ? Uint8Array.from(held) : nothing;
    if (isBroken) noteFault(this.#faults, 'quoted-printable-broken', this.#seen);
    held.length = 0;
    return rest;
  }
}

/** Lines between `begin MODE NAME` and `end`; what stands around them is no content. */
class UuDecoder implements ContentDecoder {
  readonly #faults: Fault[];
  #line: number[] = [];
  #state: 'before' | 'inside' | 'behind' = 'before';
  #seen = 0;

  constructor(faults: Fault[]) {
    this.#faults = faults;
  }

  write(chunk: Uint8Array): Uint8Array {
    const out: number[] = [];
    for (const octet of chunk) {
      this.#seen += 1;
      if (octet === 10) this.#endLine(out);
      else if (this.#line.length < lineLimits.lineBytesMax && octet !== 13) this.#line.push(octet);
    }
    return Uint8Array.from(out);
  }

  end(): Uint8Array {
    const out: number[] = [];
    if (this.#line.length > 0) this.#endLine(out);
    if (this.#state !== 'behind') noteFault(this.#faults, 'uuencode-broken', this.#seen);
    return Uint8Array.from(out);
  }

  #endLine(out: number[]): void {
    const line = this.#line;
    this.#line = [];
    if (this.#state === 'before') {
      if (/^begin [0-7]{3,4} /u.test(textOf(line))) this.#state = 'inside';
    } else if (this.#state === 'inside') {
      if (textOf(line).trimEnd() === 'end') this.#state = 'behind';
      else this.#decode(line, out);
    }
  }

  #decode(line: readonly number[], out: number[]): void {
    if (line.length === 0) return;
    const count = (line[0]! - 32) & 63;
    const needed = Math.ceil((count * 4) / 3);
    // Trailing spaces mean zero and are often lost on the way.
    if (line[0]! < 32 || line[0]! > 96 || line.length > needed + 5) {
      noteFault(this.#faults, 'uuencode-broken', this.#seen);
    }
    for (let done = 0, at = 1; done < count; done += 3, at += 4) {
      const digit = (offset: number): number => ((line[at + offset] ?? 32) - 32) & 63;
      const group = (digit(0) << 18) | (digit(1) << 12) | (digit(2) << 6) | digit(3);
      out.push(group >> 16);
      if (done + 1 < count) out.push((group >> 8) & 255);
      if (done + 2 < count) out.push(group & 255);
    }
  }
}

function textOf(line: readonly number[]): string {
  return String.fromCharCode(...line);
}
