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
    while (at < end) {
      if (this.#isAfterCr) {
        this.#isAfterCr = false;
        if (chunk[at] === lf) {
          this.#endLine();
          at += 1;
          continue;
        }
        this.#put(cr); // a CR alone is an octet like others
      }
      const octet = chunk[at]!;
      if (octet === cr) {
        this.#isAfterCr = true;
        at += 1;
      } else if (this.#isRelaxed && (octet === space || octet === tab)) {
        this.#isBlank = true;
        at += 1;
      } else at = this.#putRun(chunk, at);
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

  /** Everything up to the next octet that may mean something. */
  #putRun(chunk: Uint8Array, from: number): number {
    let to = from + 1;
    if (this.#isRelaxed) {
      while (to < chunk.length) {
        const octet = chunk[to]!;
        if (octet === cr || octet === space || octet === tab) break;
        to += 1;
      }
    } else {
      const next = chunk.indexOf(cr, to);
      to = next < 0 ? chunk.length : next;
    }
    this.#settle();
    if (this.#length + (to - from) > this.#buffer.length) this.#flushLength(this.#buffer.length);
    if (to - from > this.#buffer.length) this.#out(chunk.subarray(from, to));
    else if (to - from < 24) {
      for (let at = from; at < to; at += 1) this.#buffer[this.#length++] = chunk[at]!;
    } else {
      this.#buffer.set(chunk.subarray(from, to), this.#length);
      this.#length += to - from;
    }
    return to;
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
    if (this.#length + room <= this.#buffer.length) return;
    this.#out(this.#buffer.subarray(0, this.#length));
    this.#length = 0;
  }
}
