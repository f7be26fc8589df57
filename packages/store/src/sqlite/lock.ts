/**
 * One process at a time writes a store. The lock is SQLite's own on a file of its own: the kernel
 * drops it with the process, however that ends. Who holds it stands in a second file, because
 * closing any other descriptor of the lock file would drop the lock (POSIX fcntl locks belong to
 * the process).
 */

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { StoreRefused } from '../contract.ts';
import type { StorePaths } from './segments/files.ts';

const busy = 5; // SQLITE_BUSY

export class StoreLock {
  readonly #db: DatabaseSync;
  readonly #paths: StorePaths;

  private constructor(db: DatabaseSync, paths: StorePaths) {
    this.#db = db;
    this.#paths = paths;
  }

  /** Throws `StoreRefused` naming the process that has it. */
  static take(paths: StorePaths): StoreLock {
    const db = new DatabaseSync(paths.lock, { timeout: 0 });
    try {
      db.exec('PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    } catch (error) {
      db.close();
      if (((error as { errcode?: number }).errcode ?? 0) % 256 !== busy) throw error;
      throw new StoreRefused('in-use', inUse(paths));
    }
    writeFileSync(paths.lockOwner, `${process.pid}\n`, { mode: 0o600 });
    return new StoreLock(db, paths);
  }

  release(): void {
    rmSync(this.#paths.lockOwner, { force: true });
    this.#db.exec('ROLLBACK');
    this.#db.close();
  }
}

function inUse(paths: StorePaths): string {
  let owner = 'another process';
  try {
    const pid = Number(readFileSync(paths.lockOwner, 'utf8'));
    if (Number.isInteger(pid) && pid > 0) {
      owner = pid === process.pid ? 'this process already' : `process ${pid}`;
    }
  } catch {
    // Between the lock and the note about it: the lock alone decides.
  }
  return `the store in ${paths.directory} is in use by ${owner}`;
}
