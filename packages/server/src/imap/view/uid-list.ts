/**
 * The uids of a mailbox in the order of their message numbers: a sorted array that grows at its end
 * and shrinks anywhere. Four octets for a message, and none at all while there are no gaps.
 */

import { type Uid, uid } from '@merpati/store/ids.ts';

const roomMin = 64;

export class UidList {
  /** null: the uids are 1 … length. */
  #uids: Uint32Array | null;
  #length: number;

  private constructor(uids: Uint32Array | null, length: number) {
    this.#uids = uids;
    this.#length = length;
  }

  /** Takes the array over; it must be ascending. */
  static of(uids: Uint32Array): UidList {
    const { length } = uids;
    return new UidList(uids.at(-1) === length || length === 0 ? null : uids, length);
  }

  /** 1 … length. */
  static withoutGaps(length: number): UidList {
    return new UidList(null, length);
  }

  get length(): number {
    return this.#length;
  }

  /** Message numbers begin at 1. */
  at(number: number): Uid {
    if (number < 1 || number > this.#length) throw new RangeError(`no message ${number}`);
    return uid(this.#uids === null ? number : this.#uids[number - 1]!);
  }

  /** A copy of the uids of these numbers, both included. */
  slice(from: number, to: number): Uint32Array {
    if (this.#uids !== null) return this.#uids.slice(from - 1, to);
    return Uint32Array.from({ length: to - from + 1 }, (_, index) => from + index);
  }

  /** The number of the first message whose uid is at least this one; length + 1 when none is. */
  atLeast(wanted: number): number {
    if (this.#uids === null) return Math.min(Math.max(wanted, 1), this.#length + 1);
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#uids[middle]! < wanted) low = middle + 1;
      else high = middle;
    }
    return low + 1;
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
    this.#grow(length);
    this.#uids?.set(uids, this.#length);
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
    let to = first - 1;
    for (const [index, number] of numbers.entries()) {
      const end = (numbers[index + 1] ?? this.#length + 1) - 1;
      uids.copyWithin(to, number, end);
      to += end - number;
    }
    this.#length -= numbers.length;
    return numbers;
  }

  #unfold(): void {
    this.#uids = this.slice(1, this.#length);
  }

  #grow(length: number): void {
    const uids = this.#uids ?? new Uint32Array(0);
    if (uids.length >= length) return;
    const grown = new Uint32Array(Math.max(roomMin, Math.ceil(length * 1.125)));
    grown.set(uids.subarray(0, this.#length));
    this.#uids = grown;
  }
}
