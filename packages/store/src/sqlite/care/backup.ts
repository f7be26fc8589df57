/**
 * A consistent copy of a living store: first a snapshot of the database, then the segments it
 * refers to.
 */

import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
} from 'node:fs';
import { Database, openForReading } from '../database.ts';
import { DatabaseSync } from 'node:sqlite';
import { segmentFile, storePaths, syncDirectory, type StorePaths } from '../segments/files.ts';

/**
 * Into an empty folder, or one that is not there yet. Segments are never changed, only appended to.
 */
export async function backup(paths: StorePaths, target: string): Promise<void> {
  if (existsSync(target) && readdirSync(target).length > 0) {
    throw new Error(`${target} is not empty`);
  }
  const copy = storePaths(target);
  for (const folder of [copy.directory, copy.segments]) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }
  closeSync(openSync(copy.database, 'a', 0o600));
  const db = openForReading(paths.database);
  try {
    db.run('VACUUM INTO ?', copy.database);
  } finally {
    db.close();
  }
  const copied = new Database(new DatabaseSync(copy.database));
  try {
    // Who opens the copy must not give out a UID again that was given out since: see restored.ts.
    copied.exec("INSERT OR REPLACE INTO meta (key, value) VALUES ('restored', 'pending')");
    const rows = copied.all<{ segment_id: number }>('SELECT segment_id FROM segment');
    const referred = copied.all<{ segment_id: number }>('SELECT DISTINCT segment_id FROM blob');
    for (const id of new Set([...rows, ...referred].map((row) => row.segment_id))) {
      copySegment(paths, copy, id);
    }
  } finally {
    copied.close();
  }
  syncFile(copy.database);
  for (const folder of [copy.segments, copy.directory]) syncDirectory(folder);
}

function copySegment(from: StorePaths, to: StorePaths, id: number): void {
  const source = segmentFile(from, id);
  if (!existsSync(source)) return; // the check tells of it
  copyFileSync(source, segmentFile(to, id), constants.COPYFILE_FICLONE);
  syncFile(segmentFile(to, id));
}

function syncFile(file: string): void {
  const fd = openSync(file, 'r+');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
