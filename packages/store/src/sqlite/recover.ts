/**
 * What opening a store puts in order after a crash: torn tails of segments are cut, what
 * the database lags behind is caught up, half-written spool files go.
 */

import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from './database.ts';
import { cutSegment } from './segments/append.ts';
import { readSegmentName, segmentBytes, type StorePaths } from './segments/files.ts';
import { readRecords } from './segments/scan.ts';

export interface Recovered {
  readonly openSegment: number;
  readonly openLength: number;
  readonly nextSegment: number;
  /** Segments whose tail was cut. */
  readonly cut: readonly number[];
}

interface SegmentColumns {
  readonly segment_id: number;
  readonly length: number;
  readonly live: number;
  readonly sealed: number;
}

export function recover(db: Database, paths: StorePaths): Recovered {
  for (const name of readdirSync(paths.spool)) rmSync(join(paths.spool, name), { force: true });
  const rows = db.all<SegmentColumns>('SELECT * FROM segment ORDER BY segment_id');
  const known = new Map(rows.map((row) => [row.segment_id, row]));
  const files = readdirSync(paths.segments).flatMap((name) => readSegmentName(name) ?? []);
  const ids = [...new Set([...files, ...known.keys()])].sort((a, b) => a - b);
  const cut: number[] = [];
  let open: { id: number; length: number } | null = null;
  db.exec('BEGIN IMMEDIATE');
  for (const id of ids) {
    const row = known.get(id) ?? { segment_id: id, length: 0, live: 0, sealed: 0 };
    if (row.sealed !== 0) continue;
    const tail = readTail(db, paths, row);
    if (cutSegment(paths, id, tail.length)) cut.push(id);
    // A file shorter than its row has lost octets: nothing more goes into it, the check will tell.
    const isWhole = segmentBytes(paths, id) === tail.length;
    if (isWhole) open = { id, length: tail.length };
    db.run(
      'INSERT OR REPLACE INTO segment (segment_id, length, live, sealed) VALUES (?, ?, ?, ?)',
      id,
      tail.length,
      row.live + tail.live,
      isWhole ? 0 : 1,
    );
  }
  if (open !== null) {
    db.run('UPDATE segment SET sealed = 1 WHERE segment_id <> ? AND sealed = 0', open.id);
  }
  db.exec('COMMIT');
  const nextSegment = Math.max(0, ...ids) + 1;
  return open === null
    ? { openSegment: nextSegment, openLength: 0, nextSegment: nextSegment + 1, cut }
    : { openSegment: open.id, openLength: open.length, nextSegment, cut };
}

/**
 * The records behind what the row tells: those of committed transactions count as live, others were
 * synced, but their transaction never came, and nobody was told yes; the compactor takes them away.
 */
function readTail(
  db: Database,
  paths: StorePaths,
  row: SegmentColumns,
): { readonly length: number; readonly live: number } {
  const records = readRecords(paths, row.segment_id, row.length);
  let live = 0;
  let { length } = row;
  for (const record of records) {
    const blob = db.get(
      'SELECT 1 FROM blob WHERE hash = ? AND segment_id = ? AND offset = ?',
      record.hash,
      row.segment_id,
      record.offset,
    );
    if (blob !== undefined) live += record.storedSize;
    length = record.offset + record.storedSize;
  }
  return { length, live };
}
