/**
 * What POP3 sessions do at their end, and the hidden mailbox of what devices took away. RFC 1939
 * §6.
 */

import type { PopUpdate } from '../../contract.ts';
import { flagBits } from '../../contract.ts';
import type { AccountId, EmailId, Uid } from '../../ids.ts';
import { mailboxId, modSeq } from '../../ids.ts';
import type { AccountState } from './accounts.ts';
import type { WriterContext } from './context.ts';
import {
  announceExpunged,
  findMessage,
  putIn,
  releaseContent,
  setFlags,
  Stamp,
  takeOut,
  type MessageColumns,
  type Room,
} from './messages.ts';

const dayMs = 86_400_000;

export function updateByPop(context: WriterContext, update: PopUpdate): { deleted: number } {
  const account = context.accounts.find(update.account);
  const inbox = account?.findMailbox('inbox');
  if (!account || !inbox) return { deleted: 0 };
  const room = { account, mailbox: inbox };
  for (const each of new Set(update.retrieved)) {
    const message = findMessage(context, room, each);
    if (message !== undefined) tell(context, update, { room, message, code: 'read.pop3' });
  }
  const stamp = new Stamp(account);
  const gone: Uid[] = [];
  const hidden: Uid[] = [];
  for (const each of new Set(update.deleted)) {
    const message = findMessage(context, room, each);
    if (message === undefined || (message.flags & flagBits.popHidden) !== 0) continue;
    if (account.popPolicy === 'leave-copy') {
      // It stays where other protocols see it.
      setFlags(context, room, message, {
        flags: message.flags | flagBits.popHidden,
        keywords: message.keywords,
        modseq: stamp.take(inbox),
      });
      hidden.push(each);
    } else {
      takeAway(context, room, { message, update, modseq: stamp.take(inbox) });
      gone.push(each);
    }
    tell(context, update, { room, message, code: 'read.pop3.deleted' });
  }
  announceExpunged(context, room, { uids: gone, modseq: stamp.current });
  if (hidden.length > 0) {
    context.changes.push({
      kind: 'flags-changed',
      account: update.account,
      mailbox: mailboxId(inbox.id),
      uids: hidden,
      modseq: modSeq(stamp.current),
    });
  }
  return { deleted: gone.length + hidden.length };
}

function tell(
  context: WriterContext,
  update: PopUpdate,
  what: { readonly room: Room; readonly message: MessageColumns; readonly code: string },
): void {
  context.journal.appendEvent(what.message.journey_id, {
    atUs: update.nowMs * 1000,
    stage: 'read',
    state: 'ok',
    code: what.code,
    args: { device: update.device, address: update.address },
    rcpt: what.room.account.address,
  });
}

/** Into the hidden mailbox for as long as the account keeps things, or away for good. */
function takeAway(
  context: WriterContext,
  room: Room,
  what: { readonly message: MessageColumns; readonly update: PopUpdate; readonly modseq: number },
): void {
  const { account } = room;
  const { message, update, modseq } = what;
  takeOut(context, room, [message], modseq);
  const mailbox = account.findMailbox('downloaded');
  if (mailbox === null || account.popKeepDays === 0) {
    releaseContent(context, account.id, message.content_id);
    return;
  }
  const newUid = putIn(context, { account, mailbox }, message, modseq);
  context.db.run(
    `INSERT INTO downloaded (account_id, uid, email_id, device, address, at_ms, keep_until_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
    account.id,
    newUid,
    message.email_id,
    update.device,
    update.address,
    update.nowMs,
    update.nowMs + account.popKeepDays * dayMs,
  );
}

/** Back into the inbox, with the same `EmailId`: the device sees the UIDL it knows. */
export function restoreDownloaded(
  context: WriterContext,
  what: { readonly account: AccountId; readonly emails: readonly EmailId[] | 'all'; nowMs: number },
): number {
  const account = context.accounts.find(what.account);
  const inbox = account?.findMailbox('inbox');
  const mailbox = account?.findMailbox('downloaded');
  if (!account || !inbox || !mailbox) return 0;
  const rows =
    what.emails === 'all'
      ? context.db.all<{ uid: number }>(
          'SELECT uid FROM downloaded WHERE account_id = ? ORDER BY uid',
          account.id,
        )
      : [...new Set(what.emails)].flatMap((email) =>
          context.db.all<{ uid: number }>(
            'SELECT uid FROM downloaded WHERE account_id = ? AND email_id = ? ORDER BY uid',
            account.id,
            email,
          ),
        );
  const from = { account, mailbox };
  const stamp = new Stamp(account);
  const restored: Uid[] = [];
  for (const row of rows) {
    const message = findMessage(context, from, row.uid);
    if (message === undefined) continue;
    const modseq = stamp.take(mailbox);
    takeOut(context, from, [message], modseq);
    putIn(context, { account, mailbox: inbox }, message, modseq);
    restored.push(row.uid as Uid);
    context.journal.appendEvent(message.journey_id, {
      atUs: what.nowMs * 1000,
      stage: 'store',
      state: 'ok',
      code: 'store.restored',
      args: { account: account.address, mailbox: inbox.name, email: message.email_id },
      rcpt: account.address,
    });
  }
  announceExpunged(context, from, { uids: restored, modseq: stamp.current });
  return restored.length;
}

/** One slice of what is over its time, in all accounts; answers how many there were. */
export function purgeDownloaded(
  context: WriterContext,
  what: { readonly nowMs: number; readonly itemsMax: number },
): number {
  const rows = context.db.all<{ account_id: number; uid: number }>(
    `SELECT account_id, uid FROM downloaded WHERE keep_until_ms <= ?
     ORDER BY keep_until_ms LIMIT ?`,
    what.nowMs,
    what.itemsMax,
  );
  const byAccount = Map.groupBy(rows, (row) => row.account_id);
  for (const [id, taken] of byAccount) {
    const account = context.accounts.find(id);
    const mailbox = account?.findMailbox('downloaded');
    if (!account || !mailbox) {
      context.db.run('DELETE FROM downloaded WHERE account_id = ?', id);
      continue;
    }
    purgeOf(context, account, { account, mailbox }, taken);
  }
  return rows.length;
}

function purgeOf(
  context: WriterContext,
  account: AccountState,
  room: Room,
  rows: readonly { readonly uid: number }[],
): void {
  const stamp = new Stamp(account);
  const gone: Uid[] = [];
  for (const row of rows) {
    const message = findMessage(context, room, row.uid);
    if (message === undefined) continue;
    takeOut(context, room, [message], stamp.take(room.mailbox));
    releaseContent(context, account.id, message.content_id);
    gone.push(row.uid as Uid);
  }
  announceExpunged(context, room, { uids: gone, modseq: stamp.current });
}
