/** Flags and expunge. Each takes one modseq, and only when it changes something. */

import type { FlagEdit, FlagEdited } from '../../contract.ts';
import { flagBits } from '../../contract.ts';
import { mailboxId, modSeq, uid, type AccountId, type MailboxId, type Uid } from '../../ids.ts';
import { packKeywords, readKeywords } from '../mailbox-counters.ts';
import { messageSeal } from '../seals.ts';
import type { AccountState, MailboxState } from './accounts.ts';
import type { WriterContext } from './context.ts';
import { editSpans } from './flag-spans.ts';

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

type MessageTuple = readonly [
  uid: number,
  modseq: number,
  flags: number,
  keywords: string | null,
  content_id: number,
  email_id: number,
  internal_date_ms: number,
  saved_ms: number,
  size: number,
  unterminated: number,
  journey_id: number,
];

function messageOf(tuple: MessageTuple): MessageColumns {
  return {
    uid: tuple[0],
    modseq: tuple[1],
    flags: tuple[2],
    keywords: tuple[3],
    content_id: tuple[4],
    email_id: tuple[5],
    internal_date_ms: tuple[6],
    saved_ms: tuple[7],
    size: tuple[8],
    unterminated: tuple[9],
    journey_id: tuple[10],
  };
}

/**
 * Those that are there, each once, in the order asked for; all of them before anything changes:
 * within one mailbox a new UID must not be met again. One statement for ten thousand is three times
 * as fast as ten thousand statements; CROSS JOIN has SQLite walk through them as they are.
 */
export function findMessages(
  { db }: WriterContext,
  room: Room,
  uids: readonly number[],
): readonly MessageColumns[] {
  const rows = db.rows<MessageTuple>(
    `SELECT m.uid, m.modseq, m.flags, m.keywords, m.content_id, m.email_id, m.internal_date_ms,
       m.saved_ms, m.size, m.unterminated, m.journey_id
     FROM json_each(?) asked CROSS JOIN message m
     WHERE m.account_id = ? AND m.mailbox_id = ? AND m.uid = asked.value`,
    JSON.stringify([...new Set(uids)]),
    room.account.id,
    room.mailbox.id,
  );
  return rows.map(messageOf);
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
  const modified: Uid[] = [];
  const changed =
    editSpans(context, room, edit, stamp) ?? editEach(context, room, { edit, stamp, modified });
  const { account, mailbox } = edit;
  const modseq = modSeq(stamp.current);
  if (changed.length > 0) {
    context.changes.push({ kind: 'flags-changed', account, mailbox, uids: changed, modseq });
  }
  return { modseq, changed, modified };
}

function editEach(
  context: WriterContext,
  room: Room,
  what: { readonly edit: FlagEdit; readonly stamp: Stamp; readonly modified: Uid[] },
): Uid[] {
  const { edit, stamp, modified } = what;
  const runs = new FlagRuns(context, room);
  const changed: Uid[] = [];
  for (const message of findMessages(context, room, edit.uids)) {
    if (edit.unchangedSince !== undefined && message.modseq > edit.unchangedSince) {
      modified.push(uid(message.uid));
      continue;
    }
    const flags = editedFlags(message.flags, edit);
    const keywords = room.mailbox.keywords.admit(editedKeywords(message.keywords, edit));
    if (flags === message.flags && keywords === message.keywords) continue;
    changed.push(uid(message.uid));
    runs.set(message, { flags, keywords, modseq: stamp.take(room.mailbox) });
  }
  runs.end();
  return changed;
}

type Flags = Pick<MessageColumns, 'flags' | 'keywords' | 'modseq'>;

/** Neighbours that get the same flags are written in one statement. */
class FlagRuns {
  readonly #context: WriterContext;
  readonly #room: Room;
  #run: { readonly first: number; last: number; readonly to: Flags } | null = null;

  constructor(context: WriterContext, room: Room) {
    this.#context = context;
    this.#room = room;
  }

  set(before: MessageColumns, to: Flags): void {
    countEdit(this.#room.mailbox, before, to);
    const run = this.#run;
    const isNext = run?.last === before.uid - 1;
    if (isNext && run.to.flags === to.flags && run.to.keywords === to.keywords) {
      run.last = before.uid;
      return;
    }
    this.end();
    this.#run = { first: before.uid, last: before.uid, to };
  }

  end(): void {
    if (this.#run === null) return;
    const { first, last, to } = this.#run;
    this.#run = null;
    this.#context.db.run(
      `UPDATE message SET flags = ?, keywords = ?, modseq = ?
       WHERE account_id = ? AND mailbox_id = ? AND uid BETWEEN ? AND ?`,
      to.flags,
      to.keywords,
      to.modseq,
      this.#room.account.id,
      this.#room.mailbox.id,
      first,
      last,
    );
  }
}

export function setFlags(
  context: WriterContext,
  room: Room,
  before: MessageColumns,
  to: Flags,
): void {
  const runs = new FlagRuns(context, room);
  runs.set(before, to);
  runs.end();
}

function countEdit(mailbox: MailboxState, before: MessageColumns, to: Flags): void {
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
  if (edit.op === 'set') return packKeywords(edit.keywords);
  if (edit.op === 'add') return packKeywords([...readKeywords(before), ...edit.keywords]);
  const taken = new Set(edit.keywords.map((keyword) => keyword.toLowerCase()));
  return packKeywords(readKeywords(before).filter((each) => !taken.has(each.toLowerCase())));
}

export function expunge(
  context: WriterContext,
  what: { readonly account: AccountId; readonly mailbox: MailboxId; readonly uids: readonly Uid[] },
): FlagEdited {
  const room = findRoom(context, what.account, what.mailbox);
  if (room === null) return { modseq: modSeq(0), changed: [], modified: [] };
  const stamp = new Stamp(room.account);
  const found = findMessages(context, room, what.uids);
  if (found.length > 0) takeOut(context, room, found, stamp.take(room.mailbox));
  for (const message of found) releaseContent(context, room.account.id, message.content_id);
  const changed = found.map((message) => uid(message.uid));
  announceExpunged(context, room, { uids: changed, modseq: stamp.current });
  return { modseq: modSeq(stamp.current), changed, modified: [] };
}

/** Removes rows, remembers them as vanished, counts them out. Contents stay referred to. */
export function takeOut(
  context: WriterContext,
  room: Room,
  messages: readonly MessageColumns[],
  modseq: number,
): void {
  room.mailbox.modseq = modseq;
  let first = 0;
  messages.forEach((message, index) => {
    noteVanished(context, room, message, modseq);
    const next = messages[index + 1]?.uid;
    if (next === message.uid + 1) return;
    deleteRun(context, room, messages[first]?.uid ?? message.uid, message.uid);
    first = index + 1;
  });
}

function deleteRun({ db }: WriterContext, room: Room, first: number, last: number): void {
  db.run(
    'DELETE FROM message WHERE account_id = ? AND mailbox_id = ? AND uid BETWEEN ? AND ?',
    room.account.id,
    room.mailbox.id,
    first,
    last,
  );
}

function noteVanished(
  context: WriterContext,
  { account, mailbox }: Room,
  message: MessageColumns,
  modseq: number,
): void {
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
  const gone = context.db.get<{ blob_hash: Uint8Array }>(
    `DELETE FROM content WHERE account_id = ? AND content_id = ? AND refs <= 1
     RETURNING blob_hash`,
    account,
    content,
  );
  if (gone !== undefined) {
    context.blobs.release(gone.blob_hash);
    return;
  }
  context.db.run(
    'UPDATE content SET refs = refs - 1 WHERE account_id = ? AND content_id = ?',
    account,
    content,
  );
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
