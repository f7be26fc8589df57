/**
 * Messages of removed mailboxes. A small mailbox goes at once; a big one is out of sight at once,
 * and its messages are taken away slice by slice while nobody waits, so that its removal holds up
 * no delivery.
 */

import type { MailboxPlace } from '../../contract.ts';
import { accountId, mailboxId, uid } from '../../ids.ts';
import type { Operation } from '../operations.ts';
import type { AccountState } from './accounts.ts';
import type { WriterContext } from './context.ts';
import {
  announceExpunged,
  noteLogged,
  releaseContent,
  takeOut,
  type MessageColumns,
  type Room,
} from './messages.ts';

/** Rows a slice takes away: some milliseconds of the writer's time. */
const sliceMax = 500;

/** The mailbox's own row is the caller's. */
export function removeMessages(context: WriterContext, room: Room, modseq: number): void {
  const { account, mailbox } = room;
  if (mailbox.total > sliceMax) {
    account.used -= mailbox.size;
    account.messages -= mailbox.total;
    account.isDirty = true;
    context.db.run('INSERT INTO removed_mailbox VALUES (?, ?)', account.id, mailbox.id);
    noteRemoval(context, account.id, mailbox.id);
    return;
  }
  const messages = readSlice(context, account.id, mailbox.id);
  takeOut(context, room, messages, modseq);
  for (const message of messages) releaseContent(context, account.id, message.content_id);
}

function readSlice(
  { db }: WriterContext,
  account: number,
  mailbox: number,
): readonly MessageColumns[] {
  return db.all<MessageColumns>(
    'SELECT * FROM message WHERE account_id = ? AND mailbox_id = ? ORDER BY uid LIMIT ?',
    account,
    mailbox,
    sliceMax,
  );
}

/** What the writer goes on with when nobody waits; null: nothing is left to take apart. */
export function nextRemoval(context: WriterContext): Operation | null {
  const [account] = context.removing;
  if (account !== undefined) {
    return { name: 'purgeAccount', take: { account: accountId(account) } };
  }
  const [mailbox] = context.removingMailboxes.values();
  return mailbox === undefined ? null : { name: 'purgeMailbox', take: mailbox };
}

/** The writer goes on with it when nobody waits. */
export function noteRemoval(context: WriterContext, account: number, mailbox: number): void {
  context.removingMailboxes.set(`${account}/${mailbox}`, {
    account: accountId(account),
    mailbox: mailboxId(mailbox),
  });
}

/** Takes one slice of a removed mailbox away. Answers whether nothing is left. */
export function purgeMailbox(context: WriterContext, { account, mailbox }: MailboxPlace): boolean {
  const { db } = context;
  const state = context.accounts.find(account);
  const isPending =
    db.get(
      'SELECT 1 FROM removed_mailbox WHERE account_id = ? AND mailbox_id = ?',
      account,
      mailbox,
    ) !== undefined;
  // Without the row, the removal was rolled back or is done; without the account, all of it goes. A
  // mailbox that is there after all is none of ours: the check will tell.
  if (state === null || !isPending || state.mailboxes.has(mailbox)) {
    context.removingMailboxes.delete(`${account}/${mailbox}`);
    return true;
  }
  const messages = readSlice(context, account, mailbox);
  if (messages.length > 0) takeSlice(context, state, { mailbox, messages });
  if (messages.length === sliceMax) return false;
  db.run('DELETE FROM removed_mailbox WHERE account_id = ? AND mailbox_id = ?', account, mailbox);
  context.removingMailboxes.delete(`${account}/${mailbox}`);
  return true;
}

/** They were counted out when the mailbox was removed. */
function takeSlice(
  context: WriterContext,
  account: AccountState,
  what: {
    readonly mailbox: MailboxPlace['mailbox'];
    readonly messages: readonly MessageColumns[];
  },
): void {
  const { db } = context;
  const { mailbox, messages } = what;
  const modseq = account.takeModseq();
  for (const message of messages) {
    db.run(
      `INSERT INTO expunged (account_id, modseq, mailbox_id, uid, email_id) VALUES (?, ?, ?, ?, ?)`,
      account.id,
      modseq,
      mailbox,
      message.uid,
      message.email_id,
    );
    noteLogged(context, account);
    releaseContent(context, account.id, message.content_id);
  }
  db.run(
    'DELETE FROM message WHERE account_id = ? AND mailbox_id = ? AND uid <= ?',
    account.id,
    mailbox,
    messages.at(-1)?.uid ?? 0,
  );
  const uids = messages.map((message) => uid(message.uid));
  announceExpunged(context, { account, mailbox: { id: mailbox } }, { uids, modseq });
}
