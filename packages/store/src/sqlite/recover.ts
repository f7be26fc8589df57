/**
 * What opening a store puts in order after a crash: torn tails of segments are cut, segments that no
 * transaction ever knew are noted as dead, half-written spool files go.
 */

import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from './database.ts';
import { cutSegment, findSegmentEnd } from './segments/append.ts';
import { readSegmentName, segmentFile, segmentBytes, type StorePaths } from './segments/files.ts';
import { segmentBytesMax } from './segments/format.ts';

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
  readonly sealed: number;
}

export function recover(db: Database, paths: StorePaths): Recovered {
  for (const name of readdirSync(paths.spool)) rmSync(join(paths.spool, name), { force: true });
  const rows = db.all<SegmentColumns>('SELECT * FROM segment ORDER BY segment_id');
  const known = new Map(rows.map((row) => [row.segment_id, row]));
  const files = readdirSync(paths.segments).flatMap((name) => readSegmentName(name) ?? []);
  const cut: number[] = [];
  db.exec('BEGIN IMMEDIATE');
  for (const id of files) {
    if (!known.has(id)) note(db, paths, id);
  }
  let open: { id: number; length: number } | null = null;
  for (const row of rows) {
    if (row.sealed !== 0) continue;
    const length = findSegmentEnd(paths, row.segment_id, row.length);
    if (cutSegment(paths, row.segment_id, length)) cut.push(row.segment_id);
    const isWhole = segmentBytes(paths, row.segment_id) === length && length < segmentBytesMax;
    if (isWhole) open = { id: row.segment_id, length };
    db.run(
      'UPDATE segment SET length = ?, sealed = ? WHERE segment_id = ?',
      length,
      isWhole ? 0 : 1,
      row.segment_id,
    );
  }
  if (open !== null) {
    db.run('UPDATE segment SET sealed = 1 WHERE segment_id <> ? AND sealed = 0', open.id);
  }
  db.exec('COMMIT');
  const nextSegment = Math.max(0, ...files, ...known.keys()) + 1;
  return open === null
    ? { openSegment: nextSegment, openLength: 0, nextSegment: nextSegment + 1, cut }
    : { openSegment: open.id, openLength: open.length, nextSegment, cut };
}

/** Written, but its transaction never came: nobody was told yes. The compactor takes it away. */
function note(db: Database, paths: StorePaths, id: number): void {
  db.run(
    'INSERT INTO segment (segment_id, length, live, sealed) VALUES (?, ?, 0, 1)',
    id,
    statSync(segmentFile(paths, id)).size,
  );
}
