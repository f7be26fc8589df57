/** The order of what was found, by keys of the index. RFC 5256 §3; RFC 5957 §3. */

import type { MailboxId } from '../../ids.ts';
import type { SortKey } from '../../search.ts';
import { entryOfRow } from './expression.ts';
import { readColumns, type SearchRun } from './search-run.ts';

/** Texts are compared octet by octet: they have their canonical form already. */
const columnOf: Readonly<Record<SortKey['by'], string>> = {
  arrival: 'm.internal_date_ms',
  size: 'm.size',
  date: 'coalesce(iif(i.entry_id IS NULL, f.sent_ms, i.sent_ms), m.internal_date_ms)',
  cc: "coalesce(i.cc_key, f.cc_key, '')",
  from: "coalesce(i.from_key, f.from_key, '')",
  subject: "coalesce(i.subject, f.subject, '')",
  to: "coalesce(i.to_key, f.to_key, '')",
  displayfrom: "coalesce(i.display_from, f.display_from, '')",
  displayto: "coalesce(i.display_to, f.display_to, '')",
};

const joins = `
  JOIN message m ON m.account_id = ?1 AND m.mailbox_id = ?2 AND m.uid = d.uid
  LEFT JOIN content_index i ON i.entry_id = ${entryOfRow}`;

/** Rows begin with their uid. Those that were expunged meanwhile are left out. */
export async function sortFound<R extends readonly [uid: number, ...rest: unknown[]]>(
  run: SearchRun,
  mailbox: MailboxId,
  rows: readonly R[],
  order: readonly SortKey[],
): Promise<readonly R[]> {
  const { db, account, number } = run;
  db.run('DELETE FROM temp.found WHERE search = ?', number);
  db.run(
    'INSERT INTO temp.found SELECT ?, value FROM json_each(?)',
    number,
    JSON.stringify(rows.map(([uid]) => uid)),
  );
  await readMissingKeys(run, mailbox);
  const keys = order.map(({ by, reverse }) => `${columnOf[by]} ${reverse ? 'DESC' : 'ASC'}`);
  const sorted = db.all<{ uid: number }>(
    `SELECT d.uid FROM temp.found d ${joins}
     LEFT JOIN temp.fresh_key f ON f.search = ?3 AND f.content_id = m.content_id
     WHERE d.search = ?3 ORDER BY ${[...keys, 'd.uid'].join(', ')}`,
    account,
    mailbox,
    number,
  );
  const byUid = new Map(rows.map((row) => [row[0], row] as const));
  return sorted.flatMap(({ uid }) => {
    const row = byUid.get(uid);
    return row === undefined ? [] : [row];
  });
}

/** Of contents that have no entry yet. */
async function readMissingKeys(run: SearchRun, mailbox: MailboxId): Promise<void> {
  const { db, account, number } = run;
  const missing = db.all<{ content_id: number }>(
    `SELECT DISTINCT m.content_id FROM temp.found d ${joins}
     WHERE d.search = ?3 AND i.entry_id IS NULL
       AND m.content_id NOT IN (SELECT content_id FROM temp.fresh_key WHERE search = ?3)`,
    account,
    mailbox,
    number,
  );
  for (const { content_id: content } of missing) {
    const keys = await readColumns(run, content);
    if (keys === null) continue;
    db.run(
      'INSERT OR REPLACE INTO temp.fresh_key VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
      number,
      content,
      keys.sent_ms,
      keys.subject,
      keys.from_key,
      keys.to_key,
      keys.cc_key,
      keys.display_from,
      keys.display_to,
    );
  }
}
