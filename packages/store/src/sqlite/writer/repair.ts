/**
 * `store repair`: one transaction that mends what the deep check has found and says what could not
 * be kept. The writer does nothing else meanwhile; whoever reads keeps reading.
 */

import { readdirSync } from 'node:fs';
import type { CheckFinding } from '../../contract.ts';
import type { Database } from '../database.ts';
import { garbageOf } from '../care/garbage.ts';
import { readSegmentName, segmentBytes, type StorePaths } from '../segments/files.ts';
import type { Blobs } from './blobs.ts';
import type { WriterContext } from './context.ts';
import { mendBodies } from './repair-bodies.ts';
import { brokenSeals, sealAll } from '../seals.ts';
import { nameRow } from './repair-names.ts';
import { menders, recount } from './repair-rows.ts';

export interface Loss {
  readonly code: string;
  readonly where: string;
  readonly message: string;
}

export interface RepairContext {
  readonly db: Database;
  readonly blobs: Blobs;
  readonly paths: StorePaths;
  /** Hashes of bodies whose record is damaged, in hexadecimal. */
  readonly damaged: readonly string[];
  readonly lost: Loss[];
}

/** The rows of segments must tell the whole truth (`noteSegments`). */
export function repair(
  writer: WriterContext,
  paths: StorePaths,
  findings: readonly CheckFinding[],
): readonly Loss[] {
  const { db, blobs } = writer;
  const codes = new Set(findings.map((finding) => finding.code));
  const damaged = findings
    .filter((finding) => finding.code === 'body.damaged')
    .flatMap((finding) => /[0-9a-f]{64}/.exec(finding.where)?.[0] ?? []);
  const context: RepairContext = { db, blobs, paths, damaged, lost: [] };
  if (codes.has('sqlite.integrity')) db.exec('REINDEX');
  const doubts = new Set([...brokenSeals(db)].map(({ code, where }) => `${code} ${where}`));
  // What is no record can only be left behind, and nothing is left behind in a file that grows.
  if (garbageOf(findings).includes(blobs.openSegment)) blobs.beginSegment();
  mendSegmentRows(context);
  for (const [wanted, mend] of menders) if (wanted.some((code) => codes.has(code))) mend(context);
  mendBodies(context);
  blobs.noteGrowing();
  recount(context);
  // What did not fit before and does not after the recount is kept as it is, and doubted aloud.
  for (const broken of brokenSeals(db)) {
    if (!doubts.has(`${broken.code} ${broken.where}`)) continue;
    const where = nameRow(db, broken.where);
    context.lost.push({ ...broken, where, message: `${broken.message}; kept as they are now` });
  }
  sealAll(db);
  // Nothing in memory may be believed any more.
  writer.accounts.forget();
  writer.sequences.forget();
  writer.changes.push({ kind: 'directory-changed' });
  return context.lost;
}

/** Rows for files without one, and none for what is gone and held nothing. */
function mendSegmentRows({ db, paths, blobs }: RepairContext): void {
  for (const name of readdirSync(paths.segments)) {
    const id = readSegmentName(name);
    if (id === null || id === blobs.openSegment) continue;
    db.run(
      'INSERT OR IGNORE INTO segment (segment_id, length, live, sealed) VALUES (?, ?, 0, 1)',
      id,
      segmentBytes(paths, id),
    );
  }
  const rows = db.all<{ segment_id: number; length: number }>('SELECT * FROM segment');
  for (const { segment_id: id, length } of rows) {
    const bytes = segmentBytes(paths, id);
    if (bytes >= length || id === blobs.openSegment) continue;
    if (bytes < 0) db.run('DELETE FROM segment WHERE segment_id = ?', id);
    else db.run('UPDATE segment SET length = ? WHERE segment_id = ?', bytes, id);
  }
}
