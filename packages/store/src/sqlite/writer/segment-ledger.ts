/**
 * The rows of table `segment`: how long each is and how much of it is referred to. The row of the growing
 * segment may lag behind while it is only appended to, which saves a page in most commits; opening the
 * store after a crash catches up from the records themselves (see recover.ts).
 */

import type { Database } from '../database.ts';

/** What a row does not tell yet. */
interface Behind {
  live: number;
  length: number;
  isSealed: boolean;
}

/** What the current transaction changes. */
interface Pending {
  live: number;
  hasReleased: boolean;
}

interface Growing {
  readonly id: number;
  readonly length: number;
}

const lagBytesMax = 1024 * 1024;

export class SegmentLedger {
  readonly #db: Database;
  readonly #behind = new Map<number, Behind>();
  readonly #pending = new Map<number, Pending>();
  readonly #noted = new Set<number>();
  /** Of the growing segment: what its row says. */
  #notedLength: number;

  constructor(db: Database, growing: Growing) {
    this.#db = db;
    this.#notedLength = growing.length;
  }

  refer(id: number, bytes: number): void {
    this.#change(id).live += bytes;
  }

  release(id: number, bytes: number): void {
    const pending = this.#change(id);
    pending.live -= bytes;
    pending.hasReleased = true;
  }

  /** A file that grows no more, whatever becomes of the transaction. */
  seal(id: number, length: number): void {
    this.#behind.set(id, { live: this.#behind.get(id)?.live ?? 0, length, isSealed: true });
  }

  /** Another segment grows from here on. */
  startNext(): void {
    this.#notedLength = 0;
  }

  /** The file is gone again. */
  forget(id: number): void {
    this.#behind.delete(id);
  }

  /** Part of each transaction. */
  flush(growing: Growing, isComplete: boolean): void {
    this.#noted.clear();
    for (const id of new Set([...this.#behind.keys(), ...this.#pending.keys()])) {
      if (id !== growing.id) this.#note(id, this.#behind.get(id)?.length ?? 0);
    }
    const isUrgent = isComplete || this.#pending.get(growing.id)?.hasReleased === true;
    const lag = growing.length - this.#notedLength;
    if (isUrgent || lag >= lagBytesMax) this.#note(growing.id, growing.length);
  }

  committed(growing: Growing): void {
    for (const [id, pending] of this.#pending) {
      if (this.#noted.has(id)) continue;
      const behind = this.#behind.get(id) ?? { live: 0, length: 0, isSealed: false };
      behind.live += pending.live;
      this.#behind.set(id, behind);
    }
    for (const id of this.#noted) this.#behind.delete(id);
    if (this.#noted.has(growing.id)) this.#notedLength = growing.length;
    this.#pending.clear();
  }

  rolledBack(): void {
    this.#pending.clear();
  }

  #note(id: number, length: number): void {
    const behind = this.#behind.get(id);
    this.#db.run(
      `INSERT INTO segment (segment_id, length, live, sealed) VALUES (?, ?, ?, ?)
       ON CONFLICT (segment_id) DO UPDATE SET live = live + excluded.live,
         length = max(length, excluded.length), sealed = max(sealed, excluded.sealed)`,
      id,
      length,
      (behind?.live ?? 0) + (this.#pending.get(id)?.live ?? 0),
      behind?.isSealed === true ? 1 : 0,
    );
    this.#noted.add(id);
  }

  #change(id: number): Pending {
    let pending = this.#pending.get(id);
    if (pending === undefined) {
      pending = { live: 0, hasReleased: false };
      this.#pending.set(id, pending);
    }
    return pending;
  }
}
