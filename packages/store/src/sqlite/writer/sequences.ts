/**
 * Numbers that are never used twice on this server. They are reserved in blocks, so that handing
 * one out does not write a page per commit; a crash leaves a gap, a clean end does not.
 */

import type { Database } from '../database.ts';

type SequenceName = 'account' | 'queue' | 'record' | 'token';

const blockSize: Record<SequenceName, number> = {
  account: 1,
  queue: 1000,
  record: 1000,
  token: 10_000,
};

/** Those that are known by now. */
export type NextNumbers = { readonly [N in SequenceName]?: number };

export class Sequences {
  readonly #db: Database;
  #next = new Map<SequenceName, number>();
  /** What `#next` was when the transaction began. */
  #before: ReadonlyMap<SequenceName, number> = new Map();
  readonly #reserved = new Map<SequenceName, number>();

  constructor(db: Database) {
    this.#db = db;
  }

  /** The first of `count` numbers in a row. */
  take(name: SequenceName, count = 1): number {
    const first = this.#next.get(name) ?? this.#stored(name);
    const next = first + count;
    if (next > (this.#reserved.get(name) ?? 0)) {
      const reserved = next + blockSize[name] - 1;
      this.#write(name, reserved);
      this.#reserved.set(name, reserved);
    }
    this.#next.set(name, next);
    return first;
  }

  begun(): void {
    this.#before = new Map(this.#next);
  }

  /** Whatever is done again gets the same numbers again. */
  rolledBack(): void {
    this.#next = new Map(this.#before);
    this.#reserved.clear();
  }

  get next(): NextNumbers {
    return Object.fromEntries(this.#next);
  }

  /** Goes on where a group began that is done again. */
  resume(next: NextNumbers): void {
    this.#next = new Map(Object.entries(next) as [SequenceName, number][]);
    this.#reserved.clear();
  }

  /** The database has been changed by other means. */
  forget(): void {
    this.#next.clear();
    this.#reserved.clear();
  }

  /** Gives back what was reserved and not used. */
  settle(): void {
    for (const [name, next] of this.#next) this.#write(name, next);
    this.#reserved.clear();
  }

  #stored(name: SequenceName): number {
    const row = this.#db.get<{ next: number }>('SELECT next FROM sequence WHERE name = ?', name);
    if (row === undefined) throw new Error(`no sequence ${name}`);
    return row.next;
  }

  #write(name: SequenceName, next: number): void {
    this.#db.run('UPDATE sequence SET next = ? WHERE name = ?', next, name);
  }
}
