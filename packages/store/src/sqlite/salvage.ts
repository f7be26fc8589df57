/**
 * When the database file itself is damaged: what can still be read of each table, from its
 * beginning and from its end, goes into a new file, and the old one into quarantine. References and
 * counters are mended afterwards, by `repair`.
 */

import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { StoreRefused } from '../contract.ts';
import { openForWriting, type Database } from './database.ts';
import { isRebuilt } from './index/schema.ts';
import { migrate } from './migrate.ts';
import { migrations } from './schema.ts';
import { syncDirectory, type StorePaths } from './segments/files.ts';

/** Rows read in one go; after an error they are read one by one. */
const sliceMax = 500;

export interface Salvaged {
  /** Where the damaged file is kept. */
  readonly kept: string;
  readonly rows: number;
  /** Tables that could not be read from one end to the other. */
  readonly torn: readonly string[];
}

export function salvage(paths: StorePaths): Salvaged {
  const fresh = `${paths.database}.salvaged`;
  for (const file of [fresh, `${fresh}-wal`, `${fresh}-shm`]) rmSync(file, { force: true });
  const to = openForWriting(fresh);
  let from: DatabaseSync | null = null;
  let rows = 0;
  const torn: string[] = [];
  try {
    migrate(to, { ...paths, database: fresh }, migrations);
    from = new DatabaseSync(paths.database, { readOnly: true });
    for (const table of tablesOf(to, from)) {
      const result = copyTable(from, to, table);
      rows += result.rows;
      if (!result.isWhole) torn.push(table.name);
    }
  } finally {
    from?.close();
    to.close();
  }
  if (rows <= seedRows) {
    rmSync(fresh);
    throw new StoreRefused('damaged', `nothing of ${paths.database} can be read: restore a backup`);
  }
  return { kept: exchange(paths, fresh), rows, torn };
}

/** What a new database holds by itself. */
const seedRows = 3;

interface Table {
  readonly name: string;
  /** What orders its rows. */
  readonly key: readonly string[];
  readonly columns: readonly string[];
}

/** Those of today, with the columns that the damaged file has too. */
function tablesOf(db: Database, old: DatabaseSync): Table[] {
  const names = db.all<{ name: string; wr: number }>(
    "SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite_%'",
  );
  const copied = names.filter(({ name }) => !isRebuilt(name));
  return copied.map(({ name, wr }) => {
    const columns = db.all<{ name: string; pk: number }>(
      'SELECT name, pk FROM pragma_table_info(?)',
      name,
    );
    const had = oldColumns(old, name);
    const key = columns.filter((column) => column.pk > 0).sort((a, b) => a.pk - b.pk);
    return {
      name,
      columns: columns.map((column) => column.name).filter((column) => had.has(column)),
      key: wr === 1 ? key.map((column) => column.name) : ['rowid'],
    };
  });
}

/** None: the table cannot be read at all. */
function oldColumns(old: DatabaseSync, table: string): Set<unknown> {
  try {
    const rows = old.prepare('SELECT name FROM pragma_table_info(?)').all(table);
    return new Set(rows.map((row) => row['name']));
  } catch {
    return new Set();
  }
}

type Row = Record<string, SQLInputValue>;

function copyTable(
  from: DatabaseSync,
  to: Database,
  table: Table,
): { rows: number; isWhole: boolean } {
  const insert = `INSERT OR REPLACE INTO ${table.name} (${table.columns.join(', ')})
    VALUES (${table.columns.map(() => '?').join(', ')})`;
  if (table.columns.length === 0) return { rows: 0, isWhole: false };
  let rows = 0;
  const take = (row: Row) => {
    const columns = table.columns.map((column) => row[column] ?? null);
    try {
      rows += to.run(insert, ...columns);
    } catch {
      // A row that breaks the schema is no row; what it was part of is found by the check.
    }
  };
  to.run('BEGIN');
  const isWhole = walk(from, table, 'ASC', take);
  if (!isWhole) walk(from, table, 'DESC', take);
  to.run('COMMIT');
  return { rows, isWhole };
}

/** Reads on from key to key until something cannot be read. Was that the end? */
function walk(
  from: DatabaseSync,
  table: Table,
  direction: 'ASC' | 'DESC',
  take: (row: Row) => void,
): boolean {
  const key = table.key.join(', ');
  const order = table.key.map((column) => `${column} ${direction}`).join(', ');
  const marks = table.key.map(() => '?').join(', ');
  const beyond = `WHERE (${key}) ${direction === 'ASC' ? '>' : '<'} (${marks})`;
  const select = `SELECT ${key === 'rowid' ? 'rowid, ' : ''}* FROM ${table.name}`;
  let last: Row | null = null;
  let limit = sliceMax;
  for (;;) {
    let slice: Row[];
    try {
      const where = last === null ? '' : beyond;
      const values = last === null ? [] : table.key.map((column) => last?.[column] ?? null);
      const statement = from.prepare(`${select} ${where} ORDER BY ${order} LIMIT ${limit}`);
      slice = statement.all(...values);
    } catch {
      if (limit === 1) return false;
      limit = 1; // up to the very row that cannot be read
      continue;
    }
    for (const row of slice) take(row);
    last = slice.at(-1) ?? last;
    if (slice.length < limit) return true;
  }
}

/** The new file takes the place of the old one; answers where that is kept. */
function exchange(paths: StorePaths, fresh: string): string {
  mkdirSync(paths.quarantine, { recursive: true, mode: 0o700 });
  const number = readdirSync(paths.quarantine).filter((name) => name.endsWith('.db')).length + 1;
  const kept = join(paths.quarantine, `damaged-${number}.db`);
  for (const suffix of ['-wal', '-shm', '']) {
    const file = `${paths.database}${suffix}`;
    if (existsSync(file)) renameSync(file, `${kept}${suffix}`);
  }
  renameSync(fresh, paths.database);
  syncDirectory(paths.quarantine);
  syncDirectory(paths.directory);
  return kept;
}
