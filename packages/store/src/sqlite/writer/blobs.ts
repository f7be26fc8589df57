/**
 * Who refers to which body. Bodies are placed in the segments before the transaction and referred
 * to within it; the counts live in the same database as everything that refers.
 */

import { renameSync, rmSync, statSync } from 'node:fs';
import { machineTrouble, type Database } from '../database.ts';
import type { PackedBody } from '../operations.ts';
import { adoptSpool, SegmentAppender, type Place } from '../segments/append.ts';
import { segmentFile, type StorePaths } from '../segments/files.ts';
import { SegmentLedger } from './segment-ledger.ts';

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

/** The bodies of one writer. A group is what is placed and synced together. */
export class Blobs {
  readonly #db: Database;
  readonly #paths: StorePaths;
  readonly #appender: SegmentAppender;
  readonly #ledger: SegmentLedger;
  #nextSegment: number;
  /** Placed in this group and not yet known to the database. */
  readonly #placed = new Map<string, Place>();
  /** Spool files that became segments in this group. */
  readonly #adopted = new Map<string, number>();
  /** Spool files whose body was known already. */
  readonly #spent: string[] = [];
  /** Segments whose rows this group has deleted. */
  readonly #dropped: number[] = [];
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
    this.#ledger = new SegmentLedger(db, start.appender);
  }

  get syncs(): number {
    return this.#appender.syncs;
  }

  /** The segment that grows now: not for the compactor. */
  get openSegment(): number {
    return this.#appender.id;
  }

  beginGroup(): void {
    if (this.#appender.isFull) this.beginSegment();
    this.#groupStart = this.#appender.length;
  }

  /** What comes goes into a new file; the one that grew is as it will stay. */
  beginSegment(): void {
    this.#ledger.seal(this.#appender.id, this.#appender.length);
    this.#appender.startNext(this.takeSegmentId());
    this.#ledger.startNext();
    this.#groupStart = 0;
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
      this.#placed.set(body.hash, known);
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

  /** What the group has added to the growing segment, for the redo log; null: it must be synced. */
  get added(): { segment: number; offset: number; octets: Uint8Array } | null {
    if (this.#adopted.size > 0) return null;
    const octets = this.#appender.pendingBehind(this.#groupStart);
    if (octets === null) return null;
    return { segment: this.#appender.id, offset: this.#groupStart, octets };
  }

  /** Bodies of the group can be read afterwards; another record of theirs is on disk. */
  write(): void {
    this.#appender.write();
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
    if (row?.refs === count) this.#ledger.refer(place);
  }

  /** One more row refers to a body that others hold. */
  referAgain(hash: Uint8Array): void {
    this.#db.run('UPDATE blob SET refs = refs + 1 WHERE hash = ?', hash);
  }

  release(hash: Uint8Array): void {
    const row = this.#db.get<{ refs: number; segment_id: number; stored_size: number }>(
      'UPDATE blob SET refs = refs - 1 WHERE hash = ? RETURNING refs, segment_id, stored_size',
      hash,
    );
    if (row === undefined || row.refs > 0) return;
    this.#db.run('DELETE FROM blob WHERE hash = ?', hash);
    this.#ledger.release(row.segment_id, row.stored_size);
  }

  /** A file of records becomes a segment that grows no more. */
  adoptFile(file: string, size: number): number {
    const segment = this.takeSegmentId();
    adoptSpool(this.#paths, file, segment);
    this.#appender.syncFolder();
    this.#ledger.seal(segment, size);
    return segment;
  }

  move(blob: { readonly from: number; readonly to: number; readonly storedSize: number }): void {
    this.#ledger.release(blob.from, blob.storedSize);
    this.#ledger.refer({ segment: blob.to, offset: 0, storedSize: blob.storedSize });
  }

  /** The file goes after the commit. false: something still lies in it, or it grows. */
  dropSegment(id: number): boolean {
    if (id === this.#appender.id || this.#placedIn(id)) return false;
    if (!this.#ledger.drop(id)) return false;
    this.#dropped.push(id);
    return true;
  }

  /** The rows of segments tell the whole truth after the next transaction. */
  noteSegments(): void {
    this.#ledger.completeNext();
  }

  /**
   * The growing segment has a row that tells its length; what is alive in it is counted by the
   * caller.
   */
  noteGrowing(): void {
    const { id, length } = this.#appender;
    this.#db.run(
      `INSERT INTO segment (segment_id, length, live, sealed) VALUES (?, ?, 0, 0)
       ON CONFLICT (segment_id) DO UPDATE SET length = excluded.length`,
      id,
      length,
    );
    this.#ledger.recounted(length);
  }

  /** Part of each transaction. */
  flush(): void {
    this.#ledger.flush(this.#appender);
  }

  committed(): void {
    this.#ledger.committed(this.#appender);
  }

  rolledBack(): void {
    this.#dropped.length = 0;
    this.#ledger.rolledBack();
  }

  /** All of the group has been committed or answered. */
  endGroup(): void {
    for (const file of this.#spent) removeQuietly(file);
    for (const id of this.#dropped) removeQuietly(segmentFile(this.#paths, id));
    this.#clear();
  }

  /** Nothing of this group came about: its bodies never were. */
  abandonGroup(): void {
    for (const [spool, id] of this.#adopted) {
      renameSync(segmentFile(this.#paths, id), spool);
      this.#ledger.forget(id);
    }
    this.#appender.rewind(this.#groupStart);
    this.#clear();
  }

  /** A sync has failed: nobody knows what that file holds, so nothing more goes into it. */
  abandonSegment(): void {
    this.abandonGroup();
    this.#ledger.seal(this.#appender.id, this.#groupStart);
    this.#appender.abandon(this.takeSegmentId());
    this.#ledger.startNext();
    this.#groupStart = 0;
  }

  close(): void {
    this.#appender.close();
  }

  #placedIn(id: number): boolean {
    for (const place of this.#placed.values()) if (place.segment === id) return true;
    return false;
  }

  #clear(): void {
    this.#dropped.length = 0;
    this.#placed.clear();
    this.#adopted.clear();
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
    this.#ledger.seal(segment, size);
    return { segment, offset: 0, storedSize: size, rawSize };
  }
}

/**
 * All has been committed: a file that cannot be removed now is found as left over when the store is
 * opened.
 */
function removeQuietly(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch (error) {
    if (machineTrouble(error) === null) throw error;
  }
}
