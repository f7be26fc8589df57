/** Changing records. */

import type { RecordChange } from '../../records.ts';
import { recordSeal } from '../seals.ts';
import type { WriterContext } from './context.ts';

export interface RecordChanges {
  readonly changes: readonly RecordChange[];
  readonly nowMs: number;
}

export function putRecords(context: WriterContext, { changes, nowMs }: RecordChanges): boolean {
  const { db } = context;
  for (const { kind, name, expected } of changes) {
    if (expected === undefined) continue;
    const row = db.get<{ version: number }>(
      'SELECT version FROM record WHERE kind = ? AND name = ?',
      kind,
      name,
    );
    if ((row?.version ?? 0) !== expected) return false;
  }
  for (const change of changes) put(context, change, nowMs);
  for (const of of new Set(changes.map(({ kind }) => kind))) {
    context.changes.push({ kind: 'records-changed', of });
  }
  return true;
}

function put({ db, sequences }: WriterContext, change: RecordChange, nowMs: number): void {
  const { kind, name, value } = change;
  if (value === null) {
    db.run('DELETE FROM record WHERE kind = ? AND name = ?', kind, name);
    return;
  }
  const row = {
    kind,
    name,
    value,
    version: sequences.take('record'),
    changed_ms: nowMs,
    expires_ms: change.expiresMs ?? null,
  };
  db.run(
    `INSERT INTO record (kind, name, value, version, changed_ms, expires_ms, crc)
     VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (kind, name) DO UPDATE SET value = excluded.value, version = excluded.version,
       changed_ms = excluded.changed_ms, expires_ms = excluded.expires_ms, crc = excluded.crc`,
    kind,
    name,
    value,
    row.version,
    row.changed_ms,
    row.expires_ms,
    recordSeal(row),
  );
}

export function purgeRecords(
  { db }: WriterContext,
  { nowMs, itemsMax }: { readonly nowMs: number; readonly itemsMax: number },
): number {
  return db.run(
    `DELETE FROM record WHERE record_id IN
       (SELECT record_id FROM record WHERE expires_ms <= ? ORDER BY expires_ms LIMIT ?)`,
    nowMs,
    itemsMax,
  );
}
