/**
 * Do the tables look as our migrations make them? A flipped bit in the text of a table renames a
 * column, and rows are then read without it: SQLite has no objection.
 */

import { openInMemory, type Database } from '../database.ts';
import { migrations } from '../schema.ts';
import type { CheckContext } from './check.ts';

export function checkSchema({ db, findings }: CheckContext): void {
  const there = readSchema(db);
  const wanted = schemaAsMade();
  for (const name of new Set([...wanted.keys(), ...there.keys()])) {
    if (there.get(name) === wanted.get(name)) continue;
    findings.add({
      severity: 'error',
      code: 'schema.changed',
      where: name,
      message: wanted.has(name) ? 'its definition is not ours' : 'nobody of ours has made it',
      mendable: false,
    });
  }
}

function schemaAsMade(): ReadonlyMap<string, string> {
  const db = openInMemory();
  try {
    for (const migration of migrations) {
      db.exec(migration.sql);
      migration.after?.(db);
    }
    return readSchema(db);
  } finally {
    db.close();
  }
}

/** ANALYZE makes tables of SQLite's own. */
function readSchema(db: Database): ReadonlyMap<string, string> {
  const rows = db.all<{ name: string; type: string; on: string; sql: string | null }>(
    `SELECT name, type, tbl_name AS "on", sql FROM sqlite_schema
     WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'`,
  );
  return new Map(rows.map(({ name, type, on, sql }) => [name, `${type} ${on}: ${sql}`]));
}
