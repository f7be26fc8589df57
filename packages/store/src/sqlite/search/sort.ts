/** The order of what was found, by keys of the index. RFC 5256 §3; RFC 5957 §3. */

import type { MailboxId } from '../../ids.ts';
import type { SortKey } from '../../search.ts';
import { entryOfRow } from './expression.ts';
import { readColumns, type SearchRun } from './search-run.ts';

/** Texts are compared octet by octet: they have their canonical form already. */
const columnOf: Readonly<Record<SortKey['by'], string>> = {
  arrival: 'm.internal_date_ms',
  size: 'm.size',
  date: 'coalesce(i.sent_ms, m.internal_date_ms)',
  cc: 'i.cc_key',
  from: 'i.from_key',
  subject: 'i.subject',
  to: 'i.to_key',
  displayfrom: 'i.display_from',
  displayto: 'i.display_to',
};

/** For messages that all have an entry. Equals stand by uid. */
export function orderBy(order: readonly SortKey[]): string {
  const keys = order.map(({ by, reverse }) => `${columnOf[by]} ${reverse ? 'DESC' : 'ASC'}`);
  return [...keys, 'm.uid'].join(', ');
}

/** What an order needs besides the messages. */
export function joinOfKeys(order: string): string {
  return order.includes('i.') ? `LEFT JOIN content_index i ON i.entry_id = ${entryOfRow}` : '';
}

/** From the entry, or from what was read for this search alone; without both a text is empty. */
function orderByEither(order: readonly SortKey[]): string {
  return orderBy(order).replaceAll(/\bi\.(\w+)/gu, (_, column: string) =>
    column === 'sent_ms'
      ? 'coalesce(i.sent_ms, f.sent_ms)'
      : `coalesce(i.${column}, f.${column}, '')`,
  );
}

const joins = `
  JOIN message m ON m.account_id = ?1 AND m.mailbox_id = ?2 AND m.uid = d.uid
  LEFT JOIN content_index i ON i.entry_id = ${entryOfRow}`;

/** Those that were expunged meanwhile are left out. */
export async function sortFound(
  run: SearchRun,
  mailbox: MailboxId,
  uids: readonly number[],
  order: readonly SortKey[],
): Promise<readonly number[]> {
  const { db, account, number } = run;
  db.run('DELETE FROM temp.found WHERE search = ?', number);
  db.run('INSERT INTO temp.found SELECT ?, value FROM json_each(?)', number, JSON.stringify(uids));
  await readMissingKeys(run, mailbox);
  const sorted = db.all<{ uid: number }>(
    `SELECT d.uid FROM temp.found d ${joins}
     LEFT JOIN temp.fresh_key f ON f.search = ?3 AND f.content_id = m.content_id
     WHERE d.search = ?3 ORDER BY ${orderByEither(order)}`,
    account,
    mailbox,
    number,
  );
  return sorted.map(({ uid }) => uid);
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
