/**
 * Compaction, the care thread's half: copies what is alive in a segment that is mostly dead.
 * Whether a record is alive is asked of the same database that counts all references. The writer
 * then moves the blobs over and drops the old file.
 */

import {
  closeSync,
  existsSync,
  fdatasyncSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Database } from '../database.ts';
import { segmentFile, type StorePaths } from '../segments/files.ts';
import type { CompactedSegment } from './tasks.ts';

interface BlobColumns {
  readonly hash: Uint8Array;
  readonly offset: number;
  readonly stored_size: number;
  readonly raw_size: number;
}

export function copyLiveRecords(
  db: Database,
  paths: StorePaths,
  wanted: {
    readonly growing: number;
    readonly deadShareMin: number;
    /** Only these; null: any. */
    readonly segments: readonly number[] | null;
  },
): CompactedSegment | null {
  const victim = db.get<{ segment_id: number; live: number }>(
    `SELECT segment_id, live FROM segment
     WHERE sealed = 1 AND segment_id <> ?1 AND length - live > length * ?2
       AND (?3 IS NULL OR segment_id IN (SELECT value FROM json_each(?3)))
     ORDER BY live - length LIMIT 1`,
    wanted.growing,
    wanted.deadShareMin,
    wanted.segments === null ? null : JSON.stringify(wanted.segments),
  );
  if (victim === undefined) return null;
  const id = victim.segment_id;
  const nothing = { hashes: new Uint8Array(), places: new Float64Array() };
  if (victim.live === 0) return { victim: id, file: null, ...nothing };
  const blobs = db.all<BlobColumns>(
    'SELECT hash, offset, stored_size, raw_size FROM blob WHERE segment_id = ? ORDER BY offset',
    id,
  );
  if (blobs.length === 0 || !existsSync(segmentFile(paths, id))) return null;
  const file = join(paths.spool, `compact-${id}.tmp`);
  const hashes = new Uint8Array(blobs.length * 32);
  const places = new Float64Array(blobs.length * 4);
  let end = 0;
  copyInto(file, segmentFile(paths, id), (copy) => {
    blobs.forEach((blob, index) => {
      hashes.set(blob.hash, index * 32);
      places.set([blob.offset, end, blob.stored_size, blob.raw_size], index * 4);
      copy(blob.offset, blob.stored_size, end);
      end += blob.stored_size;
    });
  });
  return { victim: id, file, hashes, places };
}

const copyBytesMax = 1024 * 1024;

/** Octets are moved as they are: their checksums stay, and rot stays visible. */
function copyInto(
  target: string,
  source: string,
  each: (copy: (from: number, length: number, to: number) => void) => void,
): void {
  const from = openSync(source, 'r');
  const to = openSync(target, 'w', 0o600);
  const buffer = Buffer.allocUnsafe(copyBytesMax);
  try {
    each((start, length, position) => {
      let done = 0;
      while (done < length) {
        const count = readSync(
          from,
          buffer,
          0,
          Math.min(copyBytesMax, length - done),
          start + done,
        );
        if (count === 0) throw new Error(`${source} ends before what is alive in it`);
        writeSync(to, buffer, 0, count, position + done);
        done += count;
      }
    });
    fdatasyncSync(to);
  } catch (error) {
    rmSync(target, { force: true });
    throw error;
  } finally {
    closeSync(from);
    closeSync(to);
  }
}

/** Bodies that were finished and then never accepted. */
export function sweepSpool(paths: StorePaths, olderThanMs: number): void {
  const limit = Date.now() - olderThanMs;
  for (const name of readdirSync(paths.spool)) {
    const file = join(paths.spool, name);
    const stat = statSync(file, { throwIfNoEntry: false });
    if (stat !== undefined && stat.mtimeMs < limit) rmSync(file, { force: true });
  }
}
