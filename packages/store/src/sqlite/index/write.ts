/** The writer's part of the index: entries come and the mark moves in one transaction. */

import type { AccountId } from '../../ids.ts';
import type { Database } from '../database.ts';
import type { WriterContext } from '../writer/context.ts';
import { sealEntry, type EntryColumns, type Why } from './entry.ts';
import { accountIdEnd, contentIdEnd, entryOf } from './schema.ts';

export interface PackedEntry {
  readonly content: number;
  readonly why: Exclude<Why, 'redo'> | null;
  /** null: of a damaged body nothing is known. */
  readonly columns: EntryColumns | null;
  readonly crc: number;
  readonly threadRefs: readonly number[];
}

/** What was read of one account. */
export interface IndexBatch {
  readonly account: AccountId;
  readonly entries: readonly PackedEntry[];
  /**
   * Moves the mark, if it still stands where the reader saw it: somebody may want everything to be
   * read again.
   */
  readonly mark: { readonly from: number; readonly to: number };
}

export function writeIndex(context: WriterContext, batch: IndexBatch): null {
  const { db } = context;
  const { account, mark } = batch;
  if (context.accounts.find(account) === null) return null;
  for (const entry of batch.entries) {
    const content = db.get(
      'SELECT 1 FROM content WHERE account_id = ? AND content_id = ?',
      account,
      entry.content,
    );
    if (content !== undefined) writeEntry(db, account, entry); // else it was expunged meanwhile
  }
  if (mark.to > mark.from) moveMark(db, account, mark);
  return null;
}

function moveMark(db: Database, account: number, mark: IndexBatch['mark']): void {
  const moved = db.run(
    'UPDATE index_state SET next_content = ? WHERE account_id = ? AND next_content = ?',
    mark.to,
    account,
    mark.from,
  );
  if (moved > 0 || mark.from !== 1) return;
  db.run('INSERT OR IGNORE INTO index_state VALUES (?, ?)', account, mark.to);
}

function writeEntry(db: Database, account: number, entry: PackedEntry): void {
  const { content, columns } = entry;
  const isBeyond = account >= accountIdEnd || content >= contentIdEnd;
  noteException(db, account, { content, why: isBeyond ? 'beyond' : entry.why });
  if (isBeyond) return;
  if (columns === null) removeEntry(db, account, content);
  else putEntry(db, account, { ...entry, columns });
}

function noteException(
  db: Database,
  account: number,
  what: { readonly content: number; readonly why: Why | null },
): void {
  if (what.why === null) {
    db.run(
      'DELETE FROM index_exception WHERE account_id = ? AND content_id = ?',
      account,
      what.content,
    );
    return;
  }
  db.run(
    'INSERT OR REPLACE INTO index_exception VALUES (?, ?, ?)',
    account,
    what.content,
    what.why,
  );
}

const at = entryOf('?1', '?2');

/** Behind each text, so that a gram begins at its last characters too. */
const gramFill = '\n\n';

export function removeEntry(db: Database, account: number, content: number): void {
  db.run(`DELETE FROM content_grams WHERE rowid = ${at}`, account, content);
  for (const table of ['content_wire', 'content_head', 'content_text', 'content_index']) {
    db.run(`DELETE FROM ${table} WHERE entry_id = ${at}`, account, content);
  }
}

function putEntry(
  db: Database,
  account: number,
  entry: PackedEntry & { readonly columns: EntryColumns },
): void {
  const { content, columns } = entry;
  const thread = findThread(db, account, entry);
  db.run(
    `INSERT OR REPLACE INTO content_index (entry_id, crc, thread_id, sent_ms, sent_day, is_reply,
       subject, from_key, to_key, cc_key, display_from, display_to, message_id, refs, preview)
     VALUES (${at}, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)`,
    account,
    content,
    sealEntry(entry.crc, thread),
    thread,
    columns.sent_ms,
    columns.sent_day,
    columns.is_reply,
    columns.subject,
    columns.from_key,
    columns.to_key,
    columns.cc_key,
    columns.display_from,
    columns.display_to,
    columns.message_id,
    columns.refs,
    columns.preview,
  );
  db.run(
    `INSERT OR REPLACE INTO content_wire VALUES (${at}, ?3, ?4, ?5)`,
    account,
    content,
    columns.envelope,
    columns.structure,
    columns.plain_structure,
  );
  db.run(`INSERT OR REPLACE INTO content_head VALUES (${at}, ?3)`, account, content, columns.head);
  const { text_head: head, text_body: body } = columns;
  db.run(
    `INSERT OR REPLACE INTO content_text VALUES (${at}, ?3, ?4)`,
    account,
    content,
    head,
    body,
  );
  db.run(
    `INSERT OR REPLACE INTO content_grams (rowid, head, body)
     VALUES (${at}, CAST(?3 AS TEXT) || ?5, CAST(?4 AS TEXT) || ?5)`,
    account,
    content,
    head,
    body,
    gramFill,
  );
}

/**
 * The thread that one of its ids leads to, or that it has already, or a new one, which takes its
 * number from the content: those are never given twice. Whoever is read again finds the same: its
 * ids lead there since the first time.
 */
function findThread(db: Database, account: number, entry: PackedEntry): number {
  const { content, threadRefs } = entry;
  const thread = threadOfRefs(db, account, threadRefs) ?? threadOf(db, account, content) ?? content;
  for (const ref of threadRefs) {
    db.run('INSERT OR IGNORE INTO thread_ref VALUES (?, ?, ?)', account, ref, thread);
  }
  return thread;
}

function threadOfRefs(db: Database, account: number, refs: readonly number[]): number | null {
  for (const ref of refs) {
    const found = db.get<{ thread_id: number }>(
      'SELECT thread_id FROM thread_ref WHERE account_id = ? AND ref = ?',
      account,
      ref,
    );
    if (found !== undefined) return found.thread_id;
  }
  return null;
}

function threadOf(db: Database, account: number, content: number): number | null {
  const row = db.get<{ thread_id: number }>(
    `SELECT thread_id FROM content_index WHERE entry_id = ${at}`,
    account,
    content,
  );
  return row?.thread_id ?? null;
}

/** Everything is in the backlog again. Answers how many contents that are. */
export function reindex(context: WriterContext, account: AccountId | 'all'): number {
  const { db } = context;
  const only = account === 'all' ? null : account;
  db.run('DELETE FROM index_state WHERE ?1 IS NULL OR account_id = ?1', only);
  const sql = 'SELECT count(*) AS n FROM content WHERE ?1 IS NULL OR account_id = ?1';
  return db.get<{ n: number }>(sql, only)?.n ?? 0;
}

/** One content is in the backlog again; until then a search looks into its body. */
export function markForRedo(db: Database, account: number, content: number): void {
  noteException(db, account, { content, why: 'redo' });
}
