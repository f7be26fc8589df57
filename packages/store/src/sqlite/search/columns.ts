/**
 * Mailboxes that were searched, column by column in memory: whoever asks for unseen messages, an
 * order or conversations asks again soon, and an array of a hundred thousand flags is looked
 * through in a tenth of a millisecond. They are brought up to date by the modseq before each use,
 * and checked against what the mailbox counts.
 */

import type { AccountId, MailboxId } from '../../ids.ts';
import { flagBits } from '../../contract.ts';
import type { Database } from '../database.ts';

/** All arrays have the same length; uids ascend. */
export interface Columns {
  readonly uids: Uint32Array;
  readonly flags: Uint8Array;
  readonly modseqs: Float64Array;
}

export interface Box {
  readonly account: AccountId;
  readonly mailbox: MailboxId;
}

/** What can be told from the messages that are there, made once and kept as long as they stay. */
export interface Derived {
  readonly octets: number;
}

interface MailboxState {
  readonly uidvalidity: number;
  readonly modseq: number;
  readonly total: number;
  readonly unseen: number;
  readonly digest: number;
  readonly log_floor: number;
  /** How far the index is. */
  readonly indexed: string;
}

interface Kept {
  readonly state: MailboxState;
  readonly columns: Columns;
  /** Of these messages: void when some come or go, or are read anew. */
  readonly derived: Map<string, Derived>;
}

const octetsOfMessage = 13;
/** All that is kept. A mailbox that alone would need half of it is searched without. */
const keptOctetsMax = 48 * 1024 * 1024;
const messagesMax = keptOctetsMax / 2 / octetsOfMessage;
/** Orders and conversations kept of one mailbox. */
const derivedMax = 4;
/** When more than every so many-th message has changed, all are read. */
const changedShareMax = 8;

export class ColumnCache {
  readonly #db: Database;
  /** The one used last stands last. */
  readonly #kept = new Map<string, Kept>();

  constructor(db: Database) {
    this.#db = db;
  }

  /** Is it worth while to ask, be it for little? */
  has(box: Box): boolean {
    return this.#kept.has(keyOf(box));
  }

  /** Was this made, and may it still be good? */
  hasDerived(box: Box, name: string): boolean {
    return this.#kept.get(keyOf(box))?.derived.has(name) === true;
  }

  /** Within a snapshot. null: there is no such mailbox, or it is too large. */
  columnsOf(box: Box): Columns | null {
    return this.#find(box)?.columns ?? null;
  }

  /** Within a snapshot, after `columnsOf`: made by `make` when it is not there. */
  derivedOf<T extends Derived>(box: Box, name: string, make: (columns: Columns) => T): T {
    const kept = this.#kept.get(keyOf(box));
    if (kept === undefined) throw new Error('the columns were not read');
    const known = kept.derived.get(name) as T | undefined;
    const made = known ?? make(kept.columns);
    kept.derived.delete(name);
    kept.derived.set(name, made);
    for (const each of kept.derived.keys()) {
      if (kept.derived.size <= derivedMax) break;
      kept.derived.delete(each);
    }
    this.#makeRoom();
    return made;
  }

  #find(box: Box): Kept | null {
    const key = keyOf(box);
    const state = readState(this.#db, box);
    if (state === null || state.total > messagesMax) {
      this.#kept.delete(key);
      return null;
    }
    const before = this.#kept.get(key);
    this.#kept.delete(key);
    const kept =
      before === undefined
        ? null
        : isSame(before.state, state)
          ? before
          : this.#update(box, before, state);
    const now = kept ?? { state, columns: readAll(this.#db, box, state.total), derived: new Map() };
    this.#kept.set(key, now);
    this.#makeRoom();
    return now;
  }

  /** null: it is easier, or safer, to read all. */
  #update(box: Box, before: Kept, state: MailboxState): Kept | null {
    const since = before.state.modseq;
    const isOther = before.state.uidvalidity !== state.uidvalidity;
    // The same modseq with other contents: somebody has mended the store.
    if (isOther || state.modseq <= since || since < state.log_floor) return null;
    const changed = readChanged(this.#db, box, since);
    if (changed.uids.length > before.columns.uids.length / changedShareMax) return null;
    const gone = readGone(this.#db, box, since);
    const columns = merge(before.columns, changed, gone);
    if (columns.uids.length !== state.total || unseenOf(columns) !== state.unseen) return null;
    const isSameSet =
      columns.uids.length === before.columns.uids.length &&
      gone.size === 0 &&
      state.indexed === before.state.indexed;
    return { state, columns, derived: isSameSet ? before.derived : new Map() };
  }

  #makeRoom(): void {
    let octets = 0;
    for (const kept of this.#kept.values()) octets += octetsOf(kept);
    for (const [key, kept] of this.#kept) {
      if (octets <= keptOctetsMax) return;
      octets -= octetsOf(kept);
      // Whoever asks just now holds what he has.
      this.#kept.delete(key);
    }
  }
}

function keyOf({ account, mailbox }: Box): string {
  return `${account} ${mailbox}`;
}

function octetsOf({ columns, derived }: Kept): number {
  let octets = columns.uids.length * octetsOfMessage;
  for (const each of derived.values()) octets += each.octets;
  return octets;
}

function isSame(one: MailboxState, other: MailboxState): boolean {
  return (
    one.uidvalidity === other.uidvalidity &&
    one.modseq === other.modseq &&
    one.digest === other.digest &&
    one.total === other.total &&
    one.indexed === other.indexed
  );
}

function readState(db: Database, { account, mailbox }: Box): MailboxState | null {
  const row = db.get<MailboxState>(
    `SELECT b.uidvalidity, b.modseq, b.total, b.unseen, b.digest, a.log_floor,
       coalesce((SELECT next_content FROM index_state WHERE account_id = ?1), 1) || ' ' ||
       (SELECT count(*) FROM index_exception WHERE account_id = ?1) AS indexed
     FROM mailbox b JOIN account a USING (account_id)
     WHERE b.account_id = ?1 AND b.mailbox_id = ?2 AND a.removing = 0`,
    account,
    mailbox,
  );
  return row ?? null;
}

/** Rows that are one text: more would only take memory. */
const sliceMax = 50_000;

function readAll(db: Database, { account, mailbox }: Box, total: number): Columns {
  const parts: Columns[] = [];
  for (let after = 0; ;) {
    const part = unpack(
      db.get<Packed>(
        `${packedSql} FROM (SELECT uid, flags, modseq FROM message
           WHERE account_id = ? AND mailbox_id = ? AND uid > ? ORDER BY uid LIMIT ?)`,
        account,
        mailbox,
        after,
        sliceMax,
      ),
    );
    parts.push(part);
    if (part.uids.length < sliceMax) break;
    after = part.uids.at(-1) ?? 0;
  }
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const all = withRoom(total);
  let at = 0;
  for (const part of parts) {
    all.uids.set(part.uids, at);
    all.flags.set(part.flags, at);
    all.modseqs.set(part.modseqs, at);
    at += part.uids.length;
  }
  return all;
}

function readChanged(db: Database, { account, mailbox }: Box, since: number): Columns {
  return unpack(
    db.get<Packed>(
      `${packedSql} FROM (SELECT uid, flags, modseq FROM message INDEXED BY message_changes
         WHERE account_id = ? AND mailbox_id = ? AND modseq > ? ORDER BY uid)`,
      account,
      mailbox,
      since,
    ),
  );
}

interface Packed {
  readonly uids: string;
  readonly flags: string;
  readonly modseqs: string;
}

/** A text for each column is several times as fast as a row for each message. */
const packedSql = `SELECT json_group_array(uid) AS uids, json_group_array(flags) AS flags,
  json_group_array(modseq) AS modseqs`;

function unpack(row: Packed | undefined): Columns {
  if (row === undefined) throw new Error('an aggregate without a row');
  return {
    uids: new Uint32Array(JSON.parse(row.uids) as number[]),
    flags: new Uint8Array(JSON.parse(row.flags) as number[]),
    modseqs: new Float64Array(JSON.parse(row.modseqs) as number[]),
  };
}

function withRoom(length: number): Columns {
  return {
    uids: new Uint32Array(length),
    flags: new Uint8Array(length),
    modseqs: new Float64Array(length),
  };
}

function readGone(db: Database, { account, mailbox }: Box, since: number): ReadonlySet<number> {
  const rows = db.rows<readonly [uid: number]>(
    'SELECT uid FROM expunged WHERE account_id = ? AND modseq > ? AND mailbox_id = ?',
    account,
    since,
    mailbox,
  );
  return new Set(rows.map(([uid]) => uid));
}

function merge(before: Columns, changed: Columns, gone: ReadonlySet<number>): Columns {
  const { uids, flags, modseqs } = withRoom(before.uids.length + changed.uids.length);
  let length = 0;
  const add = (from: Columns, at: number): void => {
    uids[length] = from.uids[at]!;
    flags[length] = from.flags[at]!;
    modseqs[length] = from.modseqs[at]!;
    length += 1;
  };
  let next = 0;
  for (let at = 0; at < before.uids.length; at += 1) {
    const one = before.uids[at]!;
    while (next < changed.uids.length && changed.uids[next]! < one) add(changed, next++);
    if (changed.uids[next] === one) add(changed, next++);
    else if (!gone.has(one)) add(before, at);
  }
  while (next < changed.uids.length) add(changed, next++);
  return {
    uids: uids.slice(0, length),
    flags: flags.slice(0, length),
    modseqs: modseqs.slice(0, length),
  };
}

function unseenOf({ flags }: Columns): number {
  let count = 0;
  for (const each of flags) count += (each & flagBits.seen) === 0 ? 1 : 0;
  return count;
}
