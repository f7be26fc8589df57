/**
 * One search: window by window of a mailbox, first what the database answers, then what the bodies
 * say of those in doubt. Gives way between windows and bodies, so that several searches go on side
 * by side.
 */

import { setImmediate } from 'node:timers/promises';
import type { MailboxId } from '../../ids.ts';
import { searchLimits, type Found, type SearchQuery } from '../../search.ts';
import type { Database } from '../database.ts';
import { firstAtLeast, testOf } from './columnar.ts';
import type { Box, Columns } from './columns.ts';
import {
  compile,
  contentMask,
  dayMs,
  entryOfRow,
  fixed,
  fixedCount,
  isInDoubt,
  uidBounds,
  type Compiled,
} from './expression.ts';
import { answerLeaf, hasInHead } from './leaves.ts';
import { readColumns, type SearchRun } from './search-run.ts';
import { joinOfKeys, orderBy, sortFound } from './sort.ts';

/** Rows that are looked at in one statement: some ten milliseconds, without text. */
const windowMax = searchLimits.foundMax;

/**
 * What a connection needs before it can search. The columns say that they are integers: compared
 * with one that does, a column without a type is converted first, and its key is of no use.
 */
export function prepareSearches(db: Database): void {
  db.exec(`
    CREATE TEMP TABLE verdict (search INTEGER, content_id INTEGER, leaf INTEGER, verdict INTEGER,
      PRIMARY KEY (search, content_id, leaf)) WITHOUT ROWID;
    CREATE TEMP TABLE uid_range (search INTEGER, number INTEGER, first INTEGER, last INTEGER,
      PRIMARY KEY (search, number, first)) WITHOUT ROWID;
    CREATE TEMP TABLE found (search INTEGER, uid INTEGER, PRIMARY KEY (search, uid)) WITHOUT ROWID;
    CREATE TEMP TABLE fresh_key (search INTEGER, content_id INTEGER, sent_ms, subject, from_key,
      to_key, cc_key, display_from, display_to, PRIMARY KEY (search, content_id)) WITHOUT ROWID;
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

/** What was found, in two columns. */
interface Hits {
  readonly uids: readonly number[] | Uint32Array;
  readonly modseqs: readonly number[] | Float64Array;
}

async function* searchMailbox(
  run: SearchRun,
  query: SearchQuery,
  place: Place,
): AsyncGenerator<Found> {
  const { mailbox } = place;
  const limit = query.limit ?? Infinity;
  const isSorted = query.order !== undefined && query.order.length > 0;
  let count = 0;
  const inColumns = run.db.snapshot(() => hitsInColumns(run, query, place));
  const read = isSorted ? sortedHits : searchWindows;
  for await (const hits of inColumns === null ? read(run, query, place) : [inColumns]) {
    yield* slices(mailbox, hits, limit - count);
    count += hits.uids.length;
    if (count >= limit) break;
  }
  if (count === 0) yield { mailbox, uids: new Uint32Array(0), modseq: 0 as Found['modseq'] };
}

function* slices(mailbox: MailboxId, hits: Hits, limit: number): Generator<Found> {
  const end = Math.min(limit, hits.uids.length);
  for (let at = 0; at < end; at += searchLimits.foundMax) {
    const to = Math.min(end, at + searchLimits.foundMax);
    let modseq = 0;
    for (let index = at; index < to; index += 1) {
      modseq = Math.max(modseq, hits.modseqs[index] ?? 0);
    }
    const uids = new Uint32Array(hits.uids.slice(at, to));
    yield { mailbox, uids, modseq: modseq as Found['modseq'] };
  }
}

/** So few uids are asked of the database, where the columns are not at hand anyway. */
const fewUids = 1000;
/** An order of the whole mailbox is made for no less than every so many-th message of it. */
const orderedShareMin = 8;

/** Within a snapshot. null: the columns do not tell. */
function hitsInColumns(run: SearchRun, query: SearchQuery, place: Place): Hits | null {
  const box = { account: run.account, mailbox: place.mailbox };
  const { first, last } = uidBounds(query.criteria);
  if (place.compiled.leaves.some(({ kind }) => kind !== 'sent-day')) return null;
  if (last - first < fewUids && !run.columns.has(box)) return null;
  const columns = run.columns.columnsOf(box);
  const sentDays = () =>
    hasAllEntries(run, place)
      ? run.columns.derivedOf(box, 'sent days', () => readSentDays(run, box)).days
      : null;
  const test = columns === null ? null : testOf(query.criteria, columns, sentDays);
  if (columns === null || test === null) return null;
  const hits = placesWhere(columns.uids.length, test);
  const order = orderBy(query.order ?? []);
  if (query.order === undefined || query.order.length === 0) return hitsAt(columns, hits);
  if (!hasAllEntries(run, place)) return null;
  const isPart = hits.length * orderedShareMin < columns.uids.length;
  if (isPart && !run.columns.hasDerived(box, order)) return null;
  const { places } = run.columns.derivedOf(box, order, () =>
    readOrder(run, box, { order, columns }),
  );
  return hitsAt(
    columns,
    places.filter((at) => test(at)),
  );
}

/** Loops, here and below: iterators take ten times as long, and there may be a million. */
function placesWhere(length: number, test: (at: number) => boolean): Uint32Array {
  const places = new Uint32Array(length);
  let count = 0;
  for (let at = 0; at < length; at += 1) {
    if (test(at)) places[count++] = at;
  }
  return places.slice(0, count);
}

function hitsAt(columns: Columns, places: Uint32Array): Hits {
  const uids = new Uint32Array(places.length);
  const modseqs = new Float64Array(places.length);
  for (let index = 0; index < places.length; index += 1) {
    uids[index] = columns.uids[places[index]!]!;
    modseqs[index] = columns.modseqs[places[index]!]!;
  }
  return { uids, modseqs };
}

/** A message that names no day was sent when it arrived. RFC 5256 §2.2. */
function readSentDays(
  run: SearchRun,
  { account, mailbox }: Box,
): { readonly days: Int32Array; readonly octets: number } {
  const row = run.db.get<{ days: string }>(
    `SELECT json_group_array(day) AS days FROM
       (SELECT coalesce(i.sent_day, floor(m.internal_date_ms / ${dayMs}.0)) AS day
        FROM message m LEFT JOIN content_index i ON i.entry_id = ${entryOfRow}
        WHERE m.account_id = ? AND m.mailbox_id = ? ORDER BY m.uid)`,
    account,
    mailbox,
  );
  if (row === undefined) throw new Error('an aggregate without a row');
  const days = new Int32Array(JSON.parse(row.days) as number[]);
  return { days, octets: days.byteLength };
}

/** Where in the columns the messages are, in this order. */
function readOrder(
  run: SearchRun,
  { account, mailbox }: Box,
  { order, columns }: { readonly order: string; readonly columns: Columns },
): { readonly places: Uint32Array; readonly octets: number } {
  const row = run.db.get<{ uids: string }>(
    `SELECT json_group_array(uid) AS uids FROM (SELECT m.uid FROM message m ${joinOfKeys(order)}
       WHERE m.account_id = ? AND m.mailbox_id = ? ORDER BY ${order})`,
    account,
    mailbox,
  );
  if (row === undefined) throw new Error('an aggregate without a row');
  const uids = JSON.parse(row.uids) as number[];
  const places = Uint32Array.from(uids, (uid) => firstAtLeast(columns.uids, uid));
  return { places, octets: places.byteLength };
}

async function* sortedHits(run: SearchRun, query: SearchQuery, place: Place): AsyncGenerator<Hits> {
  const order = query.order ?? [];
  const { first, last } = uidBounds(query.criteria);
  // Where everything has its keys, the database sorts by itself, in one go.
  const whole = run.db.snapshot(() => {
    if (!hasAllEntries(run, place)) return null;
    const window = {
      afterUid: first - 1,
      lastUid: last,
      firstContent: 0,
      lastContent: contentMask,
    };
    return readHits(run, place, window, orderBy(order));
  });
  if (whole !== null) {
    yield whole;
    return;
  }
  const uids: number[] = [];
  const modseqs = new Map<number, number>();
  for await (const hits of searchWindows(run, query, place)) {
    hits.uids.forEach((uid, index) => {
      uids.push(uid);
      modseqs.set(uid, hits.modseqs[index] ?? 0);
    });
  }
  const sorted = await sortFound(run, place.mailbox, uids, order);
  yield { uids: sorted, modseqs: sorted.map((uid) => modseqs.get(uid) ?? 0) };
}

/** What is too long has its entry too, but not all of its text. */
function hasAllEntries({ db, account }: SearchRun, { compiled }: Place): boolean {
  const row = db.get<{ isWhole: number }>(
    `SELECT NOT EXISTS (SELECT 1 FROM content WHERE account_id = ?1 AND content_id >=
       (SELECT coalesce((SELECT next_content FROM index_state WHERE account_id = ?1), 1)))
     AND NOT EXISTS (SELECT 1 FROM index_exception WHERE account_id = ?1
       AND (?2 OR why <> 'long')) AS isWhole`,
    account,
    compiled.leaves.length > 0 ? 1 : 0,
  );
  return row?.isWhole === 1;
}

/** Ascending by uid. */
async function* searchWindows(
  run: SearchRun,
  query: SearchQuery,
  place: Place,
): AsyncGenerator<Hits> {
  const { first, last } = uidBounds(query.criteria);
  let afterUid = first - 1;
  for (;;) {
    const window = run.isWanted() ? readWindow(run, place, { afterUid, last }) : null;
    if (window === null) return;
    yield place.compiled.leaves.length === 0
      ? readHits(run, place, window, 'm.uid')
      : await readAndSettle(run, place, window);
    afterUid = window.lastUid;
    await setImmediate();
  }
}

async function readAndSettle(run: SearchRun, place: Place, window: Window): Promise<Hits> {
  const rows = readRows(run, place, window);
  const doubtful = rows.filter(([, , , isSure]) => isSure === 0);
  const found = doubtful.length === 0 ? rows : await settle(run, place, { window, rows, doubtful });
  return { uids: found.map(([uid]) => uid), modseqs: found.map(([, , modseq]) => modseq) };
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
  const { uid: lastUid, low: firstContent } = row;
  // Beyond that nothing has an entry.
  const lastContent = Math.min(row.high, contentMask);
  return { afterUid: range.afterUid, lastUid, firstContent, lastContent };
}

function fromWindow(join: string): string {
  return `FROM message m ${join}
    WHERE m.account_id = ${fixed.account} AND m.mailbox_id = ${fixed.mailbox}
      AND m.uid > ${fixed.afterUid} AND m.uid <= ${fixed.lastUid}
      AND m.content_id >= ${fixed.firstContent} AND ${fixed.lastContent} > 0
      AND ${fixed.search} > 0`;
}

function ask(
  run: SearchRun,
  place: Place,
  what: { readonly window: Window; readonly sql: string; readonly more?: readonly string[] },
): readonly unknown[] {
  const { afterUid, lastUid, firstContent, lastContent } = what.window;
  // Not kept: hardly two searches have the same text.
  const statement = run.db.raw.prepare(what.sql);
  statement.setReturnArrays(true);
  return statement.all(
    run.account,
    place.mailbox,
    run.number,
    afterUid,
    lastUid,
    firstContent,
    lastContent,
    ...place.compiled.values,
    ...(what.more ?? []),
  );
}

/** Where nothing is in doubt. Two columns as JSON are several times faster than rows. */
function readHits(run: SearchRun, place: Place, window: Window, order: string): Hits {
  const sql = `SELECT json_group_array(uid), json_group_array(modseq)
    FROM (SELECT m.uid, m.modseq ${fromWindow(joinOfKeys(order))} AND ${place.compiled.surely}
      ORDER BY ${order})`;
  const [row] = ask(run, place, { window, sql }) as readonly (readonly [string, string])[];
  if (row === undefined) throw new Error('an aggregate without a row');
  return { uids: JSON.parse(row[0]) as number[], modseqs: JSON.parse(row[1]) as number[] };
}

/** Those that are found and those that may be. `only`: of these uids, as JSON. */
function readRows(run: SearchRun, place: Place, window: Window, only?: string): Row[] {
  const { mayBe, surely, values } = place.compiled;
  const isSure = `CASE WHEN ${isInDoubt} THEN ${surely} ELSE 1 END`;
  const uids = `m.uid IN (SELECT value FROM json_each(?${fixedCount + values.length + 1}))`;
  const sql = `SELECT m.uid, m.content_id, m.modseq, ${isSure} ${fromWindow('')}
    AND ${only === undefined ? '1' : uids} AND ${mayBe} ORDER BY m.uid`;
  const more = only === undefined ? [] : [only];
  return ask(run, place, { window, sql, more }) as Row[];
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
