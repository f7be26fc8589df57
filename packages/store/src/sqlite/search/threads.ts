/**
 * Conversations of what a search finds. What threading compares are texts; here they are numbers,
 * made once for a mailbox and kept with its columns. RFC 5256 §3.
 */

import { compareOctetwise } from '@merpati/formats/imap/collation.ts';
import {
  packThreads,
  threadByOrderedSubject,
  threadByReferences,
  type ThreadMessage,
} from '@merpati/formats/imap/thread.ts';
import { SearchTooBig, type ThreadQuery } from '../../search.ts';
import type { Database } from '../database.ts';
import { firstAtLeast, testOf } from './columnar.ts';
import type { Box, Columns, Derived } from './columns.ts';
import { entryOfRow } from './expression.ts';
import { runSearch } from './run.ts';
import type { SearchRun } from './search-run.ts';

/** Rows read at a time: references may be long. */
const rowsMax = 5000;
/** For fewer than every so many-th message of a mailbox, only theirs are read. */
const shareMin = 8;

/** Of each message, in the order of uids; 0: none. */
interface Keys extends Derived {
  readonly uids: Uint32Array;
  readonly sentMs: Float64Array;
  readonly subjects: Uint32Array;
  readonly isReply: Uint8Array;
  readonly ids: Uint32Array;
  /** Those of message n are `references` from `referencesFrom[n]` to `referencesFrom[n + 1]`. */
  readonly references: Uint32Array;
  readonly referencesFrom: Uint32Array;
}

/** Packed as `packThreads` does, by uid. Throws SearchTooBig. */
export async function runThreads(run: SearchRun, query: ThreadQuery): Promise<Uint32Array> {
  const box = { account: run.account, mailbox: query.mailbox };
  const uids = findInColumns(run, box, query) ?? (await findUids(run, query));
  if (uids.length > query.messagesMax) throw new SearchTooBig('too many to thread');
  if (uids.length === 0) return uids;
  const keys = run.db.snapshot(() => keysFor(run, box, { uids, messagesMax: query.messagesMax }));
  const messages = messagesOf(keys, uids);
  const threads =
    query.by === 'references' ? threadByReferences(messages) : threadByOrderedSubject(messages);
  return packThreads(threads);
}

function findInColumns(run: SearchRun, box: Box, query: ThreadQuery): Uint32Array | null {
  const columns = run.db.snapshot(() => run.columns.columnsOf(box));
  const test = columns === null ? null : testOf(query.criteria, columns, () => null);
  return columns === null || test === null ? null : columns.uids.filter((_, at) => test(at));
}

async function findUids(run: SearchRun, query: ThreadQuery): Promise<Uint32Array> {
  const uids: number[] = [];
  const { mailbox, criteria, messagesMax } = query;
  const limit = messagesMax + 1;
  for await (const found of runSearch(run, { mailboxes: [mailbox], criteria, limit })) {
    for (const uid of found.uids) uids.push(uid);
  }
  return Uint32Array.from(uids);
}

function keysFor(
  run: SearchRun,
  box: Box,
  { uids, messagesMax }: { readonly uids: Uint32Array; readonly messagesMax: number },
): Keys {
  const columns = run.columns.columnsOf(box);
  const there = columns?.uids.length ?? Infinity;
  const isWhole = there <= messagesMax && uids.length * shareMin >= there;
  if (columns === null || !isWhole) return readKeys(run.db, box, uids);
  return run.columns.derivedOf(box, 'threads', (all: Columns) => readKeys(run.db, box, all.uids));
}

/** What was expunged meanwhile is left out. */
function messagesOf(keys: Keys, uids: Uint32Array): ThreadMessage[] {
  const messages: ThreadMessage[] = [];
  let at = 0;
  for (const uid of uids) {
    if (keys.uids[at] !== uid) at = firstAtLeast(keys.uids, uid);
    if (keys.uids[at] !== uid) continue;
    const from = keys.referencesFrom[at]!;
    const to = keys.referencesFrom[at + 1]!;
    messages.push({
      number: uid,
      sentMs: keys.sentMs[at]!,
      subject: keys.subjects[at]!,
      isReplyOrForward: keys.isReply[at] === 1,
      messageId: keys.ids[at] === 0 ? null : keys.ids[at]!,
      references: from === to ? none : [...keys.references.subarray(from, to)],
    });
    at += 1;
  }
  return messages;
}

const none: readonly number[] = [];

// ---------------------------------------------------------------- reading

/** Texts to numbers, 0 for none. */
class Names {
  readonly #numbers = new Map<string, number>();

  numberOf(text: string | null): number {
    if (text === null || text === '') return 0;
    let number = this.#numbers.get(text);
    if (number === undefined) {
      number = this.#numbers.size + 1;
      this.#numbers.set(text, number);
    }
    return number;
  }

  /** By number: the place of its text among all. */
  ranks(): Uint32Array {
    const ranks = new Uint32Array(this.#numbers.size + 1);
    const sorted = [...this.#numbers].sort(([one], [other]) => compareOctetwise(one, other));
    sorted.forEach(([, number], index) => {
      ranks[number] = index + 1;
    });
    return ranks;
  }
}

interface Packed {
  readonly uids: string;
  readonly sent: string;
  readonly subjects: string;
  readonly replies: string;
  readonly ids: string;
  readonly refs: string;
}

/** The date of arrival stands in for a Date field that cannot be read. RFC 5256 §2.2. */
const packedSql = `
  SELECT json_group_array(uid) AS uids, json_group_array(sent) AS sent,
    json_group_array(subject) AS subjects, json_group_array(is_reply) AS replies,
    json_group_array(message_id) AS ids, json_group_array(refs) AS refs
  FROM (SELECT m.uid, coalesce(i.sent_ms, m.internal_date_ms) AS sent,
      coalesce(i.subject, '') AS subject, coalesce(i.is_reply, 0) AS is_reply, i.message_id,
      coalesce(i.refs, '') AS refs
    FROM json_each(?3) asked CROSS JOIN message m
    LEFT JOIN content_index i ON i.entry_id = ${entryOfRow}
    WHERE m.account_id = ?1 AND m.mailbox_id = ?2 AND m.uid = asked.value)`;

function readKeys(db: Database, box: Box, uids: Uint32Array): Keys {
  const columns = {
    uids: [] as number[],
    sentMs: [] as number[],
    subjects: [] as number[],
    isReply: [] as number[],
    ids: [] as number[],
    references: [] as number[],
    referencesFrom: [0],
  };
  const subjects = new Names();
  const names = new Names();
  for (let at = 0; at < uids.length; at += rowsMax) {
    const asked = JSON.stringify([...uids.subarray(at, at + rowsMax)]);
    const packed = db.get<Packed>(packedSql, box.account, box.mailbox, asked);
    if (packed === undefined) throw new Error('an aggregate without a row');
    for (const uid of JSON.parse(packed.uids) as number[]) columns.uids.push(uid);
    for (const ms of JSON.parse(packed.sent) as number[]) columns.sentMs.push(ms);
    for (const one of JSON.parse(packed.replies) as number[]) columns.isReply.push(one);
    for (const text of JSON.parse(packed.subjects) as string[]) {
      columns.subjects.push(subjects.numberOf(text));
    }
    for (const id of JSON.parse(packed.ids) as (string | null)[]) {
      columns.ids.push(names.numberOf(id));
    }
    for (const list of JSON.parse(packed.refs) as string[]) {
      if (list !== '')
        for (const id of list.split(' ')) columns.references.push(names.numberOf(id));
      columns.referencesFrom.push(columns.references.length);
    }
  }
  const ranks = subjects.ranks();
  const keys = {
    uids: new Uint32Array(columns.uids),
    sentMs: new Float64Array(columns.sentMs),
    subjects: Uint32Array.from(columns.subjects, (number) => ranks[number]!),
    isReply: new Uint8Array(columns.isReply),
    ids: new Uint32Array(columns.ids),
    references: new Uint32Array(columns.references),
    referencesFrom: new Uint32Array(columns.referencesFrom),
  };
  const octets = Object.values(keys).reduce((sum, each) => sum + each.byteLength, 0);
  return { ...keys, octets };
}
