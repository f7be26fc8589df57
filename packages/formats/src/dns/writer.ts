/** A growing DNS message that remembers where names stand, for compression. RFC 1035 §4.1.4. */

import { SyntaxFault } from '../syntax-fault.ts';
import { readAddress } from './address.ts';
import { dnsLimits } from './limits.ts';
import { nameLabels } from './name.ts';

export class DnsWriter {
  #octets = new Uint8Array(512);
  #length = 0;
  /** The tails of the names written so far, and where they stand. */
  readonly #names = new Map<string, number>();

  get length(): number {
    return this.#length;
  }

  bytes(): Uint8Array {
    return this.#octets.slice(0, this.#length);
  }

  u8(value: number): void {
    this.#grow(1);
    this.#octets[this.#length] = value;
    this.#length += 1;
  }

  u16(value: number): void {
    this.u8((value >> 8) & 255);
    this.u8(value & 255);
  }

  u32(value: number): void {
    this.u16(value >>> 16);
    this.u16(value & 0xffff);
  }

  u16At(at: number, value: number): void {
    this.#octets[at] = (value >> 8) & 255;
    this.#octets[at + 1] = value & 255;
  }

  readU16(at: number): number {
    return ((this.#octets[at] ?? 0) << 8) | (this.#octets[at + 1] ?? 0);
  }

  octets(data: Uint8Array): void {
    this.#grow(data.length);
    this.#octets.set(data, this.#length);
    this.#length += data.length;
  }

  address(text: string, length: 4 | 16): void {
    const octets = readAddress(text);
    if (octets?.length !== length) {
      throw new SyntaxFault('dns.rdata', `not an address of ${length} octets`);
    }
    this.octets(octets);
  }

  name(name: string): void {
    const labels = nameLabels(name);
    for (let i = 0; i < labels.length; i += 1) {
      const tail = tailKey(labels, i);
      const known = this.#names.get(tail);
      if (known !== undefined) {
        this.u16(0xc000 | known);
        return;
      }
      // A pointer has 14 bits.
      if (this.#length < 0x4000) this.#names.set(tail, this.#length);
      const label = labels[i] as Uint8Array;
      this.u8(label.length);
      this.octets(label);
    }
    this.u8(0);
  }

  /** Not compressed, as the content of newer types must be. RFC 2782; RFC 3597 §4. */
  wholeName(name: string): void {
    for (const label of nameLabels(name)) {
      this.u8(label.length);
      this.octets(label);
    }
    this.u8(0);
  }

  /** Takes back what was written since; for a record that turned out not to fit. */
  cutTo(length: number): void {
    this.#length = length;
    for (const [tail, at] of this.#names) if (at >= length) this.#names.delete(tail);
  }

  #grow(by: number): void {
    const needed = this.#length + by;
    if (needed > dnsLimits.messageOctetsMax * 2) {
      throw new SyntaxFault('dns.long', 'longer than a DNS message can be');
    }
    if (needed <= this.#octets.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#octets.length * 2));
    larger.set(this.#octets.subarray(0, this.#length));
    this.#octets = larger;
  }
}

/** Case is part of the key: a name comes back in the case it was given (RFC 4343 §4.1). */
function tailKey(labels: readonly Uint8Array[], from: number): string {
  return labels
    .slice(from)
    .map((label) => String.fromCharCode(label.length, ...label))
    .join('');
}
