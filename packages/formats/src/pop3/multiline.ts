/**
 * The content of a multi-line reply: dots stuffed by the server, unstuffed by the client, and the
 * cut that TOP makes. RFC 1939 §3, §7. Any chunking of the same octets gives the same result.
 */

import { concat } from '../bytes.ts';

const cr = 0x0d;
const lf = 0x0a;
const dot = 0x2e;
const crlf = Uint8Array.of(cr, lf);
const nothing = new Uint8Array(0);

/**
 * Writes a message as the lines of a reply: a dot that begins a line is doubled, a last line
 * without CRLF gets one, and a lone dot ends it all.
 *
 * QUIRK: in a message with bare LFs (BINARYMIME) a dot alone on a "line" between two of them is
 * doubled too. RFC 1939 knows only CRLF, but poplib, fetchmail, getmail and most others take LF
 * for a line end: a message could end the reply early and forge the replies after it. Every other
 * octet is untouched.
 */
export class DotStuffer {
  #beforeLast = cr;
  #last = lf;
  /** A dot behind a bare LF waits for the octet after it. */
  #heldDot = false;

  push(chunk: Uint8Array): Uint8Array {
    if (chunk.length === 0) return nothing;
    const lead = this.#settleHeldDot(chunk[0] ?? 0);
    const doubled: number[] = [];
    let end = chunk.length;
    for (let at = chunk.indexOf(dot); at >= 0; at = chunk.indexOf(dot, at + 1)) {
      const place = this.#lineStart(chunk, at);
      if (place === 'none') continue;
      const next = chunk[at + 1];
      if (place === 'strict' || next === cr || next === lf) doubled.push(at);
      else if (next === undefined) {
        this.#heldDot = true;
        end = at;
      }
    }
    this.#beforeLast = chunk.length > 1 ? (chunk[chunk.length - 2] ?? 0) : this.#last;
    this.#last = chunk[chunk.length - 1] ?? 0;
    if (lead === null && doubled.length === 0) return chunk.subarray(0, end);
    return splice({ lead, chunk, end, doubled });
  }

  /** What closes the reply; the stuffer is as new afterwards. */
  end(): Uint8Array {
    const lead = this.#settleHeldDot(cr) ?? nothing;
    const terminated = this.#last === lf && this.#beforeLast === cr;
    this.#beforeLast = cr;
    this.#last = lf;
    return concat([lead, terminated ? nothing : crlf, Uint8Array.of(dot, cr, lf)]);
  }

  #settleHeldDot(next: number): Uint8Array | null {
    if (!this.#heldDot) return null;
    this.#heldDot = false;
    return next === cr || next === lf ? Uint8Array.of(dot, dot) : Uint8Array.of(dot);
  }

  /** `loose`: a line start only for those who take LF, or LF CR, for a line end. */
  #lineStart(chunk: Uint8Array, at: number): 'strict' | 'loose' | 'none' {
    const one = at >= 1 ? chunk[at - 1] : this.#last;
    if (one !== lf && one !== cr) return 'none';
    const two = at >= 2 ? chunk[at - 2] : at === 1 ? this.#last : this.#beforeLast;
    if (one === lf) return two === cr ? 'strict' : 'loose';
    return two === lf ? 'loose' : 'none';
  }
}

function splice(parts: {
  readonly lead: Uint8Array | null;
  readonly chunk: Uint8Array;
  readonly end: number;
  readonly doubled: readonly number[];
}): Uint8Array {
  const lead = parts.lead ?? nothing;
  const out = new Uint8Array(lead.length + parts.end + parts.doubled.length);
  out.set(lead);
  let to = lead.length;
  let from = 0;
  for (const at of parts.doubled) {
    out.set(parts.chunk.subarray(from, at), to);
    to += at - from;
    out[to] = dot;
    to += 1;
    from = at;
  }
  out.set(parts.chunk.subarray(from, parts.end), to);
  return out;
}

type UnstufferState = 'line-start' | 'inside' | 'after-cr' | 'after-dot' | 'after-dot-cr';

/**
 * Reads what `DotStuffer` wrote: only CRLF ends a line and only CRLF `.` CRLF ends the content, so
 * that no message can end its own reply. The CRLF before the final dot belongs to the content.
 */
export class DotUnstuffer {
  #state: UnstufferState = 'line-start';

  /** `consumed` is less than the chunk only when `done`: the rest is the next reply. */
  push(chunk: Uint8Array): { content: Uint8Array; consumed: number; done: boolean } {
    const pieces: Uint8Array[] = [];
    let from = 0;
    let at = 0;
    while (at < chunk.length) {
      const octet = chunk[at];
      switch (this.#state) {
        case 'inside': {
          const next = chunk.indexOf(cr, at);
          if (next >= 0) this.#state = 'after-cr';
          at = next < 0 ? chunk.length : next + 1;
          break;
        }
        case 'after-cr':
          if (octet === lf) this.#state = 'line-start';
          else if (octet !== cr) this.#state = 'inside';
          at += 1;
          break;
        case 'line-start':
          if (octet === dot) {
            pieces.push(chunk.subarray(from, at));
            from = at + 1;
            this.#state = 'after-dot';
          } else this.#state = octet === cr ? 'after-cr' : 'inside';
          at += 1;
          break;
        case 'after-dot':
          if (octet === cr) {
            from = at + 1;
            this.#state = 'after-dot-cr';
          } else this.#state = 'inside';
          at += 1;
          break;
        case 'after-dot-cr':
          if (octet === lf) {
            this.#state = 'line-start';
            return { content: join(pieces), consumed: at + 1, done: true };
          }
          // Not the end after all: `.` CR and something else. The CR was content.
          pieces.push(Uint8Array.of(cr));
          from = at;
          this.#state = 'after-cr';
          break;
      }
    }
    pieces.push(chunk.subarray(from));
    return { content: join(pieces), consumed: chunk.length, done: false };
  }
}

function join(pieces: readonly Uint8Array[]): Uint8Array {
  const filled = pieces.filter((piece) => piece.length > 0);
  return filled.length === 1 ? (filled[0] ?? nothing) : concat(filled);
}

/**
 * What TOP shows of a message: the header with its blank line, then so many lines of the body; all
 * of a message that has fewer. RFC 1939 §7. A bare LF counts as the end of a line: a message made
 * of them would otherwise be one single header line.
 */
export class TopCutter {
  #linesLeft: number;
  #inHeader = true;
  /** Of the line being read, in octets; 1 stands for a CR only when `#onlyCr`. */
  #lineOctets = 0;
  #onlyCr = false;
  #done = false;

  constructor(lines: number) {
    this.#linesLeft = lines;
  }

  /** True when nothing more of the message is wanted. */
  get done(): boolean {
    return this.#done;
  }

  /** The part of the chunk that belongs to the answer. */
  push(chunk: Uint8Array): Uint8Array {
    let lineStart = 0;
    while (!this.#done) {
      const end = chunk.indexOf(lf, lineStart);
      if (end < 0) {
        this.#carry(chunk, lineStart);
        return chunk;
      }
      const length = this.#lineOctets + (end - lineStart);
      const first = this.#lineOctets > 0 ? this.#onlyCr : chunk[lineStart] === cr;
      this.#lineOctets = 0;
      this.#endLine(length === 0 || (length === 1 && first));
      lineStart = end + 1;
    }
    return chunk.subarray(0, lineStart);
  }

  #carry(chunk: Uint8Array, lineStart: number): void {
    const added = chunk.length - lineStart;
    if (added === 0) return;
    this.#onlyCr = this.#lineOctets === 0 && added === 1 && chunk[lineStart] === cr;
    this.#lineOctets += added;
  }

  #endLine(isBlank: boolean): void {
    if (this.#inHeader) {
      if (!isBlank) return;
      this.#inHeader = false;
    } else this.#linesLeft -= 1;
    this.#done = this.#linesLeft <= 0;
  }
}
