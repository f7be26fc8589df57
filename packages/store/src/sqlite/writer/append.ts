/**
 * What clients put into mailboxes: one or several messages, perhaps instead of another one, in one
 * transaction. RFC 9051 §6.3.12, RFC 3502, RFC 8508.
 */

import type { Appended } from '../../contract.ts';
import { emailId, modSeq, uid } from '../../ids.ts';
import { contentCrc } from '../checksums.ts';
import type { PackedAppend, PackedAppendedMessage } from '../operations.ts';
import type { PlacedBody } from './blobs.ts';
import type { WriterContext } from './context.ts';
import {
  announceExpunged,
  findMessage,
  findRoom,
  putIn,
  releaseContent,
  Stamp,
  takeOut,
  type MessageColumns,
  type Room,
} from './messages.ts';

interface Replaced {
  readonly room: Room;
  readonly message: MessageColumns;
}

export function append(
  context: WriterContext,
  what: PackedAppend,
  bodies: readonly PlacedBody[],
): Appended {
  const room = findRoom(context, what.account, what.mailbox);
  if (room === null || room.mailbox.role === 'downloaded') return { ok: false, code: 'no-mailbox' };
  const before = findBefore(context, room, what);
  if (before !== null) return before;
  const replaced = what.replaces === null ? null : findReplaced(context, what);
  if (what.replaces !== null && replaced === null) return { ok: false, code: 'no-message' };
  const { account, mailbox } = room;
  const added = bodies.reduce((sum, { size }) => sum + size, -(replaced?.message.size ?? 0));
  if (account.quota !== null && added > 0 && account.used + added > account.quota) {
    return { ok: false, code: 'over-quota' };
  }
  const stamp = new Stamp(account);
  if (what.key !== null && bodies.length > 0) noteKey(context, room, { ...what, key: what.key });
  const stored = what.messages.map((message, index) => {
    const body = bodies[index];
    if (body === undefined) throw new Error('a message to append without a body');
    return appendOne(context, room, { message, body, stamp, nowMs: what.nowMs });
  });
  if (replaced !== null) takeReplaced(context, replaced, stamp);
  const modseq = modSeq(stamp.current);
  return { ok: true, modseq, uidValidity: mailbox.uidValidity, stored, duplicate: false };
}

/** Those of one append lie side by side: the place of the first one tells them all. */
function findBefore(context: WriterContext, room: Room, what: PackedAppend): Appended | null {
  if (what.key === null) return null;
  const first = context.db.get<{ mailbox_id: number; uid: number; modseq: number; email: number }>(
    `SELECT mailbox_id, uid, modseq, email_id AS email FROM append_key
     WHERE account_id = ? AND key = ?`,
    what.account,
    what.key,
  );
  if (first === undefined) return null;
  const mailbox = room.account.mailboxes.get(first.mailbox_id) ?? room.mailbox;
  return {
    ok: true,
    modseq: modSeq(first.modseq),
    uidValidity: mailbox.uidValidity,
    stored: what.messages.map((_, index) => ({
      uid: uid(first.uid + index),
      email: emailId(first.email + index),
    })),
    duplicate: true,
  };
}

function noteKey(
  { db }: WriterContext,
  { account, mailbox }: Room,
  what: { readonly key: string; readonly nowMs: number },
): void {
  db.run(
    `INSERT INTO append_key (account_id, key, mailbox_id, uid, modseq, email_id, at_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
    account.id,
    what.key,
    mailbox.id,
    mailbox.uidNext,
    account.modseq + 1,
    account.nextEmail,
    what.nowMs,
  );
}

function findReplaced(context: WriterContext, what: PackedAppend): Replaced | null {
  if (what.replaces === null) return null;
  const room = findRoom(context, what.account, what.replaces.mailbox);
  if (room === null || room.mailbox.role === 'downloaded') return null;
  const message = findMessage(context, room, what.replaces.uid);
  return message === undefined ? null : { room, message };
}

function takeReplaced(context: WriterContext, replaced: Replaced, stamp: Stamp): void {
  const { room, message } = replaced;
  const modseq = stamp.take(room.mailbox);
  takeOut(context, room, [message], modseq);
  releaseContent(context, room.account.id, message.content_id);
  announceExpunged(context, room, { uids: [uid(message.uid)], modseq });
}

function appendOne(
  context: WriterContext,
  room: Room,
  what: {
    readonly message: PackedAppendedMessage;
    readonly body: PlacedBody;
    readonly stamp: Stamp;
    readonly nowMs: number;
  },
): { readonly uid: ReturnType<typeof uid>; readonly email: ReturnType<typeof emailId> } {
  const { account, mailbox } = room;
  const { message, body, nowMs } = what;
  const content = putContent(context, room, { body, meta: message.meta });
  const email = account.nextEmail;
  account.nextEmail += 1;
  const newUid = putIn(
    context,
    room,
    {
      flags: message.flags,
      keywords: message.keywords,
      content_id: content,
      email_id: email,
      internal_date_ms: message.internalDateMs,
      saved_ms: nowMs,
      size: body.size,
      unterminated: body.unterminated ? 1 : 0,
      journey_id: message.head[0],
    },
    what.stamp.take(mailbox),
  );
  context.blobs.refer(body, 1);
  const event = {
    atUs: message.atUs,
    stage: 'store',
    state: 'ok',
    code: 'store.appended',
    args: { account: account.address, mailbox: mailbox.name, uid: newUid, email },
    rcpt: account.address,
  };
  const accounts = [account.id];
  context.journal.begin(message.head, [message.events, [JSON.stringify(event), 1]], accounts);
  return { uid: uid(newUid), email: emailId(email) };
}

const noPrefix = Buffer.alloc(0);

/** What clients append goes out as it came: with nothing in front. */
function putContent(
  { db }: WriterContext,
  { account }: Room,
  what: { readonly body: PlacedBody; readonly meta: string },
): number {
  const { hash, size } = what.body;
  const content = account.nextContent;
  account.nextContent += 1;
  db.run(
    `INSERT INTO content (account_id, content_id, refs, blob_hash, size, crc, meta, prefix)
     VALUES (?, ?, 1, ?, ?, ?, ?, ?)`,
    account.id,
    content,
    hash,
    size,
    contentCrc({ hash, prefix: noPrefix, meta: what.meta, size }),
    what.meta,
    noPrefix,
  );
  return content;
}
