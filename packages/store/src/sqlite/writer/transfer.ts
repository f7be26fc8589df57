/**
 * Move and copy, within an account or to somebody else's: all of it in one transaction. RFC 6851,
 * RFC 9051 §6.4.7.
 */

import type { Transfer, Transferred } from '../../contract.ts';
import { modSeq, uid } from '../../ids.ts';
import type { WriterContext } from './context.ts';
import {
  announceExpunged,
  findMessages,
  findRoom,
  putIn,
  releaseContent,
  Stamp,
  takeOut,
  type MessageColumns,
  type Room,
} from './messages.ts';

interface Rooms {
  readonly from: Room;
  readonly to: Room;
}

type Pair = Extract<Transferred, { ok: true }>['pairs'][number];

export function copy(context: WriterContext, transfer: Transfer): Transferred {
  const rooms = findRooms(context, transfer);
  if (rooms === null) return { ok: false, code: 'no-mailbox' };
  const found = findMessages(context, rooms.from, ascending(transfer.uids));
  if (isOverQuota(rooms, found)) return { ok: false, code: 'over-quota' };
  return answer(rooms, copyAll(context, rooms, { found, nowMs: transfer.nowMs }));
}

export function move(context: WriterContext, transfer: Transfer): Transferred {
  const rooms = findRooms(context, transfer);
  if (rooms === null) return { ok: false, code: 'no-mailbox' };
  const { from, to } = rooms;
  const found = findMessages(context, from, ascending(transfer.uids));
  if (from.account === to.account) {
    return answer(rooms, moveAll(context, rooms, { found, nowMs: transfer.nowMs }));
  }
  if (isOverQuota(rooms, found)) return { ok: false, code: 'over-quota' };
  const pairs = copyAll(context, rooms, { found, nowMs: transfer.nowMs });
  for (const part of inParts(found)) {
    const modseq = new Stamp(from.account).take(from.mailbox);
    takeOut(context, from, part, modseq);
    for (const message of part) releaseContent(context, from.account.id, message.content_id);
    announceExpunged(context, from, { uids: part.map((message) => uid(message.uid)), modseq });
  }
  return answer(rooms, pairs);
}

/** Messages under one modseq: whoever follows gets them in parts. */
const partMax = 10_000;

function* inParts<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < all.length; at += partMax) yield all.slice(at, at + partMax);
}

/** Within one account; what was found is not there any more afterwards. */
export function moveAll(
  context: WriterContext,
  { from, to }: Rooms,
  what: { readonly found: readonly MessageColumns[]; readonly nowMs: number },
): readonly Pair[] {
  const pairs: Pair[] = [];
  for (const part of inParts(what.found)) {
    const modseq = new Stamp(from.account).take(from.mailbox);
    takeOut(context, from, part, modseq);
    for (const message of part) {
      const newUid = putIn(context, to, { ...message, saved_ms: what.nowMs }, modseq);
      pairs.push({ from: uid(message.uid), to: uid(newUid) });
    }
    announceExpunged(context, from, { uids: part.map((message) => uid(message.uid)), modseq });
  }
  return pairs;
}

function copyAll(
  context: WriterContext,
  { from, to }: Rooms,
  what: { readonly found: readonly MessageColumns[]; readonly nowMs: number },
): readonly Pair[] {
  const pairs: Pair[] = [];
  const isForeign = from.account !== to.account;
  for (const part of inParts(what.found)) {
    const modseq = new Stamp(to.account).take(to.mailbox);
    for (const message of part) {
      const twin = { ...message, saved_ms: what.nowMs };
      const copied = isForeign ? adopt(context, { from, to }, twin) : share(context, to, twin);
      pairs.push({ from: uid(message.uid), to: uid(putIn(context, to, copied, modseq)) });
    }
  }
  return pairs;
}

/** A copy within the account is the same e-mail in one more place. RFC 8474 §5.1. */
function share({ db }: WriterContext, to: Room, message: MessageColumns): MessageColumns {
  db.run(
    'UPDATE content SET refs = refs + 1 WHERE account_id = ? AND content_id = ?',
    to.account.id,
    message.content_id,
  );
  return message;
}

/** In another account it is an e-mail of its own, with the same body. */
function adopt(context: WriterContext, { from, to }: Rooms, message: MessageColumns) {
  const { account } = to;
  const content = account.nextContent;
  account.nextContent += 1;
  const row = context.db.get<{ blob_hash: Uint8Array }>(
    `INSERT INTO content (account_id, content_id, refs, blob_hash, size, crc, meta, prefix)
     SELECT ?, ?, 1, blob_hash, size, crc, meta, prefix FROM content
     WHERE account_id = ? AND content_id = ? RETURNING blob_hash`,
    account.id,
    content,
    from.account.id,
    message.content_id,
  );
  if (row === undefined) throw new Error('a message without content');
  context.blobs.referAgain(row.blob_hash);
  context.journal.join(message.journey_id, account.id);
  const email = account.nextEmail;
  account.nextEmail += 1;
  return { ...message, content_id: content, email_id: email };
}

/** null: one of them is not there, or is the hidden one (POP3 alone puts things there). */
function findRooms(context: WriterContext, transfer: Transfer): Rooms | null {
  const from = findRoom(context, transfer.from.account, transfer.from.mailbox);
  const to = findRoom(context, transfer.to.account, transfer.to.mailbox);
  const isHidden = to?.mailbox.role === 'downloaded';
  return from === null || to === null || isHidden ? null : { from, to };
}

function ascending(uids: readonly number[]): readonly number[] {
  return uids.toSorted((a, b) => a - b);
}

function isOverQuota({ to }: Rooms, found: readonly MessageColumns[]): boolean {
  const { quota, used } = to.account;
  return quota !== null && used + found.reduce((sum, { size }) => sum + size, 0) > quota;
}

function answer({ to }: Rooms, pairs: readonly Pair[]): Transferred {
  const modseq = modSeq(to.account.modseq);
  return { ok: true, modseq, uidValidity: to.mailbox.uidValidity, pairs };
}
