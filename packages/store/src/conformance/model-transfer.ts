/** Appends, moves and copies in the model, and who has read what. */

import type { Append, Appended, AppendedMessage, ReadNote, Transfer } from '../contract.ts';
import type { Transferred } from '../contract.ts';
import { emailId, modSeq, uid } from '../ids.ts';
import { findAll, place, relocate, vanish } from './model-mailboxes.ts';
import {
  mailboxOf,
  messageOf,
  sizeOf,
  tellJourney,
  usedBytes,
  type ModelAccount,
  type ModelMailbox,
  type ModelMessage,
  type ModelState,
} from './model-state.ts';

export function appendToModel(state: ModelState, append: Append): Appended {
  const account = state.accounts.get(append.account);
  const mailbox = account && mailboxOf(account, append.mailbox);
  if (!account || !mailbox || mailbox.role === 'downloaded') {
    return { ok: false, code: 'no-mailbox' };
  }
  const first = append.key === null ? undefined : account.keys.get(append.key);
  if (first !== undefined) {
    const { uidValidity } = mailboxOf(account, first.mailbox) ?? mailbox;
    const stored = append.messages.map((_, index) => ({
      uid: uid(first.uid + index),
      email: emailId(first.email + index),
    }));
    return { ok: true, modseq: modSeq(first.modseq), uidValidity, stored, duplicate: true };
  }
  const { replaces } = append;
  const box = replaces && mailboxOf(account, replaces.mailbox);
  const replaced =
    replaces === null || box?.role === 'downloaded'
      ? undefined
      : messageOf(account, replaces.mailbox, replaces.uid);
  if (replaces !== null && replaced === undefined) return { ok: false, code: 'no-message' };
  const added = append.messages.reduce((sum, { body }) => sum + body.size, 0);
  const more = added - (replaced === undefined ? 0 : sizeOf(replaced));
  const quota = account.settings.quotaBytes ?? Infinity;
  if (more > 0 && usedBytes(account) + more > quota) return { ok: false, code: 'over-quota' };
  if (append.messages.length > 0 || replaced !== undefined) account.modseq += 1;
  if (append.key !== null && append.messages.length > 0) {
    const { uidNext, id } = mailbox;
    const { modseq, nextEmail } = account;
    account.keys.set(append.key, { mailbox: id, uid: uidNext, modseq, email: nextEmail });
  }
  const stored = append.messages.map((message) =>
    appendOne(state, { account, mailbox }, { message, nowMs: append.nowMs }),
  );
  if (replaced !== undefined) vanish(account, replaced);
  const { uidValidity } = mailbox;
  return { ok: true, modseq: modSeq(account.modseq), uidValidity, stored, duplicate: false };
}

function appendOne(
  state: ModelState,
  { account, mailbox }: { readonly account: ModelAccount; readonly mailbox: ModelMailbox },
  { message, nowMs }: { readonly message: AppendedMessage; readonly nowMs: number },
) {
  const { head, events, body } = message;
  if ('spool' in body.source) throw new Error('the model keeps bodies in memory');
  const added: ModelMessage = {
    email: account.nextEmail,
    content: account.nextContent,
    prefix: new Uint8Array(),
    bytes: body.source.bytes,
    internalDateMs: message.internalDateMs,
    savedMs: nowMs,
    journey: head.id,
    summary: message.summary,
    mailbox: mailbox.id,
    uid: 0,
    modseq: 0,
    flags: message.flags,
    keywords: message.keywords,
    downloaded: null,
  };
  account.nextEmail += 1;
  account.nextContent += 1;
  account.messages.push(added);
  place(account, added, mailbox.id);
  const journey = state.journeys.get(head.id) ?? { head, accounts: new Set(), events: [] };
  state.journeys.set(head.id, journey);
  journey.accounts.add(account.id);
  journey.events.push(...events, {
    atUs: Math.max(nowMs * 1000, events.at(-1)?.atUs ?? 0),
    stage: 'store',
    state: 'ok',
    code: 'store.appended',
    args: {
      account: account.address,
      mailbox: mailbox.name,
      uid: added.uid,
      email: added.email,
    },
    rcpt: account.address,
  });
  return { uid: uid(added.uid), email: emailId(added.email) };
}

export function transferInModel(
  state: ModelState,
  transfer: Transfer,
  how: 'move' | 'copy',
): Transferred {
  const source = state.accounts.get(transfer.from.account);
  const target = state.accounts.get(transfer.to.account);
  const from = source && mailboxOf(source, transfer.from.mailbox);
  const to = target && mailboxOf(target, transfer.to.mailbox);
  if (!source || !target || !from || !to || to.role === 'downloaded') {
    return { ok: false, code: 'no-mailbox' };
  }
  const found = findAll(source, from.id, transfer.uids).sort((a, b) => a.uid - b.uid);
  const size = found.reduce((sum, message) => sum + sizeOf(message), 0);
  const isMovedWithin = how === 'move' && source === target;
  const quota = target.settings.quotaBytes ?? Infinity;
  if (!isMovedWithin && usedBytes(target) + size > quota) return { ok: false, code: 'over-quota' };
  if (found.length > 0) target.modseq += 1;
  if (found.length > 0 && how === 'move' && !isMovedWithin) source.modseq += 1;
  const pairs = found.map((message) => {
    const before = uid(message.uid);
    let moved = message;
    if (isMovedWithin) relocate(target, message, to.id);
    else {
      moved = { ...message, downloaded: null };
      target.messages.push(moved);
      place(target, moved, to.id);
      if (source !== target) adopt(state, target, moved);
      if (how === 'move') vanish(source, message);
    }
    moved.savedMs = transfer.nowMs;
    return { from: before, to: uid(moved.uid) };
  });
  return { ok: true, modseq: modSeq(target.modseq), uidValidity: to.uidValidity, pairs };
}

/** In another account it is an e-mail of its own. */
function adopt(state: ModelState, account: ModelAccount, message: ModelMessage): void {
  message.email = account.nextEmail;
  message.content = account.nextContent;
  account.nextEmail += 1;
  account.nextContent += 1;
  state.journeys.get(message.journey)?.accounts.add(account.id);
}

export function noteReadInModel(state: ModelState, note: ReadNote): void {
  const account = state.accounts.get(note.account);
  if (account === undefined) return;
  const { reader, device, address, nowMs } = note;
  for (const message of findAll(account, note.mailbox, note.uids)) {
    const isKnown = state.journeys
      .get(message.journey)
      ?.events.some(
        (event) =>
          event.code === 'read.imap' && event.rcpt === reader && event.args?.['device'] === device,
      );
    if (isKnown === true) continue;
    tellJourney(state, message.journey, {
      atUs: nowMs * 1000,
      stage: 'read',
      state: 'ok',
      code: 'read.imap',
      args: { reader, device, address },
      rcpt: reader,
    });
  }
}
