/**
 * Between the writer and those who read the database: what was answered is on disk in the redo log,
 * but its transaction may still be open, for others to join it. Whoever reads mail looks here first
 * and, if need be, has the writer commit. See docs/decisions/009-commits-shared.md.
 */

/** Two numbers that all threads of the process share. */
export type FenceCells = SharedArrayBuffer;

export function makeFence(): FenceCells {
  return new SharedArrayBuffer(8);
}

const ahead = 0;
const commits = 1;

export class Fence {
  readonly cells: FenceCells;
  readonly #numbers: Int32Array;

  constructor(cells: FenceCells) {
    this.cells = cells;
    this.#numbers = new Int32Array(cells);
  }

  /** Has something been answered that readers do not see yet? */
  get isAhead(): boolean {
    return Atomics.load(this.#numbers, ahead) !== 0;
  }

  /** Another number than before: there is something new to see. */
  get commits(): number {
    return Atomics.load(this.#numbers, commits);
  }

  // For the writer alone.

  /** Before anybody is answered out of an open transaction. */
  goAhead(): void {
    Atomics.store(this.#numbers, ahead, 1);
  }

  /** Everything answered is to be seen. */
  committed(): void {
    Atomics.add(this.#numbers, commits, 1);
    Atomics.store(this.#numbers, ahead, 0);
  }
}
