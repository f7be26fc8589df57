/**
 * Character sets of East Asian mail: a stream of octets decoded in whole pieces, and the sets in
 * seven bits that TextDecoder does not know or not everywhere. RFC 1468, RFC 1557, RFC 1843.
 */

import { concat, copyBytes } from '../bytes.ts';
import type { Decoder, TextReader } from './charset.ts';

/** Octets without any that is surely a character of its own, before they are cut anyhow. */
const runBytesMax = 64 * 1024;

/**
 * Decodes up to the last octet that is no part of a larger character: in all multibyte sets those
 * below 0x30 are whole characters. QUIRK: Node's TextDecoder throws in stream mode when small
 * pieces of damaged text come (24.21, ICU 78), so every piece is decoded as a whole.
 */
export class LineReader implements TextReader {
  readonly #decoder: Decoder;
  #held: Uint8Array[] = [];
  #heldBytes = 0;

  constructor(decoder: Decoder) {
    this.#decoder = decoder;
  }

  write(chunk: Uint8Array): string {
    let text = '';
    let from = 0;
    let safe = 0;
    let run = this.#heldBytes;
    for (let at = 0; at < chunk.length; at += 1) {
      run += 1;
      if (chunk[at]! < 0x30) safe = at + 1;
      // LIMIT: a character may be torn where this many octets stand without a space or line end.
      else if (run >= runBytesMax) {
        text += this.#decode(chunk.subarray(from, at + 1));
        from = at + 1;
      } else continue;
      run = 0;
    }
    if (safe > from) {
      text += this.#decode(chunk.subarray(from, safe));
      from = safe;
    }
    if (from < chunk.length) this.#held.push(copyBytes(chunk.subarray(from)));
    this.#heldBytes += chunk.length - from;
    return text;
  }

  #decode(last: Uint8Array): string {
    const piece = this.#held.length === 0 ? last : concat([...this.#held, last]);
    this.#held = [];
    this.#heldBytes = 0;
    return this.#decoder.decode(piece);
  }

  end(): string {
    return this.#held.length === 0 ? '' : this.#decode(new Uint8Array(0));
  }
}

type JapaneseSet = 'ascii' | 'kanji' | 'katakana' | 'supplement';

const japaneseEscapes = new Map<string, JapaneseSet | 'longer'>([
  ['(', 'longer'],
  ['$', 'longer'],
  ['$(', 'longer'],
  ['(B', 'ascii'],
  ['(J', 'ascii'],
  ['(I', 'katakana'],
  ['$@', 'kanji'],
  ['$B', 'kanji'],
  ['$(B', 'kanji'],
  ['$(D', 'supplement'],
]);

/**
 * ISO-2022-JP by way of EUC-JP, which holds the same sets. Escapes choose the set; a line end
 * goes back to US-ASCII. RFC 1468, and JIS X 0201 katakana and JIS X 0212, which real mail has.
 */
export class JapaneseReader implements TextReader {
  readonly #inner = new LineReader(new TextDecoder('euc-jp'));
  #escape = '';
  #set: JapaneseSet = 'ascii';
  #isSecond = false;

  write(chunk: Uint8Array): string {
    const out: number[] = [];
    for (const octet of chunk) {
      if (this.#escape !== '') this.#takeEscape(octet, out);
      else if (octet === 0x1b) this.#escape = '\u001b';
      else this.#take(octet, out);
    }
    return this.#inner.write(Uint8Array.from(out));
  }

  #take(octet: number, out: number[]): void {
    if (octet === 10 || octet === 13) this.#set = 'ascii';
    if (octet <= 32 || octet >= 0x7f || this.#set === 'ascii') {
      this.#isSecond = false;
      out.push(octet);
      return;
    }
    if (this.#set === 'katakana') out.push(0x8e);
    else if (this.#set === 'supplement' && !this.#isSecond) out.push(0x8f);
    this.#isSecond = !this.#isSecond && this.#set !== 'katakana';
    out.push(octet | 0x80);
  }

  #takeEscape(octet: number, out: number[]): void {
    const escape = this.#escape + String.fromCharCode(octet);
    const meaning = japaneseEscapes.get(escape.slice(1));
    this.#escape = meaning === 'longer' ? escape : '';
    if (meaning === 'longer') return;
    this.#isSecond = false;
    if (meaning !== undefined) {
      this.#set = meaning;
      return;
    }
    // No escape that we know: its octets are shown as what they are.
    out.push(0x1b);
    for (const sign of escape.slice(1, -1)) out.push(sign.charCodeAt(0));
    if (octet === 0x1b) this.#escape = '\u001b';
    else this.#take(octet, out);
  }

  end(): string {
    return (
      this.#inner.write(Uint8Array.from(this.#escape, (sign) => sign.charCodeAt(0))) +
      this.#inner.end()
    );
  }
}

/** HZ: `~{` GB 2312 in seven bits `~}`, `~~` a tilde, `~` and a line end nothing. RFC 1843. */
export class HzReader implements TextReader {
  readonly #inner = new LineReader(new TextDecoder('gbk'));
  #isShifted = false;
  #isEscaped = false;
  write(chunk: Uint8Array): string {
    const out: number[] = [];
    for (const octet of chunk) {
      if (this.#isEscaped) this.#escape(octet, out);
      else if (octet === 0x7e) this.#isEscaped = true;
      else if (octet === 10) {
        this.#isShifted = false;
        out.push(octet);
      } else out.push(this.#isShifted && octet > 32 ? octet | 0x80 : octet);
    }
    return this.#inner.write(Uint8Array.from(out));
  }
  #escape(octet: number, out: number[]): void {
    this.#isEscaped = false;
    if (octet === 0x7b) this.#isShifted = true;
    else if (octet === 0x7d) this.#isShifted = false;
    else if (octet === 0x7e) out.push(octet);
    else if (octet !== 10) out.push(0x7e, octet);
  }
  end(): string {
    return this.#inner.end();
  }
}

/** ISO-2022-KR: SO and SI switch KS X 1001 in seven bits; the designation is skipped. RFC 1557. */
export class KoreanReader implements TextReader {
  readonly #inner = new LineReader(new TextDecoder('euc-kr'));
  #isShifted = false;
  #toSkip = 0;
  write(chunk: Uint8Array): string {
    const out: number[] = [];
    for (const octet of chunk) {
      if (this.#toSkip > 0) this.#toSkip -= 1;
      else if (octet === 0x1b) this.#toSkip = 3;
      else if (octet === 0x0e) this.#isShifted = true;
      else if (octet === 0x0f) this.#isShifted = false;
      else out.push(this.#isShifted && octet > 32 ? octet | 0x80 : octet);
    }
    return this.#inner.write(Uint8Array.from(out));
  }
  end(): string {
    return this.#inner.end();
  }
}
