/** Opening a store in a folder: lock, schema, order after a crash, then the writer. */

import { closeSync, existsSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { StoreRefused, type RepairReport, type Store } from '../contract.ts';
import { openForWriting, type Database } from './database.ts';
import { StoreLock } from './lock.ts';
import { migrate } from './migrate.ts';
import { recover, type Recovered } from './recover.ts';
import { restoreBodies } from './redo/restore.ts';
import { jumpAheadAfterRestore } from './restored.ts';
import { salvage, type Salvaged } from './salvage.ts';
import { migrations } from './schema.ts';
import { storePaths, syncDirectory, type StorePaths } from './segments/files.ts';
import { segmentBytesMax } from './segments/format.ts';
import { SqliteStore } from './store.ts';
import { makeFence } from './writer/fence.ts';

export interface StoreOptions {
  /** Created when it is not there, readable by its owner alone. */
  readonly directory: string;
  /** Free octets of the disk below which no new mail is taken. Default 64 MiB. */
  readonly reserveBytes?: number;
  /** From this size on a segment is full and the next one begins. Default 64 MiB. */
  readonly segmentBytesMax?: number;
  /**
   * Build the database anew from what can be read of it, and repair the rest, if it cannot be
   * opened as it is. The damaged file goes into quarantine.
   */
  readonly salvage?: boolean;
  /** Hears what came of it, whoever has asked for it. */
  readonly onSalvaged?: (report: SalvageReport) => void;
  /** When journeys say that a crash broke something off. Default: the machine's clock. */
  readonly nowMs?: number;
}

/** What could be read of a damaged database, what was mended afterwards, and what is lost. */
export interface SalvageReport extends Salvaged, RepairReport {}

const reserveBytesDefault = 64 * 1024 * 1024;

/**
 * Opens the store, creating it when the folder is empty. Throws `StoreRefused` when another process
 * has it or a later release wrote it.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const paths = storePaths(options.directory);
  const made = mkdirSync(paths.directory, { recursive: true, mode: 0o700 });
  for (const folder of [paths.segments, paths.spool]) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }
  for (const file of [paths.lock, paths.database]) createPrivate(file);
  syncDirectory(paths.directory);
  if (made !== undefined) syncDirectory(dirname(made));
  const lock = StoreLock.take(paths);
  try {
    const { recovered, salvaged } = prepareOrSalvage(paths, options.salvage === true);
    const store = await SqliteStore.start(lock, {
      directory: paths.directory,
      openSegment: recovered.openSegment,
      openLength: recovered.openLength,
      nextSegment: recovered.nextSegment,
      reserveBytes: options.reserveBytes ?? reserveBytesDefault,
      segmentBytesMax: options.segmentBytesMax ?? segmentBytesMax,
      nowMs: options.nowMs ?? Date.now(),
      fence: makeFence(),
    });
    if (salvaged !== null) {
      const report = await repairSalvaged(store, salvaged);
      options.onSalvaged?.(report);
    }
    return store;
  } catch (error) {
    lock.release();
    throw error;
  }
}

function prepareOrSalvage(
  paths: StorePaths,
  maySalvage: boolean,
): { recovered: Recovered; salvaged: Salvaged | null } {
  if (!existsSync(paths.rebuildMark)) {
    try {
      return { recovered: prepare(paths), salvaged: null };
    } catch (error) {
      if (!(error instanceof StoreRefused) || error.code !== 'damaged' || !maySalvage) throw error;
    }
  }
  const salvaged = salvage(paths);
  const recovered = prepare(paths);
  rmSync(paths.rebuildMark, { force: true });
  return { recovered, salvaged };
}

/** What came of it lies beside the damaged file. */
async function repairSalvaged(store: SqliteStore, salvaged: Salvaged): Promise<SalvageReport> {
  const report = { ...salvaged, ...(await store.repair({})) };
  const text = JSON.stringify(report, null, 2);
  writeFileSync(`${salvaged.kept}.json`, text, { mode: 0o600, flush: true });
  return report;
}

const corrupt = 11; // SQLITE_CORRUPT
const notDatabase = 26; // SQLITE_NOTADB

/** The newest schema, and order after a crash. */
function prepare(paths: StorePaths): Recovered {
  let db: Database | null = null;
  try {
    db = openForWriting(paths.database);
    migrate(db, paths, migrations);
    jumpAheadAfterRestore(db);
    restoreBodies(db, paths);
    return recover(db, paths);
  } catch (error) {
    const code = (error as { errcode?: number }).errcode ?? 0;
    if (code === notDatabase) {
      throw new StoreRefused('not-a-store', `${paths.database} is not a store of Merpati`);
    }
    if (code % 256 !== corrupt) throw error;
    throw new StoreRefused('damaged', `${paths.database} is damaged: ${String(error)}`);
  } finally {
    db?.close();
  }
}

/**
 * SQLite gives its side files the rights of the database. A file that is there is not touched: see
 * lock.ts.
 */
function createPrivate(file: string): void {
  if (!existsSync(file)) closeSync(openSync(file, 'a', 0o600));
}
