/** Flags and expunge. Each takes one modseq, and only when it changes something. */

import type { FlagEdit, FlagEdited } from '../../contract.ts';
import { flagBits } from '../../contract.ts';
import { mailboxId, modSeq, uid, type AccountId, type MailboxId, type Uid } from '../../ids.ts';
import { packKeywords, readKeywords } from '../mailbox-counters.ts';
import { messageSeal } from '../seals.ts';
import type { AccountState, MailboxState } from './accounts.ts';
import type { WriterContext } from './context.ts';

export interface MessageColumns {
  readonly uid: number;
  readonly modseq: number;
  readonly flags: number;
  readonly keywords: string | null;
  readonly content_id: number;
  readonly email_id: number;
  readonly internal_date_ms: number;
  readonly saved_ms: number;
  readonly size: number;
  readonly unterminated: number;
  readonly journey_id: number;
}

export interface Room {
  readonly account: AccountState;
  readonly mailbox: MailboxState;
}

/** Expunged messages an account remembers; older ones raise its floor. About 25 octets each. */
const logMax = 200_000;
const logStep = 20_000;

export function findRoom(context: WriterContext, account: number, mailbox: number): Room | null {
  const state = context.accounts.find(account);
  const box = state?.mailboxes.get(mailbox);
  return state === null || box === undefined ? null : { account: state, mailbox: box };
}

export function findMessage(
  context: WriterContext,
  room: Room,
  wanted: number,
): MessageColumns | undefined {
  return context.db.get<MessageColumns>(
    'SELECT * FROM message WHERE account_id = ? AND mailbox_id = ? AND uid = ?',
    room.account.id,
    room.mailbox.id,
    wanted,
  );
}

/** The modseq of this mutation, taken at the first change. */
export class Stamp {
  readonly #account: AccountState;
  #modseq: number | null = null;

  constructor(account: AccountState) {
    this.#account = account;
  }

  take(mailbox: MailboxState): number {
    this.#modseq ??= this.#account.takeModseq();
    mailbox.modseq = this.#modseq;
    mailbox.isDirty = true;
    return this.#modseq;
  }

  get current(): number {
    return this.#modseq ?? this.#account.modseq;
  }
}

export function editFlags(context: WriterContext, edit: FlagEdit): FlagEdited {
  const room = findRoom(context, edit.account, edit.mailbox);
  if (room === null) return { modseq: modSeq(0), changed: [], modified: [] };
  const stamp = new Stamp(room.account);
  const changed: Uid[] = [];
  const modified: Uid[] = [];
  for (const each of new Set(edit.uids)) {
    const message = findMessage(context, room, each);
    if (message === undefined) continue;
    if (edit.unchangedSince !== undefined && message.modseq > edit.unchangedSince) {
      modified.push(each);
      continue;
    }
    const flags = editedFlags(message.flags, edit);
    const keywords = room.mailbox.keywords.admit(editedKeywords(message.keywords, edit));
    if (flags === message.flags && keywords === message.keywords) continue;
    changed.push(each);
    setFlags(context, room, message, { flags, keywords, modseq: stamp.take(room.mailbox) });
  }
  const { account, mailbox } = edit;
  const modseq = modSeq(stamp.current);
  if (changed.length > 0) {
    context.changes.push({ kind: 'flags-changed', account, mailbox, uids: changed, modseq });
  }
  return { modseq, changed, modified };
}

export function setFlags(
  context: WriterContext,
  room: Room,
  before: MessageColumns,
  to: Pick<MessageColumns, 'flags' | 'keywords' | 'modseq'>,
): void {
  const { account, mailbox } = room;
  context.db.run(
    `UPDATE message SET flags = ?, keywords = ?, modseq = ?
     WHERE account_id = ? AND mailbox_id = ? AND uid = ?`,
    to.flags,
    to.keywords,
    to.modseq,
    account.id,
    mailbox.id,
    before.uid,
  );
  const flipped = before.flags ^ to.flags;
  if ((flipped & flagBits.seen) !== 0) mailbox.unseen += (to.flags & flagBits.seen) === 0 ? 1 : -1;
  if ((flipped & flagBits.deleted) !== 0) {
    const sign = (to.flags & flagBits.deleted) === 0 ? -1 : 1;
    mailbox.deleted += sign;
    mailbox.deletedSize += sign * before.size;
  }
  if (before.keywords !== to.keywords) {
    mailbox.keywords.count(before.keywords, -1);
    mailbox.keywords.count(to.keywords, 1);
  }
  mailbox.digest ^= messageSeal(before) ^ messageSeal({ ...before, ...to });
  mailbox.isDirty = true;
}

function editedFlags(before: number, edit: FlagEdit): number {
  switch (edit.op) {
    case 'add':
      return before | edit.flags;
    case 'remove':
      return before & ~edit.flags;
    case 'set':
      return edit.flags;
    default:
      return edit.op satisfies never;
  }
}

function editedKeywords(before: string | null, edit: FlagEdit): string | null {
  if (edit.op !== 'set' && edit.keywords.length === 0) return before;
  const kept = new Set(edit.op === 'set' ? [] : readKeywords(before));
  for (const keyword of edit.keywords) {
    if (edit.op === 'remove') kept.delete(keyword);
    else kept.add(keyword);
  }
  return packKeywords(kept);
}

export function expunge(
  context: WriterContext,
  what: { readonly account: AccountId; readonly mailbox: MailboxId; readonly uids: readonly Uid[] },
): FlagEdited {
  const room = findRoom(context, what.account, what.mailbox);
  if (room === null) return { modseq: modSeq(0), changed: [], modified: [] };
  const stamp = new Stamp(room.account);
  const changed: Uid[] = [];
  for (const each of new Set(what.uids)) {
    const message = findMessage(context, room, each);
    if (message === undefined) continue;
    takeOut(context, room, message, stamp.take(room.mailbox));
    releaseContent(context, room.account.id, message.content_id);
    changed.push(each);
  }
  announceExpunged(context, room, { uids: changed, modseq: stamp.current });
  return { modseq: modSeq(stamp.current), changed, modified: [] };
}

/** Removes the row, remembers it as vanished, counts it out. Its content stays referred to. */
export function takeOut(
  context: WriterContext,
  room: Room,
  message: MessageColumns,
  modseq: number,
): void {
  const { account, mailbox } = room;
  context.db.run(
    'DELETE FROM message WHERE account_id = ? AND mailbox_id = ? AND uid = ?',
    account.id,
    mailbox.id,
    message.uid,
  );
  context.db.run(
    `INSERT INTO expunged (account_id, modseq, mailbox_id, uid, email_id) VALUES (?, ?, ?, ?, ?)`,
    account.id,
    modseq,
    mailbox.id,
    message.uid,
    message.email_id,
  );
  if (mailbox.role === 'downloaded') {
    context.db.run(
      'DELETE FROM downloaded WHERE account_id = ? AND uid = ?',
      account.id,
      message.uid,
    );
  }
  mailbox.modseq = modseq;
  account.count(mailbox, message, -1);
  noteLogged(context, account);
}

/** One more is remembered as expunged. */
export function noteLogged(context: WriterContext, account: AccountState): void {
  account.logSize += 1;
  account.isDirty = true;
  if (account.logSize > logMax) trimLog(context, account);
}

/** Forgets the oldest expunged messages; who asks for what lies before compares all UIDs. */
function trimLog(context: WriterContext, account: AccountState): void {
  const row = context.db.get<{ modseq: number }>(
    'SELECT modseq FROM expunged WHERE account_id = ? ORDER BY modseq LIMIT 1 OFFSET ?',
    account.id,
    logStep,
  );
  if (row === undefined || row.modseq > account.modseq) return;
  account.logFloor = row.modseq;
  account.logSize -= context.db.run(
    'DELETE FROM expunged WHERE account_id = ? AND modseq <= ?',
    account.id,
    row.modseq,
  );
}

/** One reference less; the last one takes the content and its hold on the body along. */
export function releaseContent(context: WriterContext, account: number, content: number): void {
  const row = context.db.get<{ refs: number; blob_hash: Uint8Array }>(
    `UPDATE content SET refs = refs - 1 WHERE account_id = ? AND content_id = ?
     RETURNING refs, blob_hash`,
    account,
    content,
  );
  if (row === undefined || row.refs > 0) return;
  context.db.run('DELETE FROM content WHERE account_id = ? AND content_id = ?', account, content);
  context.blobs.release(row.blob_hash);
}

/**
 * Puts a message into a mailbox under its next UID. Content and its references are the caller's.
 */
export function putIn(
  context: WriterContext,
  room: Room,
  message: Omit<MessageColumns, 'uid' | 'modseq'>,
  modseq: number,
): number {
  const { account, mailbox } = room;
  const newUid = mailbox.uidNext;
  const keywords = mailbox.keywords.admit(message.keywords);
  mailbox.uidNext += 1;
  mailbox.modseq = modseq;
  context.db.run(
    `INSERT INTO message (account_id, mailbox_id, uid, modseq, flags, keywords, content_id,
       email_id, internal_date_ms, saved_ms, size, unterminated, journey_id)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    account.id,
    mailbox.id,
    newUid,
    modseq,
    message.flags,
    keywords,
    message.content_id,
    message.email_id,
    message.internal_date_ms,
    message.saved_ms,
    message.size,
    message.unterminated,
    message.journey_id,
  );
  account.count(mailbox, { ...message, keywords, uid: newUid, modseq }, 1);
  context.changes.push({
    kind: 'message-added',
    account: account.id as AccountId,
    mailbox: mailboxId(mailbox.id),
    uid: uid(newUid),
    modseq: modSeq(modseq),
  });
  return newUid;
}

export function announceExpunged(
  context: WriterContext,
  room: { readonly account: { readonly id: number }; readonly mailbox: { readonly id: number } },
  what: { readonly uids: readonly Uid[]; readonly modseq: number },
): void {
  if (what.uids.length === 0) return;
  context.changes.push({
    kind: 'expunged',
    account: room.account.id as AccountId,
    mailbox: mailboxId(room.mailbox.id),
    uids: what.uids,
    modseq: modSeq(what.modseq),
  });
}
