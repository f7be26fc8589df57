/**
 * Who refers to which body. Bodies are placed in the segments before the transaction, referred to within
 * it; the counts live in the same database as everything that refers.
 */

import { renameSync, rmSync, statSync } from 'node:fs';
import type { Database } from '../database.ts';
import type { PackedBody } from '../operations.ts';
import { adoptSpool, SegmentAppender, type Place } from '../segments/append.ts';
import { segmentFile, type StorePaths } from '../segments/files.ts';

export interface PlacedBody {
  readonly hash: Buffer;
  readonly place: Place;
  readonly size: number;
  readonly unterminated: boolean;
}

interface BlobColumns {
  readonly segment_id: number;
  readonly offset: number;
  readonly stored_size: number;
  readonly raw_size: number;
}

interface Tally {
  live: number;
  length: number | null;
  isSealed: boolean;
}

/** The bodies of one writer. A group is what is committed together. */
export class Blobs {
  readonly #db: Database;
  readonly #paths: StorePaths;
  readonly #appender: SegmentAppender;
  #nextSegment: number;
  /** Placed in this group and not yet known to the database. */
  readonly #placed = new Map<string, Place>();
  readonly #adopted = new Map<string, number>();
  readonly #tallies = new Map<number, Tally>();
  readonly #spent: string[] = [];
  #groupStart = 0;

  constructor(
    db: Database,
    paths: StorePaths,
    start: { readonly appender: SegmentAppender; readonly nextSegment: number },
  ) {
    this.#db = db;
    this.#paths = paths;
    this.#appender = start.appender;
    this.#nextSegment = start.nextSegment;
    this.#groupStart = start.appender.length;
  }

  get syncs(): number {
    return this.#appender.syncs;
  }

  /** The segment that grows now: not for the compactor. */
  get openSegment(): number {
    return this.#appender.id;
  }

  beginGroup(): void {
    if (this.#appender.isFull) {
      this.#tally(this.#appender.id).isSealed = true;
      this.#appender.startNext(this.takeSegmentId());
    }
    this.#groupStart = this.#appender.length;
  }

  takeSegmentId(): number {
    this.#nextSegment += 1;
    return this.#nextSegment - 1;
  }

  /** Finds the body among those stored, or writes it. */
  place(body: PackedBody): PlacedBody {
    const hash = Buffer.from(body.hash, 'latin1');
    const common = { hash, size: body.size, unterminated: body.unterminated };
    const known = this.#placed.get(body.hash) ?? this.find(hash);
    if (known !== null) {
      if (body.spool !== null && !this.#adopted.has(body.spool)) this.#spent.push(body.spool);
      return { ...common, place: known };
    }
    const place =
      body.spool === null ? this.#append(hash, body) : this.#adopt(body.spool, body.size);
    this.#placed.set(body.hash, place);
    return { ...common, place };
  }

  find(hash: Uint8Array): Place | null {
    const row = this.#db.get<BlobColumns>(
      'SELECT segment_id, offset, stored_size, raw_size FROM blob WHERE hash = ?',
      hash,
    );
    if (row === undefined) return null;
    return {
      segment: row.segment_id,
      offset: row.offset,
      storedSize: row.stored_size,
      rawSize: row.raw_size,
    };
  }

  /** All bodies of the group are on disk afterwards; only then may the transaction begin. */
  sync(): void {
    if (this.#adopted.size > 0) this.#appender.syncFolder();
    this.#appender.sync();
  }

  refer(body: PlacedBody, count: number): void {
    const { place } = body;
    const row = this.#db.get<{ refs: number }>(
      `INSERT INTO blob (hash, refs, segment_id, offset, stored_size, raw_size)
       VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (hash) DO UPDATE SET refs = refs + excluded.refs
       RETURNING refs`,
      body.hash,
      count,
      place.segment,
      place.offset,
      place.storedSize,
      place.rawSize,
    );
    if (row?.refs === count) this.#tally(place.segment).live += place.storedSize;
  }

  release(hash: Uint8Array): void {
    const row = this.#db.get<{ refs: number; segment_id: number; stored_size: number }>(
      'UPDATE blob SET refs = refs - 1 WHERE hash = ? RETURNING refs, segment_id, stored_size',
      hash,
    );
    if (row === undefined || row.refs > 0) return;
    this.#db.run('DELETE FROM blob WHERE hash = ?', hash);
    this.#tally(row.segment_id).live -= row.stored_size;
  }

  /** Writes what changed about segments; part of each transaction. */
  flush(): void {
    if (this.#appender.length > this.#groupStart) {
      this.#tally(this.#appender.id).length = this.#appender.length;
    }
    for (const [id, tally] of this.#tallies) {
      this.#db.run(
        `INSERT INTO segment (segment_id, length, live, sealed) VALUES (?, ?, ?, ?)
         ON CONFLICT (segment_id) DO UPDATE SET live = live + excluded.live,
           length = max(length, excluded.length), sealed = max(sealed, excluded.sealed)`,
        id,
        tally.length ?? 0,
        tally.live,
        tally.isSealed ? 1 : 0,
      );
    }
  }

  /** What `flush` wrote is committed. */
  flushed(): void {
    this.#tallies.clear();
  }

  /** All of the group is done. */
  endGroup(): void {
    for (const file of this.#spent) rmSync(file, { force: true });
    this.#clear();
  }

  /** The transaction was rolled back; the same bodies will be tried in others. */
  retry(): void {
    for (const [id, tally] of this.#tallies) {
      tally.live = 0;
      if (tally.length === null && !tally.isSealed) this.#tallies.delete(id);
    }
  }

  /** Nothing of this group came about: its bodies never were. */
  abandon(): void {
    for (const [spool, id] of this.#adopted) renameSync(segmentFile(this.#paths, id), spool);
    this.#appender.rewind(this.#groupStart);
    this.#clear();
  }

  /** A sync has failed: nobody knows what that file holds, so nothing more goes into it. */
  abandonSegment(): void {
    this.abandon();
    this.#appender.abandon(this.takeSegmentId());
    this.#groupStart = 0;
  }

  close(): void {
    this.#appender.close();
  }

  #clear(): void {
    this.#placed.clear();
    this.#adopted.clear();
    this.#tallies.clear();
    this.#spent.length = 0;
  }

  #append(hash: Buffer, body: PackedBody): Place {
    if (body.raw === null) throw new Error('a body without octets');
    return this.#appender.append({ hash, raw: body.raw });
  }

  #adopt(spool: string, rawSize: number): Place {
    const segment = this.takeSegmentId();
    adoptSpool(this.#paths, spool, segment);
    this.#adopted.set(spool, segment);
    const { size } = statSync(segmentFile(this.#paths, segment));
    const tally = this.#tally(segment);
    tally.length = size;
    tally.isSealed = true;
    return { segment, offset: 0, storedSize: size, rawSize };
  }

  #tally(segment: number): Tally {
    let tally = this.#tallies.get(segment);
    if (tally === undefined) {
      tally = { live: 0, length: null, isSealed: false };
      this.#tallies.set(segment, tally);
    }
    return tally;
  }
}
