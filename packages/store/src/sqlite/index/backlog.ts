/** Which contents wait to be read: those behind the mark, and those to be read again. */

import type { AccountId, ContentId } from '../../ids.ts';
import { contentId } from '../../ids.ts';
import type { Database } from '../database.ts';

export interface Backlog {
  readonly contents: readonly ContentId[];
  /** Where the mark is, and where it may move when all of these are done. */
  readonly mark: { readonly from: number; readonly to: number };
}

/** At most so many contents of one account; none: nothing waits. */
export function readBacklog(db: Database, account: AccountId, limit: number): Backlog {
  return db.snapshot(() => {
    const state = db.get<{ next_content: number }>(
      `SELECT coalesce(s.next_content, 1) AS next_content
       FROM account a LEFT JOIN index_state s USING (account_id)
       WHERE a.account_id = ? AND a.removing = 0`,
      account,
    );
    if (state === undefined) return { contents: [], mark: { from: 1, to: 1 } };
    const from = state.next_content;
    const again = db.all<{ content_id: number }>(
      `SELECT content_id FROM index_exception
       WHERE account_id = ? AND content_id < ? AND why = 'redo' LIMIT ?`,
      account,
      from,
      limit,
    );
    const fresh = db.all<{ content_id: number }>(
      'SELECT content_id FROM content WHERE account_id = ? AND content_id >= ? ORDER BY 1 LIMIT ?',
      account,
      from,
      limit - again.length,
    );
    const to = (fresh.at(-1)?.content_id ?? from - 1) + 1;
    const contents = [...again, ...fresh].map((row) => contentId(row.content_id));
    return { contents, mark: { from, to } };
  });
}

/** How many contents wait. */
export function countBacklog(db: Database, account: AccountId | 'all'): number {
  const row = db.get<{ n: number }>(
    `SELECT sum((SELECT count(*) FROM content c WHERE c.account_id = a.account_id
         AND c.content_id >= coalesce(s.next_content, 1))
       + (SELECT count(*) FROM index_exception e WHERE e.account_id = a.account_id
         AND e.content_id < coalesce(s.next_content, 1) AND e.why = 'redo')) AS n
     FROM account a LEFT JOIN index_state s USING (account_id)
     WHERE a.removing = 0 AND (?1 IS NULL OR a.account_id = ?1)`,
    account === 'all' ? null : account,
  );
  return row?.n ?? 0;
}

/** Accounts that may have something waiting. */
export function accountsBehind(db: Database): readonly AccountId[] {
  const rows = db.all<{ account_id: number }>(
    `SELECT a.account_id FROM account a LEFT JOIN index_state s USING (account_id)
     WHERE a.removing = 0 AND a.next_content > coalesce(s.next_content, 1)
     UNION SELECT account_id FROM index_exception WHERE why = 'redo'`,
  );
  return rows.map((row) => row.account_id as AccountId);
}
