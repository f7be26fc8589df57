/** Brings a database to the newest schema, one numbered step at a time, each in a transaction. */

import { existsSync, renameSync, rmSync } from 'node:fs';
import { StoreRefused } from '../contract.ts';
import type { Database } from './database.ts';
import type { Migration } from './schema.ts';
import { syncDirectory, type StorePaths } from './segments/files.ts';

/** "MRPT": what `PRAGMA application_id` says of our files. */
const applicationId = 0x4d525054;

export function readVersion(db: Database): number {
  return db.get<{ user_version: number }>('PRAGMA user_version')?.user_version ?? 0;
}

/** Answers the file of the copy taken before, or null when nothing was to be done. */
export function migrate(
  db: Database,
  paths: StorePaths,
  migrations: readonly Migration[],
): string | null {
  const version = readVersion(db);
  const newest = migrations.at(-1)?.version ?? 0;
  refuseStrangers(db, paths, { version, newest });
  const steps = migrations.filter((migration) => migration.version > version);
  if (steps.length === 0) return null;
  const copy = version === 0 ? null : copyBefore(db, paths, version);
  for (const step of steps) {
    db.exec('BEGIN IMMEDIATE');
    try {
      db.exec(step.sql);
      step.after?.(db);
      db.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${step.version};`);
      db.exec('COMMIT');
    } catch (error) {
      if (db.raw.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
  }
  return copy;
}

function refuseStrangers(
  db: Database,
  paths: StorePaths,
  is: { readonly version: number; readonly newest: number },
): void {
  const id = db.get<{ application_id: number }>('PRAGMA application_id')?.application_id;
  const tables = db.get<{ count: number }>('SELECT count(*) AS count FROM sqlite_schema')?.count;
  if (id !== applicationId && tables !== 0) {
    throw new StoreRefused('not-a-store', `${paths.database} is not a store of Merpati`);
  }
  if (is.version > is.newest) {
    throw new StoreRefused(
      'too-new',
      `the store in ${paths.directory} has schema ${is.version}; this release knows up to ` +
        `${is.newest}. Run the release that wrote it, or a later one.`,
    );
  }
}

function copyBefore(db: Database, paths: StorePaths, version: number): string {
  const copy = `${paths.database}.schema-${version}`;
  const temporary = `${copy}.tmp`;
  rmSync(temporary, { force: true });
  db.run('VACUUM INTO ?', temporary);
  if (existsSync(copy)) rmSync(copy);
  renameSync(temporary, copy);
  syncDirectory(paths.directory);
  return copy;
}
