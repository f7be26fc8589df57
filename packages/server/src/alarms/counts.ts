/** How often something happened in the last hour, for many accounts, in little room. */

const sliceMs = 600_000;
const slices = 6;
const accountsMax = 10_000;

interface Slices {
  /** Which slice of time is at the end. */
  last: number;
  readonly counts: number[];
}

export class HourlyCounts<Key> {
  readonly #byKey = new Map<Key, Slices>();

  /** Adds, and answers the sum of the last hour. */
  add(key: Key, count: number, nowMs: number): number {
    const slice = Math.floor(nowMs / sliceMs);
    const known = this.#byKey.get(key) ?? { last: slice, counts: Array(slices).fill(0) };
    this.#byKey.delete(key);
    this.#byKey.set(key, known);
    const oldest = this.#byKey.size > accountsMax ? this.#byKey.keys().next() : null;
    if (oldest !== null && oldest.done !== true) this.#byKey.delete(oldest.value);
    for (let gone = Math.min(slices, slice - known.last); gone > 0; gone -= 1) {
      known.counts.shift();
      known.counts.push(0);
    }
    known.last = Math.max(known.last, slice);
    known.counts[slices - 1] = (known.counts[slices - 1] ?? 0) + count;
    return known.counts.reduce((sum, one) => sum + one, 0);
  }

  forget(key: Key): void {
    this.#byKey.delete(key);
  }
}
