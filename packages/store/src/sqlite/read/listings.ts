/**
 * Light listings of mailboxes with very many messages. SQLite writes the numbers of a slice into
 * one text, which is read here: for a hundred thousand rows that takes 6 ms where making an object
 * of each takes 30. Between slices the event loop has its turn.
 */

import { setImmediate } from 'node:timers/promises';
import type { FlagRow, FlagTable, UidSlice } from '../../contract.ts';
import { flagBits } from '../../contract.ts';
import {
  contentId,
  emailId,
  journeyId,
  modSeq,
  uid,
  type AccountId,
  type MailboxId,
  type Uid,
} from '../../ids.ts';
import type { Database } from '../database.ts';
import { readKeywords } from '../mailbox-counters.ts';

export interface Box {
  readonly account: AccountId;
  readonly mailbox: MailboxId;
}

/** Rows of one column, or of three, that are read in about 3 ms. */
const columnSliceMax = 40_000;
const tableSliceMax = 15_000;
/** Rows looked at for one that is not there: about 3 ms. */
const searchSliceMax = 50_000;
/** Different sets of keywords in one table; `keywordSets` has 16 bits. */
const keywordSetsMax = 65_536;

const comma = 44;
const zero = 48;

interface Counters {
  readonly total: number;
  readonly unseen: number;
  readonly uidnext: number;
}

/** null: it is not there, or its account is being taken apart; messages of it may still be. */
export function countersOf(db: Database, box: Box): Counters | null {
  const row = db.get<Counters>(
    `SELECT total, unseen, uidnext FROM mailbox JOIN account a USING (account_id)
     WHERE account_id = ? AND mailbox_id = ? AND a.removing = 0`,
    box.account,
    box.mailbox,
  );
  return row ?? null;
}

/** Reads `1,22,333` into `into` from `at` on; answers where it ends. */
function readNumbers(text: string, into: Uint32Array | Uint8Array | Float64Array, at = 0): number {
  let next = at;
  let value = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === comma) {
      into[next] = value;
      next += 1;
      value = 0;
    } else value = value * 10 + code - zero;
  }
  into[next] = value;
  return next + 1;
}

export async function listUids(db: Database, box: Box): Promise<Uint32Array> {
  const counters = countersOf(db, box);
  if (counters === null) return new Uint32Array();
  let uids = new Uint32Array(counters.total);
  let count = 0;
  for (let after = 0; ;) {
    const slice = db.get<{ n: number; last: number; uids: string }>(
      `SELECT count(*) AS n, max(uid) AS last, group_concat(uid) AS uids FROM
         (SELECT uid FROM message WHERE account_id = ? AND mailbox_id = ? AND uid > ?
          ORDER BY uid LIMIT ?)`,
      box.account,
      box.mailbox,
      after,
      columnSliceMax,
    );
    if (slice === undefined || slice.n === 0) break;
    uids = withRoom(uids, count + slice.n);
    count = readNumbers(slice.uids, uids, count);
    after = slice.last;
    if (slice.n < columnSliceMax) break;
    await setImmediate();
  }
  return uids.length === count ? uids : uids.slice(0, count);
}

/** More may have come while others were read. */
function withRoom(numbers: Uint32Array<ArrayBuffer>, length: number): Uint32Array<ArrayBuffer> {
  if (length <= numbers.length) return numbers;
  const larger = new Uint32Array(Math.max(length, 2 * numbers.length));
  larger.set(numbers);
  return larger;
}

type FlagColumns = readonly [
  uid: number,
  modseq: number,
  flags: number,
  keywords: string | null,
  content: number,
  email: number,
  internalDateMs: number,
  savedMs: number,
  size: number,
  journey: number,
];

const flagColumns = `uid, modseq, flags, keywords, content_id, email_id,
  internal_date_ms, saved_ms, size, journey_id`;

function flagRow(row: FlagColumns): FlagRow {
  return {
    uid: uid(row[0]),
    modseq: modSeq(row[1]),
    flags: row[2],
    keywords: readKeywords(row[3]),
    content: contentId(row[4]),
    email: emailId(row[5]),
    internalDateMs: row[6],
    savedMs: row[7],
    size: row[8],
    journey: journeyId(row[9]),
  };
}

export function listFlagRows(db: Database, box: Box, slice: UidSlice): readonly FlagRow[] {
  if (countersOf(db, box) === null) return [];
  const rows = db.rows<FlagColumns>(
    `SELECT ${flagColumns} FROM message WHERE account_id = ? AND mailbox_id = ?
       AND uid BETWEEN ? AND ? ORDER BY uid LIMIT ?`,
    box.account,
    box.mailbox,
    slice.fromUid,
    slice.toUid,
    slice.limit,
  );
  return rows.map(flagRow);
}

/** Those of one mailbox that have changed, in the order of their modseq. */
export function listChangedRows(
  db: Database,
  box: Box,
  between: { readonly after: number; readonly upTo: number },
): readonly FlagRow[] {
  if (countersOf(db, box) === null) return [];
  const rows = db.rows<FlagColumns>(
    `SELECT ${flagColumns} FROM message WHERE account_id = ?1 AND mailbox_id = ?2
       AND modseq > ?3 AND modseq <= ?4 ORDER BY modseq, uid`,
    box.account,
    box.mailbox,
    between.after,
    between.upTo,
  );
  return rows.map(flagRow);
}

interface TableSlice {
  readonly n: number;
  readonly uids: string;
  readonly flags: string;
  readonly modseqs: string;
}

export async function readFlagTable(db: Database, box: Box, ask: UidSlice): Promise<FlagTable> {
  const parts: FlagTable[] = [];
  const sets = new Map<string | null, number>([[null, 0]]);
  let fromUid = ask.fromUid;
  for (let left = ask.limit; left > 0;) {
    const limit = Math.min(left, tableSliceMax);
    const part = db.snapshot(() =>
      readTablePart(db, box, { ask: { ...ask, fromUid, limit }, sets }),
    );
    parts.push(part);
    left -= part.uids.length;
    if (part.uids.length < limit) break;
    fromUid = uid((part.uids.at(-1) ?? 0) + 1);
    if (left > 0) await setImmediate();
  }
  return joined(parts, [...sets.keys()].map(readKeywords));
}

function readTablePart(
  db: Database,
  box: Box,
  { ask, sets }: { readonly ask: UidSlice; readonly sets: Map<string | null, number> },
): FlagTable {
  const slice =
    countersOf(db, box) === null
      ? undefined
      : db.get<TableSlice>(
          `SELECT count(*) AS n, coalesce(group_concat(uid), '') AS uids,
       group_concat(flags) AS flags, group_concat(modseq) AS modseqs FROM
       (SELECT uid, flags, modseq FROM message WHERE account_id = ? AND mailbox_id = ?
          AND uid BETWEEN ? AND ? ORDER BY uid LIMIT ?)`,
          box.account,
          box.mailbox,
          ask.fromUid,
          ask.toUid,
          ask.limit,
        );
  const count = slice?.n ?? 0;
  const uids = new Uint32Array(count);
  const flags = new Uint8Array(count);
  const modseqs = new Float64Array(count);
  const keywordSets = new Uint16Array(count);
  if (slice !== undefined && count > 0) {
    readNumbers(slice.uids, uids);
    readNumbers(slice.flags, flags);
    readNumbers(slice.modseqs, modseqs);
    const last = uids[count - 1] ?? 0;
    markKeywords(db, box, { fromUid: ask.fromUid, last, uids, keywordSets, sets });
  }
  return { uids, flags, modseqs, keywords: [], keywordSets };
}

/** Most messages have none: only the others are looked at. */
function markKeywords(
  db: Database,
  box: Box,
  part: {
    readonly fromUid: number;
    readonly last: number;
    readonly uids: Uint32Array;
    readonly keywordSets: Uint16Array;
    readonly sets: Map<string | null, number>;
  },
): void {
  const { sets, uids, keywordSets } = part;
  const rows = db.rows<readonly [uid: number, keywords: string]>(
    `SELECT uid, keywords FROM message WHERE account_id = ? AND mailbox_id = ?
       AND uid BETWEEN ? AND ? AND keywords IS NOT NULL ORDER BY uid`,
    box.account,
    box.mailbox,
    part.fromUid,
    part.last,
  );
  let index = 0;
  for (const [at, keywords] of rows) {
    while (uids[index] !== at) index += 1;
    let set = sets.get(keywords);
    if (set === undefined) {
      // More sets than 500 keywords in one mailbox ever make: not by honest hands.
      if (sets.size >= keywordSetsMax) throw new RangeError('too many sets of keywords');
      set = sets.size;
      sets.set(keywords, set);
    }
    keywordSets[index] = set;
  }
}

function joined(parts: readonly FlagTable[], keywords: readonly (readonly string[])[]): FlagTable {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return { ...only, keywords };
  const length = parts.reduce((sum, part) => sum + part.uids.length, 0);
  const table = {
    uids: new Uint32Array(length),
    flags: new Uint8Array(length),
    modseqs: new Float64Array(length),
    keywords,
    keywordSets: new Uint16Array(length),
  };
  let at = 0;
  for (const part of parts) {
    table.uids.set(part.uids, at);
    table.flags.set(part.flags, at);
    table.modseqs.set(part.modseqs, at);
    table.keywordSets.set(part.keywordSets, at);
    at += part.uids.length;
  }
  return table;
}

export async function findFirstUnseen(db: Database, box: Box): Promise<Uid | null> {
  const mailbox = countersOf(db, box);
  if (mailbox === null || mailbox.unseen === 0) return null;
  for (let from = 1; from < mailbox.uidnext; from += searchSliceMax) {
    const found = db.get<{ uid: number }>(
      `SELECT uid FROM message WHERE account_id = ? AND mailbox_id = ?
         AND uid BETWEEN ? AND ? AND flags & ? = 0 ORDER BY uid LIMIT 1`,
      box.account,
      box.mailbox,
      from,
      from + searchSliceMax - 1,
      flagBits.seen,
    );
    if (found !== undefined) return uid(found.uid);
    await setImmediate();
  }
  return null;
}
