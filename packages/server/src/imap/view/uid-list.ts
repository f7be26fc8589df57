/**
 * The uids of a mailbox in the order of their message numbers: a sorted array that grows at its end
 * and shrinks anywhere. Four octets for a message, and none at all while there are no gaps. Of a
 * large mailbox only the end may be known, which is where clients look.
 */

import { type Uid, uid } from '@merpati/store/ids.ts';

const roomMin = 64;

export class UidList {
  /** Of the known messages; null: the uids are 1 … length. */
  #uids: Uint32Array | null;
  #length: number;
  /** So many messages at the beginning are not known. */
  #hidden: number;
  /** All uids from here on are known. */
  #knownFrom: number;

  private constructor(
    uids: Uint32Array | null,
    at: { readonly length: number; readonly hidden: number; readonly knownFrom: number },
  ) {
    this.#uids = uids;
    this.#length = at.length;
    this.#hidden = at.hidden;
    this.#knownFrom = at.knownFrom;
  }

  /** Takes the array over; it must be ascending. */
  static of(uids: Uint32Array): UidList {
    const { length } = uids;
    const isWithoutGaps = uids.at(-1) === length || length === 0;
    return new UidList(isWithoutGaps ? null : uids, { length, hidden: 0, knownFrom: 1 });
  }

  /** 1 … length. */
  static withoutGaps(length: number): UidList {
    return new UidList(null, { length, hidden: 0, knownFrom: 1 });
  }

  /** The end of a list: all uids from `knownFrom` on, behind `hidden` others. */
  static tail(uids: Uint32Array, hidden: number, knownFrom: number): UidList {
    return new UidList(uids, { length: hidden + uids.length, hidden, knownFrom });
  }

  get length(): number {
    return this.#length;
  }

  knowsNumber(number: number): boolean {
    return number > this.#hidden;
  }

  knowsUid(one: number): boolean {
    return this.#hidden === 0 || one >= this.#knownFrom;
  }

  /** Message numbers begin at 1. */
  at(number: number): Uid {
    if (number < 1 || number > this.#length) throw new RangeError(`no message ${number}`);
    return uid(this.#uids === null ? number : this.#uids[this.#indexOf(number)]!);
  }

  /** A copy of the uids of these numbers, both included. */
  slice(from: number, to: number): Uint32Array {
    if (from > to) return new Uint32Array(0);
    if (this.#uids === null) {
      return Uint32Array.from({ length: to - from + 1 }, (_, index) => from + index);
    }
    return this.#uids.slice(this.#indexOf(from), this.#indexOf(to) + 1);
  }

  /** The number of the first message whose uid is at least this one; length + 1 when none is. */
  atLeast(wanted: number): number {
    if (this.#uids === null) return Math.min(Math.max(wanted, 1), this.#length + 1);
    if (!this.knowsUid(wanted)) throw new Error(`uid ${wanted} was not loaded`);
    let low = 0;
    let high = this.#length - this.#hidden;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#uids[middle]! < wanted) low = middle + 1;
      else high = middle;
    }
    return this.#hidden + low + 1;
  }

  /** 0 when there is none. */
  numberOf(wanted: number): number {
    const number = this.atLeast(wanted);
    return number <= this.#length && this.at(number) === wanted ? number : 0;
  }

  /** At the end: ascending, and greater than all that are there. */
  append(uids: readonly number[]): void {
    const length = this.#length + uids.length;
    if (this.#uids === null) {
      if (uids.every((one, index) => one === this.#length + 1 + index)) {
        this.#length = length;
        return;
      }
      this.#unfold();
    }
    this.#grow(length - this.#hidden);
    this.#uids?.set(uids, this.#length - this.#hidden);
    this.#length = length;
  }

  /** Takes out those that are there; answers the numbers that they had, ascending. */
  remove(gone: readonly number[]): readonly number[] {
    const numbers = [...new Set(gone)]
      .map((one) => this.numberOf(one))
      .filter((number) => number > 0)
      .toSorted((one, other) => one - other);
    const [first] = numbers;
    if (first === undefined) return numbers;
    if (this.#uids === null) this.#unfold();
    const uids = this.#uids!;
    let to = this.#indexOf(first);
    for (const [index, number] of numbers.entries()) {
      const end = (numbers[index + 1] ?? this.#length + 1) - 1;
      uids.copyWithin(to, number - this.#hidden, end - this.#hidden);
      to += end - number;
    }
    this.#length -= numbers.length;
    return numbers;
  }

  #indexOf(number: number): number {
    if (!this.knowsNumber(number)) throw new Error(`message ${number} was not loaded`);
    return number - this.#hidden - 1;
  }

  #unfold(): void {
    this.#uids = this.slice(1, this.#length);
  }

  #grow(known: number): void {
    const uids = this.#uids ?? new Uint32Array(0);
    if (uids.length >= known) return;
    const grown = new Uint32Array(Math.max(roomMin, Math.ceil(known * 1.125)));
    grown.set(uids.subarray(0, this.#length - this.#hidden));
    this.#uids = grown;
  }
}
