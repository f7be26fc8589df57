/**
 * The rows of table `segment`: how long each is and how much of it is referred to. The row of the
 * growing segment may lag behind while it is only appended to, which saves a page in most commits;
 * opening the store after a crash catches up from the records themselves (see recover.ts).
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
  /** Must stand in the row at once. */
  isUrgent: boolean;
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
  #isComplete = false;

  constructor(db: Database, growing: Growing) {
    this.#db = db;
    this.#notedLength = growing.length;
  }

  refer(place: {
    readonly segment: number;
    readonly offset: number;
    readonly storedSize: number;
  }): void {
    const pending = this.#change(place.segment);
    pending.live += place.storedSize;
    // A body that comes back to life lies before what the row tells: catching up would not find it.
    if (place.offset < this.#notedLength) pending.isUrgent = true;
  }

  /** Deletes the row of a segment. false: something lies in it. */
  drop(id: number): boolean {
    if (this.#behind.has(id) || this.#pending.has(id)) return false;
    const row = this.#db.get<{ live: number }>('SELECT live FROM segment WHERE segment_id = ?', id);
    if (row === undefined || row.live !== 0) return false;
    return this.#db.run('DELETE FROM segment WHERE segment_id = ?', id) > 0;
  }

  release(id: number, bytes: number): void {
    const pending = this.#change(id);
    pending.live -= bytes;
    pending.isUrgent = true;
  }

  /** A file that grows no more, whatever becomes of the transaction. */
  seal(id: number, length: number): void {
    this.#behind.set(id, { live: this.#behind.get(id)?.live ?? 0, length, isSealed: true });
  }

  /** Another segment grows from here on. */
  startNext(): void {
    this.#notedLength = 0;
  }

  /** This transaction counts anew what is alive, and has written the row of the growing segment. */
  recounted(notedLength: number): void {
    this.#notedLength = notedLength;
    for (const [id, { live }] of this.#behind) this.#change(id).live = -live;
  }

  /** The file is gone again. */
  forget(id: number): void {
    this.#behind.delete(id);
  }

  /** The next transaction leaves no row behind the truth. */
  completeNext(): void {
    this.#isComplete = true;
  }

  /** Part of each transaction. */
  flush(growing: Growing): void {
    this.#noted.clear();
    for (const id of new Set([...this.#behind.keys(), ...this.#pending.keys()])) {
      if (id !== growing.id) this.#note(id, this.#behind.get(id)?.length ?? 0);
    }
    const isUrgent = this.#isComplete || this.#pending.get(growing.id)?.isUrgent === true;
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
    this.#isComplete = false;
  }

  rolledBack(): void {
    this.#pending.clear();
    this.#isComplete = false;
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
      pending = { live: 0, isUrgent: false };
      this.#pending.set(id, pending);
    }
    return pending;
  }
}
