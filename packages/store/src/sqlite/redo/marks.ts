/**
 * How far the database is with the redo log. `floor`: everything up to there is on disk with it.
 * `applied`: everything up to there is in it, though perhaps not on disk. `epoch`: whose log it is;
 * each opening begins a new one, so that the log of another time is never mistaken for this one's.
 */

import { randomBytes } from 'node:crypto';
import type { Database } from '../database.ts';

export interface RedoMarks {
  readonly epoch: number;
  readonly floor: number;
  readonly applied: number;
}

export function readMarks(db: Database): RedoMarks | null {
  const rows = db.all<{ name: string; next: number }>(
    `SELECT name, next FROM sequence WHERE name LIKE 'redo.%'`,
  );
  const values = new Map(rows.map(({ name, next }) => [name, next]));
  const epoch = values.get('redo.epoch');
  if (epoch === undefined) return null;
  return { epoch, floor: values.get('redo.floor') ?? 0, applied: values.get('redo.applied') ?? 0 };
}

/** Part of the transaction that ends the work of opening. */
export function beginEpoch(db: Database): number {
  const epoch = randomBytes(6).readUIntBE(0, 6);
  const write = 'INSERT OR REPLACE INTO sequence (name, next) VALUES (?, ?)';
  db.run(write, 'redo.epoch', epoch);
  db.run(write, 'redo.floor', 0);
  db.run(write, 'redo.applied', 0);
  return epoch;
}

export function noteApplied(db: Database, number: number): void {
  db.run(`UPDATE sequence SET next = ? WHERE name = 'redo.applied'`, number);
}

export function noteFloor(db: Database, number: number): void {
  db.run(`UPDATE sequence SET next = ? WHERE name IN ('redo.floor', 'redo.applied')`, number);
}
