/** Messages and mailboxes of the model. */

import type { FlagEdit, FlagRow, MailboxStatus, MessageRow } from '../contract.ts';
import { flagBits, mailboxLimits } from '../contract.ts';
import { contentId, emailId, journeyId, mailboxId, modSeq, uid } from '../ids.ts';
import {
  isSeen,
  mailboxOf,
  messageOf,
  sizeOf,
  type ModelAccount,
  type ModelMailbox,
  type ModelMessage,
} from './model-state.ts';

/** Under the account's modseq, which the caller has raised. */
export function place(account: ModelAccount, message: ModelMessage, to: number): void {
  const mailbox = mailboxOf(account, to);
  if (mailbox === undefined) throw new Error('no such mailbox');
  const others = inMailbox(account, to).filter((each) => each !== message);
  message.keywords = admitted(others, message.keywords);
  message.mailbox = to;
  message.uid = mailbox.uidNext;
  message.modseq = account.modseq;
  mailbox.uidNext += 1;
  mailbox.modseq = account.modseq;
}

export function relocate(account: ModelAccount, message: ModelMessage, to: number): void {
  vanish(account, message);
  message.downloaded = null;
  account.messages.push(message);
  place(account, message, to);
}

export function vanish(account: ModelAccount, message: ModelMessage): void {
  const mailbox = mailboxOf(account, message.mailbox);
  if (mailbox !== undefined) mailbox.modseq = account.modseq;
  account.messages = account.messages.filter((each) => each !== message);
  account.expunged.push({
    mailbox: message.mailbox,
    uid: message.uid,
    modseq: account.modseq,
  });
}

export function inMailbox(account: ModelAccount, mailbox: number): ModelMessage[] {
  return account.messages
    .filter((message) => message.mailbox === mailbox)
    .sort((a, b) => a.uid - b.uid);
}

export function findAll(
  account: ModelAccount,
  mailbox: number,
  uids: readonly number[],
): ModelMessage[] {
  return [...new Set(uids)].flatMap((each) => messageOf(account, mailbox, each) ?? []);
}

export function addMailbox(account: ModelAccount, name: string, role: MailboxStatus['role']) {
  account.modseq += 1;
  const mailbox = {
    id: account.nextMailbox,
    name,
    role,
    uidValidity: account.nextUidValidity,
    uidNext: 1,
    modseq: account.modseq,
    annotations: new Map<string, Uint8Array>(),
    acl: new Map<string, string>(),
  };
  account.nextMailbox += 1;
  account.nextUidValidity += 1;
  account.mailboxes.push(mailbox);
  return mailbox;
}

export function nameProblem(account: ModelAccount, name: string): 'exists' | 'forbidden' | null {
  const levels = name.split('/');
  if (levels.includes('') || levels.length > mailboxLimits.levelsMax) return 'forbidden';
  return account.mailboxes.some((each) => each.name === name) ? 'exists' : null;
}

/** As others in the mailbox write them, while there is room. */
export function admitted(
  others: readonly ModelMessage[],
  keywords: readonly string[],
): readonly string[] {
  const known = [...new Set(others.flatMap((message) => message.keywords))];
  const kept: string[] = [];
  for (const keyword of [...new Set(keywords)].sort()) {
    const isSame = (each: string) => each.toLowerCase() === keyword.toLowerCase();
    if (!known.some(isSame) && known.length < mailboxLimits.keywordsMax) known.push(keyword);
    const spelled = known.find(isSame);
    if (spelled !== undefined) kept.push(spelled);
  }
  return [...new Set(kept)].sort();
}

export function edited(account: ModelAccount, message: ModelMessage, edit: FlagEdit) {
  const isNamed = (keyword: string) =>
    edit.keywords.some((each) => each.toLowerCase() === keyword.toLowerCase());
  const wanted = {
    add: [...message.keywords, ...edit.keywords],
    remove: message.keywords.filter((keyword) => !isNamed(keyword)),
    set: edit.keywords,
  }[edit.op];
  const flags = {
    add: message.flags | edit.flags,
    remove: message.flags & ~edit.flags,
    set: edit.flags,
  }[edit.op];
  return { flags, keywords: admitted(inMailbox(account, message.mailbox), wanted) };
}

export function messageRow(message: ModelMessage): MessageRow {
  return {
    mailbox: mailboxId(message.mailbox),
    uid: uid(message.uid),
    modseq: modSeq(message.modseq),
    flags: message.flags,
    keywords: message.keywords,
    content: contentId(message.content),
    email: emailId(message.email),
    internalDateMs: message.internalDateMs,
    savedMs: message.savedMs,
    size: sizeOf(message),
    journey: journeyId(message.journey),
    summary: message.summary,
  };
}

export function flagRow(message: ModelMessage): FlagRow {
  const { mailbox: _mailbox, summary: _summary, ...row } = messageRow(message);
  return row;
}

export function statusOf(account: ModelAccount, mailbox: ModelMailbox): MailboxStatus {
  const inside = inMailbox(account, mailbox.id);
  const deleted = inside.filter((message) => (message.flags & flagBits.deleted) !== 0);
  const octets = (messages: readonly ModelMessage[]) =>
    messages.reduce((sum, message) => sum + sizeOf(message), 0);
  return {
    id: mailboxId(mailbox.id),
    name: mailbox.name,
    role: mailbox.role,
    uidValidity: mailbox.uidValidity,
    uidNext: uid(mailbox.uidNext),
    modseq: modSeq(mailbox.modseq),
    total: inside.length,
    unseen: inside.filter((message) => !isSeen(message)).length,
    deleted: deleted.length,
    deletedBytes: octets(deleted),
    sizeBytes: octets(inside),
  };
}
