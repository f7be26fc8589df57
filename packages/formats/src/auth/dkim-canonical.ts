/**
 * The forms of head and body that are hashed. RFC 6376 §3.4. The body comes in chunks of any size;
 * what cannot be decided yet (white space at a line's end, empty lines at the body's) is counted,
 * not kept, so memory stays bounded whatever the body.
 */

import { ascii, concat } from '../bytes.ts';
import type { Canonical } from './dkim-record.ts';

const cr = 13;
const lf = 10;
const space = 32;
const tab = 9;
/** The first octet that is neither white space nor control. */
const letter = 33;

/** A field as it stands in the head, with its line end, in its canonical form with CRLF. */
export function canonicalField(raw: Uint8Array, form: Canonical): Uint8Array {
  if (form === 'simple') return withCrlf(raw);
  let colon = raw.indexOf(58);
  if (colon < 0) colon = raw.length;
  const out = new Uint8Array(raw.length + 2);
  let length = 0;
  for (let at = 0; at < colon; at += 1) {
    const octet = raw[at]!;
    if (octet === space || octet === tab) continue;
    out[length++] = octet >= 65 && octet <= 90 ? octet + 32 : octet;
  }
  out[length++] = 58;
  const start = length;
  let isBlank = false;
  for (let at = colon + 1; at < raw.length; at += 1) {
    const octet = raw[at]!;
    if (octet === cr || octet === lf) continue; // a fold; its white space follows
    if (octet === space || octet === tab) {
      isBlank = true;
      continue;
    }
    if (isBlank && length > start) out[length++] = space;
    isBlank = false;
    out[length++] = octet;
  }
  out[length++] = cr;
  out[length++] = lf;
  return out.subarray(0, length);
}

function withCrlf(raw: Uint8Array): Uint8Array {
  const endsWell = raw.length >= 2 && raw[raw.length - 2] === cr && raw[raw.length - 1] === lf;
  return endsWell ? raw : concat([raw, ascii('\r\n')]);
}

/** More octets than that are given on where they are. */
const directMin = 2048;

/** The first one; the end of the chunk when there is none, as in base64. */
function findBlank(chunk: Uint8Array, from: number): number {
  const firstSpace = chunk.indexOf(space, from);
  const firstTab = chunk.indexOf(tab, from);
  if (firstSpace < 0 || firstTab < 0) {
    return Math.max(firstSpace, firstTab) < 0 ? chunk.length : Math.max(firstSpace, firstTab);
  }
  return Math.min(firstSpace, firstTab);
}

/** White space that is not one space within a line; the end of the chunk when there is none. */
function findOdd(chunk: Uint8Array, from: number): number {
  const end = chunk.length;
  let before = letter;
  for (let at = from; at < end; at += 1) {
    const octet = chunk[at]!;
    const isOdd = octet === tab || (before === space && (octet === space || octet === cr));
    if (isOdd) return before === space ? at - 1 : at;
    before = octet;
  }
  return before === space ? end - 1 : end;
}

/**
 * The same where there are no tabs, four octets at a time: only where two in a row may be below
 * `letter` it looks closer. A body is read once for it, and most of it is words. `base` is where
 * the words begin in the chunk.
 */
function findOddByWords(
  chunk: Uint8Array,
  from: number,
  { words, base }: { readonly words: Int32Array; readonly base: number },
): number {
  let at = Math.max(from, base);
  if (at > from && hasPair(chunk, from, at + 1)) return findOdd(chunk, from);
  let last = 0;
  for (let index = (at - base) >> 2; index < words.length; index += 1) {
    const word = words[index]!;
    // The highest bit of each octet that is below `letter`, and now and then of its neighbour.
    const low = ((word - 0x21212121) | 0) & ~word & 0x80808080;
    if ((low & (low << 8)) !== 0 || (last !== 0 && low !== 0)) {
      const start = Math.max(from, base + index * 4 - 1);
      if (hasPair(chunk, start, base + index * 4 + 4)) return findOdd(chunk, start);
    }
    last = low;
    at = base + index * 4 + 3;
  }
  return findOdd(chunk, Math.max(from, at));
}

/** The chunk as words of four octets; null when it is too short, or has tabs. */
function wordsOf(chunk: Uint8Array): { readonly words: Int32Array; readonly base: number } | null {
  const base = (4 - (chunk.byteOffset & 3)) & 3;
  const count = (chunk.length - base) >> 2;
  if (count <= 0 || chunk.includes(tab)) return null;
  return { words: new Int32Array(chunk.buffer, chunk.byteOffset + base, count), base };
}

/** A space and behind it another one, or the end of the line. */
function hasPair(chunk: Uint8Array, from: number, to: number): boolean {
  for (let at = from + 1; at < to; at += 1) {
    if (chunk[at - 1] === space && (chunk[at] === space || chunk[at] === cr)) return true;
  }
  return false;
}

/**
 * Takes the body in chunks and gives its canonical form to `out`, in chunks too, which are good
 * until it returns.
 */
export class CanonicalBody {
  readonly #isRelaxed: boolean;
  readonly #out: (bytes: Uint8Array) => void;
  /** Line ends that may be the last ones. */
  #lines = 0;
  /** A CR whose LF is not there yet. */
  #isAfterCr = false;
  /** White space whose line may end with it. */
  #isBlank = false;
  #hasAny = false;
  #buffer = new Uint8Array(16 * 1024);
  #length = 0;

  constructor(form: Canonical, out: (bytes: Uint8Array) => void) {
    this.#isRelaxed = form === 'relaxed';
    this.#out = out;
  }

  write(chunk: Uint8Array): void {
    const end = chunk.length;
    let at = 0;
    if (this.#isAfterCr && end > 0) {
      this.#isAfterCr = false;
      if (chunk[0] === lf) {
        this.#endLine();
        at = 1;
      } else this.#put(cr); // a CR alone is an octet like others
    }
    if (this.#isBlank) at = this.#skipBlank(chunk, at);
    const blank = this.#isRelaxed ? findBlank(chunk, at) : end;
    const words = blank < end ? wordsOf(chunk) : null;
    while (at < end) {
      const from = Math.max(at, blank);
      const odd = words === null ? findOdd(chunk, from) : findOddByWords(chunk, from, words);
      // What a CR at the very end means, the next chunk tells.
      this.#isAfterCr = odd === end && chunk[end - 1] === cr;
      this.#putLines(chunk, at, this.#isAfterCr ? end - 1 : odd);
      at = odd < end ? this.#skipBlank(chunk, odd) : end;
    }
  }

  /** The whole form has been given out afterwards. */
  end(): void {
    if (this.#isAfterCr) this.#put(cr);
    this.#isAfterCr = false;
    // White space at the very end goes, as at the end of a line.
    if (this.#hasAny || !this.#isRelaxed) {
      this.#flushLength(2);
      this.#buffer[this.#length++] = cr;
      this.#buffer[this.#length++] = lf;
    }
    this.#out(this.#buffer.subarray(0, this.#length));
    this.#length = 0;
  }

  #endLine(): void {
    this.#isBlank = false;
    this.#lines += 1;
  }

  /** White space that is to become one space or, at the end of a line, nothing. */
  #skipBlank(chunk: Uint8Array, from: number): number {
    let at = from;
    while (chunk[at] === space || chunk[at] === tab) at += 1;
    this.#isBlank = true;
    if (chunk[at] !== cr) return at;
    if (at + 1 === chunk.length) {
      this.#isAfterCr = true;
      return at + 1;
    }
    if (chunk[at + 1] !== lf) return at;
    this.#endLine();
    return at + 2;
  }

  /** As they are, but for the line ends behind the last octet, which may be the body's last. */
  #putLines(chunk: Uint8Array, from: number, end: number): void {
    let to = end;
    while (to - from >= 2 && chunk[to - 1] === lf && chunk[to - 2] === cr) to -= 2;
    if (to > from) {
      this.#settle();
      this.#copy(chunk, from, to);
    }
    this.#lines += (end - to) / 2;
  }

  #copy(chunk: Uint8Array, from: number, to: number): void {
    const length = to - from;
    if (length > directMin) {
      this.#flushLength(this.#buffer.length);
      this.#out(chunk.subarray(from, to));
      return;
    }
    this.#flushLength(length);
    if (length < 24) {
      for (let at = from; at < to; at += 1) this.#buffer[this.#length++] = chunk[at]!;
    } else {
      this.#buffer.set(chunk.subarray(from, to), this.#length);
      this.#length += length;
    }
  }

  #put(octet: number): void {
    this.#settle();
    this.#flushLength(1);
    this.#buffer[this.#length++] = octet;
  }

  /** Something follows: the line ends and white space before it count. */
  #settle(): void {
    this.#hasAny = true;
    while (this.#lines > 0) {
      this.#flushLength(2);
      this.#buffer[this.#length++] = cr;
      this.#buffer[this.#length++] = lf;
      this.#lines -= 1;
    }
    if (!this.#isBlank) return;
    this.#flushLength(1);
    this.#buffer[this.#length++] = space;
    this.#isBlank = false;
  }

  #flushLength(room: number): void {
    if (this.#length === 0 || this.#length + room <= this.#buffer.length) return;
    this.#out(this.#buffer.subarray(0, this.#length));
    this.#length = 0;
  }
}
