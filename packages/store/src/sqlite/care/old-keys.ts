/**
 * Append keys make a delivery happen once; after a week no sender comes back with one. They have no
 * index by time, which would cost every delivery a page: they are walked through now and then.
 */

import type { Database } from '../database.ts';
import type { KeyCursor } from './tasks.ts';

const rowsMax = 2000;

interface KeyColumns {
  readonly account_id: number;
  readonly key: string;
  readonly at_ms: number;
}

export function readOldKeys(
  db: Database,
  wanted: { readonly beforeMs: number; readonly after: KeyCursor },
): { keys: readonly (number | string)[]; after: KeyCursor | null } {
  const rows = db.all<KeyColumns>(
    `SELECT account_id, key, at_ms FROM append_key WHERE (account_id, key) > (?, ?)
     ORDER BY account_id, key LIMIT ?`,
    ...wanted.after,
    rowsMax,
  );
  const old = rows.filter((row) => row.at_ms < wanted.beforeMs);
  const last = rows.at(-1);
  return {
    keys: old.flatMap((row) => [row.account_id, row.key]),
    after: last === undefined || rows.length < rowsMax ? null : [last.account_id, last.key],
  };
}
