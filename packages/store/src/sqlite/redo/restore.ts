/**
 * After a power cut the segment may lack what only the redo log has. Before anything else looks at
 * the segments, it gets that back, at the same place.
 */

import { closeSync, constants, fsyncSync, openSync, writeSync } from 'node:fs';
import type { Database } from '../database.ts';
import { segmentFile, syncDirectory, type StorePaths } from '../segments/files.ts';
import { readRedo } from './log.ts';
import { readMarks } from './marks.ts';

/** Created when the cut has taken even its name. */
const toWrite = constants.O_RDWR | constants.O_CREAT;

/** Answers how many records the log has for this database. */
export function restoreBodies(db: Database, paths: StorePaths): number {
  const marks = readMarks(db);
  if (marks === null) return 0;
  const records = readRedo(paths, marks.epoch, marks.floor);
  const files = new Map<number, number>();
  try {
    for (const { segment, offset, octets } of records) {
      if (octets.length === 0) continue;
      const fd = files.get(segment) ?? openSync(segmentFile(paths, segment), toWrite, 0o600);
      files.set(segment, fd);
      let done = 0;
      while (done < octets.length) {
        done += writeSync(fd, octets, done, octets.length - done, offset + done);
      }
    }
    for (const fd of files.values()) fsyncSync(fd);
  } finally {
    for (const fd of files.values()) closeSync(fd);
  }
  if (files.size > 0) syncDirectory(paths.segments);
  return records.length;
}
