/**
 * Flags of very many messages in few statements. Where an edit touches neither keywords nor asks
 * for modseqs, all of a span of messages is one UPDATE, and of the rows only three numbers are
 * read: ten thousand messages take a quarter of the time that they take row by row.
 */

import type { FlagEdit } from '../../contract.ts';
import { flagBits } from '../../contract.ts';
import { uid, type Uid } from '../../ids.ts';
import { flagsSeal } from '../seals.ts';
import type { WriterContext } from './context.ts';
import type { Room, Stamp } from './messages.ts';

/** Fewer messages are read one by one. */
const messagesMin = 64;
/** Rows that lie between may be so many for each that is wanted. */
const looseness = 4;
/** Spans of fewer messages on average are better read one by one. */
const messagesOfSpanMin = 8;

interface Columns {
  readonly uids: readonly number[];
  readonly modseqs: readonly number[];
  readonly flags: readonly number[];
}

/** From one message to another, with all that is between. */
interface Span {
  readonly first: number;
  last: number;
}

/** Those that have changed; null: this edit is not for here. */
export function editSpans(
  context: WriterContext,
  room: Room,
  edit: FlagEdit,
  stamp: Stamp,
): Uid[] | null {
  const isPlain = edit.keywords.length === 0 && edit.unchangedSince === undefined;
  // Replacing takes keywords away.
  const hasKeywords = room.mailbox.keywords.text !== null;
  if (!isPlain || (edit.op === 'set' && hasKeywords) || edit.uids.length < messagesMin) return null;
  const wanted = Uint32Array.from(edit.uids).sort();
  const [first = 0] = wanted;
  const last = wanted.at(-1) ?? 0;
  if (last - first >= looseness * wanted.length) return null;
  const columns = readColumns(context, room, { first, last });
  const spans = spansOf(columns.uids, wanted);
  if (columns.uids.length < spans.length * messagesOfSpanMin) return null;
  return applyTo(context, room, { edit, columns, spans, stamp });
}

/** A text for each column: several times as fast as a row for each message. */
function readColumns({ db }: WriterContext, room: Room, { first, last }: Span): Columns {
  const row = db.get<{ uids: string; modseqs: string; flags: string }>(
    `SELECT json_group_array(uid) AS uids, json_group_array(modseq) AS modseqs,
       json_group_array(flags) AS flags
     FROM (SELECT uid, modseq, flags FROM message
       WHERE account_id = ? AND mailbox_id = ? AND uid BETWEEN ? AND ? ORDER BY uid)`,
    room.account.id,
    room.mailbox.id,
    first,
    last,
  );
  if (row === undefined) throw new Error('an aggregate without a row');
  return {
    uids: JSON.parse(row.uids) as number[],
    modseqs: JSON.parse(row.modseqs) as number[],
    flags: JSON.parse(row.flags) as number[],
  };
}

/** Neighbours in the mailbox that are all wanted, whatever was expunged between them. */
function spansOf(there: readonly number[], wanted: Uint32Array): Span[] {
  const spans: Span[] = [];
  let open: Span | null = null;
  let at = 0;
  for (const one of there) {
    while (at < wanted.length && (wanted[at] ?? 0) < one) at += 1;
    if (wanted[at] !== one) open = null;
    else if (open === null) spans.push((open = { first: one, last: one }));
    else open.last = one;
  }
  return spans;
}

interface Work {
  readonly edit: FlagEdit;
  readonly columns: Columns;
  readonly spans: readonly Span[];
  readonly stamp: Stamp;
}

function applyTo(context: WriterContext, room: Room, { edit, columns, spans, stamp }: Work): Uid[] {
  const { kept, added } = masksOf(edit);
  const { mailbox } = room;
  const changed: Uid[] = [];
  let at = 0;
  for (const { first, last } of spans) {
    while ((columns.uids[at] ?? last) < first) at += 1;
    const from = changed.length;
    let flipped = 0;
    for (; at < columns.uids.length && columns.uids[at]! <= last; at += 1) {
      const before = {
        uid: columns.uids[at]!,
        modseq: columns.modseqs[at]!,
        flags: columns.flags[at]!,
      };
      const flags = (before.flags & kept) | added;
      if (flags === before.flags) continue;
      flipped |= flags ^ before.flags;
      changed.push(uid(before.uid));
      // Keywords stay, whatever they are: what they add to the seal is in it before and after.
      const modseq = stamp.take(mailbox);
      mailbox.digest ^= flagsSeal(before) ^ flagsSeal({ uid: before.uid, flags, modseq });
      const isUnseen = (flags & flagBits.seen) === 0 ? 1 : 0;
      mailbox.unseen += isUnseen - ((before.flags & flagBits.seen) === 0 ? 1 : 0);
    }
    if (changed.length === from) continue;
    if ((flipped & flagBits.deleted) !== 0)
      countDeleted(context, room, { first, last, kept, added });
    write(context, room, { first, last, kept, added, modseq: stamp.current });
  }
  return changed;
}

interface Masks {
  readonly kept: number;
  readonly added: number;
}

const allBits = 0x7fff_ffff;

function masksOf({ op, flags }: FlagEdit): Masks {
  switch (op) {
    case 'add':
      return { kept: allBits, added: flags };
    case 'remove':
      return { kept: allBits & ~flags, added: 0 };
    case 'set':
      return { kept: 0, added: flags };
    default:
      return op satisfies never;
  }
}

/** To be asked before the rows change: the sizes of those that change sides. */
function countDeleted({ db }: WriterContext, room: Room, span: Span & Masks): void {
  const { deleted } = flagBits;
  const row = db.get<{ n: number; size: number }>(
    `SELECT coalesce(sum(side), 0) AS n, coalesce(sum(side * size), 0) AS size FROM
       (SELECT size, ((flags & ?1 | ?2) & ?3 <> 0) - (flags & ?3 <> 0) AS side FROM message
        WHERE account_id = ?4 AND mailbox_id = ?5 AND uid BETWEEN ?6 AND ?7)`,
    span.kept,
    span.added,
    deleted,
    room.account.id,
    room.mailbox.id,
    span.first,
    span.last,
  );
  room.mailbox.deleted += row?.n ?? 0;
  room.mailbox.deletedSize += row?.size ?? 0;
}

function write(
  { db }: WriterContext,
  room: Room,
  span: Span & Masks & { readonly modseq: number },
): void {
  db.run(
    `UPDATE message SET flags = flags & ?1 | ?2, modseq = ?3
     WHERE account_id = ?4 AND mailbox_id = ?5 AND uid BETWEEN ?6 AND ?7
       AND (flags & ?1 | ?2) <> flags`,
    span.kept,
    span.added,
    span.modseq,
    room.account.id,
    room.mailbox.id,
    span.first,
    span.last,
  );
}
