/** Opening SQLite the way this engine needs it, statements prepared once, and its errors sorted. */

import type { SQLInputValue, StatementSync } from 'node:sqlite';
import { DatabaseSync } from 'node:sqlite';
import { StoreUnavailable } from '../contract.ts';

export type Row = Record<string, unknown>;

/** A connection that prepares each statement once. */
export class Database {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  exec(sql: string): void {
    this.#db.exec(sql);
  }

  statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      if (!this.#db.isOpen) throw new StoreUnavailable('closed');
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** The first row, its shape asserted by the caller. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- names the row's shape
  get<T>(sql: string, ...values: SQLInputValue[]): T | undefined {
    return this.statement(sql).get(...values) as T | undefined;
  }

  all<T>(sql: string, ...values: SQLInputValue[]): T[] {
    return this.statement(sql).all(...values) as T[];
  }

  /** Rows as arrays of their columns: twice as fast for long listings. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- names the row's shape
  rows<T extends readonly unknown[]>(sql: string, ...values: SQLInputValue[]): T[] {
    const statement = this.statement(sql);
    statement.setReturnArrays(true);
    return statement.all(...values) as unknown as T[];
  }

  /** Answers how many rows changed. */
  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.statement(sql).run(...values).changes);
  }

  /** Several reads that must see one state. `read` must not wait for anything. */
  snapshot<T>(read: () => T): T {
    this.statement('BEGIN').run();
    try {
      return read();
    } finally {
      this.statement('COMMIT').run();
    }
  }

  get raw(): DatabaseSync {
    return this.#db;
  }

  close(): void {
    this.#statements.clear();
    this.#db.close();
  }
}

/** The write connection. `synchronous=FULL` is the only mode that lost nothing in power cuts. */
export function openForWriting(file: string): Database {
  const db = new DatabaseSync(file, { timeout: 5000, enableForeignKeyConstraints: false });
  db.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA wal_autocheckpoint = 0;
    PRAGMA cache_size = -65536;
    PRAGMA temp_store = MEMORY;
  `);
  return new Database(db);
}

/** A database that nobody else sees: to know what a new one looks like. */
export function openInMemory(): Database {
  return new Database(new DatabaseSync(':memory:'));
}

export function openForReading(file: string): Database {
  const db = new DatabaseSync(file, { timeout: 5000, readOnly: true });
  db.exec('PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY;');
  return new Database(db);
}

const full = 13; // SQLITE_FULL
const ioError = 10; // SQLITE_IOERR, extended codes in the upper bits
const corrupt = 11;
const cannotOpen = 14;
const readOnly = 8;
const systemCodes = new Map<string, 'disk-full' | 'io'>([
  ['ENOSPC', 'disk-full'],
  ['EDQUOT', 'disk-full'],
  ['EFBIG', 'disk-full'],
  ['EIO', 'io'],
  ['EROFS', 'io'],
  ['EMFILE', 'io'],
  ['ENFILE', 'io'],
  ['ENOENT', 'io'],
  ['EACCES', 'io'],
  ['ESTALE', 'io'],
  ['ENXIO', 'io'],
  ['ENODEV', 'io'],
]);

/** Is it the machine (then what), or our own fault (null)? */
export function machineTrouble(error: unknown): StoreUnavailable | null {
  if (error instanceof StoreUnavailable) return error;
  if (!(error instanceof Error)) return null;
  const { code, errcode } = error as { code?: unknown; errcode?: unknown };
  if (typeof errcode === 'number') {
    const primary = errcode & 0xff;
    if (primary === full) return new StoreUnavailable('disk-full', error);
    if ([ioError, corrupt, cannotOpen, readOnly].includes(primary)) {
      return new StoreUnavailable('io', error);
    }
    return null;
  }
  const reason = typeof code === 'string' ? systemCodes.get(code) : undefined;
  return reason === undefined ? null : new StoreUnavailable(reason, error);
}
