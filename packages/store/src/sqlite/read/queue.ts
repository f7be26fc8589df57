/** Reading the queue. */

import type { QueueFilter, QueueRow } from '../../contract.ts';
import type { Database } from '../database.ts';
import { queueCondition, queueJoin, queueRow, type QueueJoin } from '../queue-rows.ts';

export function listQueue(db: Database, filter: QueueFilter, limit: number): readonly QueueRow[] {
  const { sql, values } = queueCondition(filter);
  const rows = db.all<QueueJoin>(
    `${queueJoin} WHERE ${sql} ORDER BY q.queue_id LIMIT ?`,
    ...values,
    limit,
  );
  return rows.map(queueRow);
}

export function countQueue(db: Database): {
  waiting: number;
  held: number;
  oldestMs: number | null;
} {
  return db.snapshot(() => {
    const count = (sql: string) => db.get<{ count: number }>(sql)?.count ?? 0;
    const waiting = count('SELECT count(*) AS count FROM queue WHERE ready_ms IS NOT NULL');
    const all = count('SELECT count(*) AS count FROM queue');
    const oldest = db.get<{ at: number }>(
      'SELECT created_ms AS at FROM queue_message ORDER BY first_id LIMIT 1',
    );
    return { waiting, held: all - waiting, oldestMs: oldest?.at ?? null };
  });
}

/** Rows of skipped domains passed over before the others are asked domain by domain. */
const passedOverMax = 512;

/** When the earliest row of another domain is due or its lease ends. */
export function nextDue(db: Database, skipDomains: readonly string[]): number | null {
  const skipped = new Set(skipDomains);
  const rows = db.all<{ ready_ms: number; domain: string }>(
    'SELECT ready_ms, domain FROM queue WHERE ready_ms IS NOT NULL ORDER BY ready_ms LIMIT ?',
    skipped.size === 0 ? 1 : passedOverMax,
  );
  const first = rows.find((row) => !skipped.has(row.domain));
  if (first !== undefined || rows.length < passedOverMax) return first?.ready_ms ?? null;
  const earliest = db.get<{ ready_ms: number | null }>(
    `WITH RECURSIVE step (domain) AS (
       SELECT min(domain) FROM queue WHERE ready_ms IS NOT NULL
       UNION ALL
       SELECT (SELECT min(domain) FROM queue WHERE domain > step.domain AND ready_ms IS NOT NULL)
       FROM step WHERE step.domain IS NOT NULL
     )
     SELECT min((SELECT min(ready_ms) FROM queue q
       WHERE q.domain = step.domain AND ready_ms IS NOT NULL)) AS ready_ms
     FROM step WHERE domain NOT IN (SELECT value FROM json_each(?))`,
    JSON.stringify(skipDomains),
  );
  return earliest?.ready_ms ?? null;
}
