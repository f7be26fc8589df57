/** Reading records. */

import type { RecordSlice, StoredRecord } from '../../records.ts';
import type { Database } from '../database.ts';

const columns = 'kind, name, value, version, changed_ms, expires_ms';
const limitUsual = 1000;

interface RecordColumns {
  readonly kind: string;
  readonly name: string;
  readonly value: string;
  readonly version: number;
  readonly changed_ms: number;
  readonly expires_ms: number | null;
}

export function findRecord(db: Database, kind: string, name: string): StoredRecord | null {
  const sql = `SELECT ${columns} FROM record WHERE kind = ? AND name = ?`;
  const row = db.get<RecordColumns>(sql, kind, name);
  return row === undefined ? null : recordOf(row);
}

export function listRecords(
  db: Database,
  kind: string,
  { prefix = '', after = '', limit = limitUsual }: RecordSlice,
): StoredRecord[] {
  const rows = db.all<RecordColumns>(
    `SELECT ${columns} FROM record
     WHERE kind = ?1 AND name > ?2 AND name >= ?3 AND substr(name, 1, length(?3)) = ?3
     ORDER BY name LIMIT ?4`,
    kind,
    after,
    prefix,
    limit,
  );
  return rows.map(recordOf);
}

function recordOf(row: RecordColumns): StoredRecord {
  const { kind, name, value, version, changed_ms: changedMs, expires_ms: expiresMs } = row;
  return { kind, name, value, version, changedMs, expiresMs };
}
