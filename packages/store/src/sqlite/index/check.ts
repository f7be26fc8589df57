/**
 * The deep check of the index, and its mending. What is not there yet is a backlog and no error;
 * what is there must be what was read, and everything below the mark must be there.
 */

import type { CheckContext } from '../care/check.ts';
import type { Database } from '../database.ts';
import { entryCrc, sealEntry, type EntryColumns } from './entry.ts';
import { contentBits, entryOf } from './schema.ts';
import { markForRedo, removeEntry } from './write.ts';

interface BrokenEntry {
  readonly code: 'index.crc' | 'index.missing' | 'index.orphan' | 'index.mark';
  readonly account: number;
  readonly content: number;
  readonly message: string;
}

const account = `(i.entry_id >> ${contentBits})`;
const content = `(i.entry_id & ${2 ** contentBits - 1})`;

export function checkIndex({ db, findings, onProgress }: CheckContext): void {
  const total = db.get<{ n: number }>('SELECT count(*) AS n FROM content_index')?.n ?? 0;
  onProgress({ what: 'index', done: 0, total });
  for (const broken of brokenEntries(db)) {
    findings.add({
      severity: 'error',
      code: broken.code,
      where: `${broken.account}/${broken.content}`,
      message: broken.message,
      mendable: true,
    });
  }
  onProgress({ what: 'index', done: total, total });
}

/** All of it is read again from the bodies, by and by; until then searches look into those. */
export function mendIndex(db: Database): void {
  for (const broken of Array.from(brokenEntries(db))) {
    const { code } = broken;
    if (code === 'index.orphan') removeEntry(db, broken.account, broken.content);
    else if (code === 'index.mark') {
      db.run('DELETE FROM index_state WHERE account_id = ?', broken.account);
    } else markForRedo(db, broken.account, broken.content);
  }
}

function* brokenEntries(db: Database): Generator<BrokenEntry> {
  yield* brokenMarks(db);
  yield* missingEntries(db);
  yield* orphans(db);
  yield* rottenEntries(db);
}

type At = Pick<BrokenEntry, 'account' | 'content'>;

function* brokenMarks(db: Database): Generator<BrokenEntry> {
  const rows = db.all<At>(
    `SELECT s.account_id AS account, s.next_content AS content FROM index_state s
     LEFT JOIN account a USING (account_id)
     WHERE a.account_id IS NULL OR s.next_content > a.next_content`,
  );
  const message = 'the mark is behind everything that was ever stored';
  for (const row of rows) yield { code: 'index.mark', ...row, message };
}

/** Below the mark without an entry, or with a part of one. */
function* missingEntries(db: Database): Generator<BrokenEntry> {
  const entry = entryOf('c.account_id', 'c.content_id');
  const rows = db.all<At>(
    `SELECT c.account_id AS account, c.content_id AS content
     FROM content c JOIN index_state s USING (account_id)
     LEFT JOIN index_exception e USING (account_id, content_id)
     LEFT JOIN content_index i ON i.entry_id = ${entry}
     LEFT JOIN content_wire w ON w.entry_id = i.entry_id
     LEFT JOIN content_head h ON h.entry_id = i.entry_id
     LEFT JOIN content_text t ON t.entry_id = i.entry_id
     LEFT JOIN content_grams_docsize g ON g.id = i.entry_id
     WHERE c.content_id < s.next_content
       AND (e.why IS NULL OR e.why = 'long')
       AND (i.entry_id IS NULL OR w.entry_id IS NULL OR h.entry_id IS NULL
         OR t.entry_id IS NULL OR g.id IS NULL)`,
  );
  const message = 'a part of its entry is missing';
  for (const row of rows) yield { code: 'index.missing', ...row, message };
}

function* orphans(db: Database): Generator<BrokenEntry> {
  const rows = db.all<At>(
    `SELECT ${account} AS account, ${content} AS content FROM
       (SELECT entry_id FROM content_index UNION SELECT entry_id FROM content_wire
        UNION SELECT entry_id FROM content_head UNION SELECT entry_id FROM content_text
        UNION SELECT id FROM content_grams_docsize) i
     LEFT JOIN content c ON c.account_id = ${account} AND c.content_id = ${content}
     WHERE c.content_id IS NULL`,
  );
  const message = 'an entry of no content';
  for (const row of rows) yield { code: 'index.orphan', ...row, message };
}

/** Without entry_id, which may be larger than a number can tell. */
const columns = `i.crc, i.thread_id, i.sent_ms, i.sent_day, i.is_reply, i.subject, i.from_key,
  i.to_key, i.cc_key, i.display_from, i.display_to, i.message_id, i.refs, i.preview`;

type EntryRow = EntryColumns & At & { readonly crc: number; readonly thread_id: number };

function* rottenEntries(db: Database): Generator<BrokenEntry> {
  const rows = db
    .statement(
      `SELECT ${columns}, ${account} AS account, ${content} AS content, w.envelope, w.structure,
         w.plain_structure, h.head, t.head AS text_head, t.body AS text_body
       FROM content_index i JOIN content_wire w USING (entry_id)
       JOIN content_head h USING (entry_id) JOIN content_text t USING (entry_id)
       WHERE NOT EXISTS (SELECT 1 FROM index_exception e
         WHERE e.account_id = ${account} AND e.content_id = ${content} AND e.why = 'redo')`,
    )
    .iterate();
  for (const raw of rows) {
    const row = raw as unknown as EntryRow;
    if (sealEntry(entryCrc(row), row.thread_id) === row.crc) continue;
    const message = 'what was read of it has changed';
    yield { code: 'index.crc', account: row.account, content: row.content, message };
  }
}
