/** Where the parts of a store lie in its folder, and the sync of a folder's own entries. */

import { closeSync, fsyncSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface StorePaths {
  readonly directory: string;
  readonly database: string;
  /**
   * Holds a lock that dies with the process; never open it with fs, closing would drop the lock.
   */
  readonly lock: string;
  readonly lockOwner: string;
  readonly segments: string;
  /** See redo/log.ts. */
  readonly redo: string;
  readonly spool: string;
  readonly quarantine: string;
  /** It is there: a repair has asked to build the database anew at the next opening. */
  readonly rebuildMark: string;
}

export function storePaths(directory: string): StorePaths {
  return {
    directory,
    database: join(directory, 'merpati.db'),
    lock: join(directory, 'lock'),
    lockOwner: join(directory, 'lock.owner'),
    segments: join(directory, 'segments'),
    redo: join(directory, 'redo.log'),
    spool: join(directory, 'spool'),
    quarantine: join(directory, 'quarantine'),
    rebuildMark: join(directory, 'rebuild.wanted'),
  };
}

export function segmentFile(paths: StorePaths, segmentId: number): string {
  return join(paths.segments, `${String(segmentId).padStart(10, '0')}.seg`);
}

/** null: the name is not that of a segment. */
export function readSegmentName(name: string): number | null {
  const match = /^(\d{10})\.seg$/.exec(name);
  return match?.[1] === undefined ? null : Number(match[1]);
}

/** A new or renamed file is there after a power cut only when its folder has been synced. */
export function syncDirectory(directory: string): void {
  const fd = openSync(directory, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** -1: there is no such file. */
export function segmentBytes(paths: StorePaths, segmentId: number): number {
  return statSync(segmentFile(paths, segmentId), { throwIfNoEntry: false })?.size ?? -1;
}
