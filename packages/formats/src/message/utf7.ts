/** UTF-7, a stream at a time: old mail still has it, and no TextDecoder knows it. RFC 2152. */

import { base64Values } from '../bytes.ts';

/** Decodes what UTF-7 says; foreign octets are read as latin1, broken base64 as U+FFFD. */
export class Utf7Reader {
  #inBase64 = false;
  #isFirst = false;
  #bits = 0;
  #bitCount = 0;

  write(chunk: Uint8Array): string {
    let text = '';
    for (const octet of chunk) {
      if (this.#inBase64) text += this.#inShift(octet);
      else if (octet === 0x2b) this.#shift();
      else text += String.fromCharCode(octet);
    }
    return text;
  }

  end(): string {
    const rest = this.#inBase64 ? this.#unshift() : '';
    this.#inBase64 = false;
    return rest;
  }

  #shift(): void {
    this.#inBase64 = true;
    this.#isFirst = true;
    this.#bits = 0;
    this.#bitCount = 0;
  }

  #inShift(octet: number): string {
    const value = base64Values[octet]!;
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    if (value === 255) {
      this.#inBase64 = false;
      if (isFirst && octet === 0x2d) return '+';
      return this.#unshift() + (octet === 0x2d ? '' : String.fromCharCode(octet));
    }
    this.#bits = ((this.#bits << 6) | value) & 0x3fffff;
    this.#bitCount += 6;
    if (this.#bitCount < 16) return '';
    this.#bitCount -= 16;
    return String.fromCharCode((this.#bits >> this.#bitCount) & 0xffff);
  }

  /** What is left of a shifted run must be zero bits of padding, fewer than six. */
  #unshift(): string {
    const rest = this.#bits & ((1 << this.#bitCount) - 1);
    if (this.#bitCount < 6 && rest === 0) return '';
    return '\ufffd';
  }
}
