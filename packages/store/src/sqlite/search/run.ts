/**
 * One search: window by window of a mailbox, first what the database answers, then what the bodies
 * say of those in doubt. Gives way between windows and bodies, so that several searches go on side
 * by side.
 */

import { setImmediate } from 'node:timers/promises';
import type { MailboxId } from '../../ids.ts';
import { searchLimits, type Found, type SearchQuery } from '../../search.ts';
import type { Database } from '../database.ts';
import { compile, fixed, isInDoubt, uidBounds, type Compiled } from './expression.ts';
import { answerLeaf, hasInHead } from './leaves.ts';
import { readColumns, type SearchRun } from './search-run.ts';
import { sortFound } from './sort.ts';

/** Rows that are looked at in one statement: some ten milliseconds, without text. */
const windowMax = 25_000;

/** What a connection needs before it can search. */
export function prepareSearches(db: Database): void {
  db.exec(`
    CREATE TEMP TABLE verdict (search, content_id, leaf, verdict,
      PRIMARY KEY (search, content_id, leaf)) WITHOUT ROWID;
    CREATE TEMP TABLE uid_range (search, number, first, last,
      PRIMARY KEY (search, number, first)) WITHOUT ROWID;
    CREATE TEMP TABLE found (search, uid, PRIMARY KEY (search, uid)) WITHOUT ROWID;
    CREATE TEMP TABLE fresh_key (search, content_id, sent_ms, subject, from_key, to_key, cc_key,
      display_from, display_to, PRIMARY KEY (search, content_id)) WITHOUT ROWID;
  `);
  // All grams there are: how a text of one or two characters is found.
  db.exec("CREATE VIRTUAL TABLE temp.gram USING fts5vocab('main', 'content_grams', 'row')");
  db.raw.function('has_in_head', { deterministic: true }, (head, name, text) =>
    head instanceof Uint8Array && hasInHead(head, String(name), String(text)) ? 1 : 0,
  );
}

/** uid, content, modseq, and 0 when it is in doubt. */
type Row = readonly [uid: number, content: number, modseq: number, isSure: number];

/** Answers in slices, mailbox by mailbox. */
export async function* runSearch(run: SearchRun, query: SearchQuery): AsyncGenerator<Found> {
  const compiled = compile(query.criteria);
  try {
    putRanges(run, compiled);
    for (const mailbox of query.mailboxes) yield* searchMailbox(run, query, { compiled, mailbox });
  } finally {
    for (const table of ['verdict', 'uid_range', 'found', 'fresh_key']) {
      run.db.run(`DELETE FROM temp.${table} WHERE search = ?`, run.number);
    }
  }
}

function putRanges(run: SearchRun, { rangeSets }: Compiled): void {
  rangeSets.forEach((ranges, number) => {
    run.db.run(
      `INSERT INTO temp.uid_range
       SELECT ?, ?, value ->> 0, value ->> 1 FROM json_each(?)`,
      run.number,
      number,
      JSON.stringify(ranges.map(({ from, to }) => [from, to])),
    );
  });
}

interface Place {
  readonly compiled: Compiled;
  readonly mailbox: MailboxId;
}

async function* searchMailbox(
  run: SearchRun,
  query: SearchQuery,
  place: Place,
): AsyncGenerator<Found> {
  const { mailbox } = place;
  const limit = query.limit ?? Infinity;
  const order = query.order ?? [];
  const isSorted = order.length > 0;
  const all: Row[] = [];
  let count = 0;
  for await (const rows of searchWindows(run, query, place)) {
    if (isSorted) all.push(...rows);
    else yield* slices(mailbox, rows.slice(0, limit - count));
    count += rows.length;
    if (!isSorted && count >= limit) break;
  }
  if (isSorted) yield* slices(mailbox, (await sortFound(run, mailbox, all, order)).slice(0, limit));
  if (count === 0) yield { mailbox, uids: new Uint32Array(0), modseq: 0 as Found['modseq'] };
}

function* slices(mailbox: MailboxId, rows: readonly Row[]): Generator<Found> {
  for (let at = 0; at < rows.length; at += searchLimits.foundMax) {
    const slice = rows.slice(at, at + searchLimits.foundMax);
    let modseq = 0;
    for (const row of slice) modseq = Math.max(modseq, row[2]);
    yield {
      mailbox,
      uids: Uint32Array.from(slice, (row) => row[0]),
      modseq: modseq as Found['modseq'],
    };
  }
}

/** Ascending by uid. */
async function* searchWindows(
  run: SearchRun,
  query: SearchQuery,
  place: Place,
): AsyncGenerator<readonly Row[]> {
  const { first, last } = uidBounds(query.criteria);
  let afterUid = first - 1;
  for (;;) {
    const window = run.isWanted() ? readWindow(run, place, { afterUid, last }) : null;
    if (window === null) return;
    const rows = readRows(run, place, window);
    const doubtful = rows.filter(([, , , isSure]) => isSure === 0);
    yield doubtful.length === 0 ? rows : await settle(run, place, { window, rows, doubtful });
    afterUid = window.lastUid;
    await setImmediate();
  }
}

interface Window {
  readonly afterUid: number;
  readonly lastUid: number;
  readonly firstContent: number;
  readonly lastContent: number;
}

/** The next rows of the mailbox; null when there are none. */
function readWindow(
  run: SearchRun,
  { mailbox }: Place,
  range: { readonly afterUid: number; readonly last: number },
): Window | null {
  const row = run.db.get<{ uid: number | null; low: number; high: number }>(
    `SELECT max(uid) AS uid, min(content_id) AS low, max(content_id) AS high
     FROM (SELECT uid, content_id FROM message
       WHERE account_id = ? AND mailbox_id = ? AND uid > ? AND uid <= ? ORDER BY uid LIMIT ?)`,
    run.account,
    mailbox,
    range.afterUid,
    range.last,
    windowMax,
  );
  if (row === undefined || row.uid === null) return null;
  const { uid: lastUid, low: firstContent, high: lastContent } = row;
  return { afterUid: range.afterUid, lastUid, firstContent, lastContent };
}

/** Those that are found and those that may be. `only`: of these uids, as JSON. */
function readRows(run: SearchRun, place: Place, window: Window, only?: string): Row[] {
  const { mayBe, surely, values, leaves } = place.compiled;
  const isSure = leaves.length === 0 ? '1' : `CASE WHEN ${isInDoubt} THEN ${surely} ELSE 1 END`;
  const among =
    only === undefined
      ? ''
      : `AND m.uid IN (SELECT value FROM json_each(?${7 + values.length + 1}))`;
  const sql = `SELECT m.uid, m.content_id, m.modseq, ${isSure} FROM message m
    WHERE m.account_id = ${fixed.account} AND m.mailbox_id = ${fixed.mailbox}
      AND m.uid > ${fixed.afterUid} AND m.uid <= ${fixed.lastUid} ${among}
      AND m.content_id BETWEEN ${fixed.firstContent} AND ${fixed.lastContent}
      AND ${fixed.search} > 0 AND ${mayBe}
    ORDER BY m.uid`;
  // Not kept: hardly two searches have the same text.
  const statement = run.db.raw.prepare(sql);
  statement.setReturnArrays(true);
  const { afterUid, lastUid, firstContent, lastContent } = window;
  const parameters = [
    run.account,
    place.mailbox,
    run.number,
    afterUid,
    lastUid,
    firstContent,
    lastContent,
    ...values,
  ];
  if (only !== undefined) parameters.push(only);
  return statement.all(...parameters) as unknown as Row[];
}

/** Looks into the bodies of those in doubt, and keeps of the rows what is found. */
async function settle(
  run: SearchRun,
  place: Place,
  what: {
    readonly window: Window;
    readonly rows: readonly Row[];
    readonly doubtful: readonly Row[];
  },
): Promise<readonly Row[]> {
  for (const [, content] of what.doubtful) {
    if (!run.isWanted()) return [];
    await judge(run, place.compiled, content);
  }
  const only = JSON.stringify(what.doubtful.map(([uid]) => uid));
  const sure = readRows(run, place, what.window, only).filter((row) => row[3] !== 0);
  const isSure = new Set(sure.map(([uid]) => uid));
  return what.rows.filter((row) => row[3] !== 0 || isSure.has(row[0]));
}

/** Reads a body, and notes what each leaf says of it. */
async function judge(run: SearchRun, { leaves }: Compiled, content: number): Promise<void> {
  const known = run.db.get(
    'SELECT 1 FROM temp.verdict WHERE search = ? AND content_id = ? LIMIT 1',
    run.number,
    content,
  );
  if (known !== undefined) return;
  const columns = await readColumns(run, content);
  leaves.forEach((leaf, index) => {
    run.db.run(
      'INSERT OR REPLACE INTO temp.verdict VALUES (?, ?, ?, ?)',
      run.number,
      content,
      index,
      answerLeaf(leaf, columns),
    );
  });
}
