/** Creating, renaming and removing mailboxes. RFC 9051 §6.3.4–6.3.6, RFC 6154. */

import type { MailboxEdit, MailboxEdited, MailboxRole } from '../../contract.ts';
import { mailboxLimits } from '../../contract.ts';
import { mailboxId, modSeq, type AccountId } from '../../ids.ts';
import { properName } from '../../mailbox-names.ts';
import { KeywordCounts } from '../mailbox-counters.ts';
import type { AccountState, MailboxState } from './accounts.ts';
import type { WriterContext } from './context.ts';
import { dropParts, editPart, subscribe } from './mailbox-parts.ts';
import type { MessageColumns } from './messages.ts';
import { removeMessages } from './removals.ts';
import { moveAll } from './transfer.ts';

/** What a new account begins with, subscribed; the last one is hidden. */
const defaultMailboxes: readonly { readonly name: string; readonly role: MailboxRole }[] = [
  { name: 'INBOX', role: 'inbox' },
  { name: 'Sent', role: 'sent' },
  { name: 'Drafts', role: 'drafts' },
  { name: 'Junk', role: 'junk' },
  { name: 'Trash', role: 'trash' },
  { name: 'Archive', role: 'archive' },
  { name: 'Downloaded', role: 'downloaded' },
];

export function createDefaultMailboxes(context: WriterContext, account: AccountState): void {
  for (const { name, role } of defaultMailboxes) {
    create(context, account, { name, role });
    if (role !== 'downloaded') subscribe(context, account, name);
  }
}

/** What an edit has come to: the mailbox, its name and the one it had; or why not. */
type Edited =
  | {
      readonly id: number | null;
      readonly name: string;
      readonly oldName: string | null;
      readonly modseq: number;
    }
  | Extract<MailboxEdited, { ok: false }>['code'];

export function editMailbox(
  context: WriterContext,
  what: { readonly account: AccountId; readonly edit: MailboxEdit },
): MailboxEdited {
  const account = context.accounts.find(what.account);
  if (account === null) return { ok: false, code: 'not-found' };
  const before = account.modseq;
  const result = applyEdit(context, account, what.edit);
  if (typeof result === 'string') return { ok: false, code: result };
  const { name, oldName } = result;
  const modseq = modSeq(result.modseq);
  const id = result.id === null ? null : mailboxId(result.id);
  if (account.modseq > before) {
    const about = { edit: what.edit.kind, mailbox: id, name, oldName };
    context.changes.push({ kind: 'mailbox-changed', account: what.account, modseq, ...about });
  }
  return { ok: true, id, modseq };
}

function applyEdit(context: WriterContext, account: AccountState, edit: MailboxEdit): Edited {
  switch (edit.kind) {
    case 'create':
      return createWanted(context, account, edit);
    case 'rename':
      return rename(context, account, edit);
    case 'remove':
      return remove(context, account, edit.id);
    case 'subscribe':
    case 'unsubscribe':
    case 'annotate':
    case 'set-acl':
      return editPart(context, account, edit);
    default:
      return edit satisfies never;
  }
}

function nameProblem(account: AccountState, name: string): 'exists' | 'forbidden' | null {
  const levels = name.split('/');
  const isOdd =
    levels.includes('') ||
    levels.length > mailboxLimits.levelsMax ||
    Buffer.byteLength(name) > mailboxLimits.nameBytesMax ||
    // oxlint-disable-next-line no-control-regex -- control characters are what must not be there
    /[\u0000-\u001f\u007f]/.test(name) ||
    !name.isWellFormed();
  if (isOdd) return 'forbidden';
  for (const mailbox of account.mailboxes.values()) if (mailbox.name === name) return 'exists';
  return null;
}

function createWanted(
  context: WriterContext,
  account: AccountState,
  edit: Extract<MailboxEdit, { kind: 'create' }>,
): Edited {
  const name = properName(edit.name);
  const problem = nameProblem(account, name);
  if (problem !== null) return problem;
  if (isFull(account)) return 'too-many';
  const { role } = edit;
  if (role === 'inbox' || role === 'downloaded') return 'forbidden';
  if (role !== null && account.findMailbox(role) !== null) return 'exists';
  const { id, modseq } = create(context, account, { name, role });
  return { id, name, oldName: null, modseq };
}

function isFull(account: AccountState): boolean {
  return account.mailboxes.size >= mailboxLimits.mailboxesMax;
}

function create(
  context: WriterContext,
  account: AccountState,
  wanted: { readonly name: string; readonly role: MailboxRole | null },
): MailboxState {
  const mailbox: MailboxState = {
    id: account.nextMailbox,
    name: wanted.name,
    role: wanted.role,
    uidValidity: account.nextUidValidity,
    uidNext: 1,
    modseq: account.takeModseq(),
    total: 0,
    unseen: 0,
    size: 0,
    deleted: 0,
    deletedSize: 0,
    keywords: new KeywordCounts(null),
    digest: 0,
    isDirty: true,
  };
  account.nextMailbox += 1;
  context.db.run(
    `INSERT INTO mailbox (account_id, mailbox_id, name, role, uidvalidity, uidnext, modseq, total,
       unseen, size) VALUES (?, ?, ?, ?, ?, 1, ?, 0, 0, 0)`,
    account.id,
    mailbox.id,
    mailbox.name,
    mailbox.role,
    account.nextUidValidity,
    mailbox.modseq,
  );
  account.nextUidValidity += 1;
  account.mailboxes.set(mailbox.id, mailbox);
  return mailbox;
}

function rename(
  context: WriterContext,
  account: AccountState,
  edit: Extract<MailboxEdit, { kind: 'rename' }>,
): Edited {
  const mailbox = account.mailboxes.get(edit.id);
  if (mailbox === undefined) return 'not-found';
  if (mailbox.role === 'downloaded') return 'forbidden';
  const oldName = mailbox.name;
  const name = properName(edit.name);
  const problem = nameProblem(account, name);
  if (problem !== null) return problem;
  if (mailbox.role === 'inbox') {
    if (isFull(account)) return 'too-many';
    const made = emptyInto(context, account, { inbox: mailbox, name, nowMs: edit.nowMs });
    return { id: made.id, name, oldName, modseq: made.modseq };
  }
  if (name.startsWith(`${oldName}/`)) return 'forbidden';
  const modseq = renameTree(context, account, { mailbox, name });
  return typeof modseq === 'string' ? modseq : { id: edit.id, name, oldName, modseq };
}

/** The levels below move along. */
function renameTree(
  context: WriterContext,
  account: AccountState,
  wanted: { readonly mailbox: MailboxState; readonly name: string },
): number | 'exists' | 'forbidden' {
  const before = wanted.mailbox.name;
  const names = new Map<MailboxState, string>();
  const staying = new Set<string>();
  for (const mailbox of account.mailboxes.values()) {
    const isMoved = mailbox.name === before || mailbox.name.startsWith(`${before}/`);
    if (isMoved) names.set(mailbox, wanted.name + mailbox.name.slice(before.length));
    else staying.add(mailbox.name);
  }
  for (const name of names.values()) {
    if (staying.has(name)) return 'exists';
    const { nameBytesMax, levelsMax } = mailboxLimits;
    if (Buffer.byteLength(name) > nameBytesMax) return 'forbidden';
    if (name.split('/').length > levelsMax) return 'forbidden';
  }
  const modseq = account.takeModseq();
  for (const [mailbox, name] of names) {
    mailbox.name = name;
    mailbox.modseq = modseq;
    mailbox.isDirty = true;
    // At once: another operation of this group may take the old name.
    context.db.run(
      'UPDATE mailbox SET name = ? WHERE account_id = ? AND mailbox_id = ?',
      name,
      account.id,
      mailbox.id,
    );
  }
  return modseq;
}

/** Messages of the inbox moved without asking for more of them. */
const sliceMax = 1000;

/** INBOX is never away: what was in it goes into a new mailbox. RFC 9051 §6.3.6. */
function emptyInto(
  context: WriterContext,
  account: AccountState,
  what: { readonly inbox: MailboxState; readonly name: string; readonly nowMs: number },
): MailboxState {
  const mailbox = create(context, account, { name: what.name, role: null });
  const rooms = { from: { account, mailbox: what.inbox }, to: { account, mailbox } };
  for (;;) {
    const found = context.db.all<MessageColumns>(
      'SELECT * FROM message WHERE account_id = ? AND mailbox_id = ? ORDER BY uid LIMIT ?',
      account.id,
      what.inbox.id,
      sliceMax,
    );
    moveAll(context, rooms, { found, nowMs: what.nowMs });
    if (found.length < sliceMax) return mailbox;
  }
}

/** With all messages in it; the levels below stay. */
function remove(context: WriterContext, account: AccountState, id: number): Edited {
  const mailbox = account.mailboxes.get(id);
  if (mailbox === undefined) return 'not-found';
  if (mailbox.role === 'inbox' || mailbox.role === 'downloaded') return 'forbidden';
  const modseq = account.takeModseq();
  removeMessages(context, { account, mailbox }, modseq);
  dropParts(context, account, id);
  context.db.run('DELETE FROM mailbox WHERE account_id = ? AND mailbox_id = ?', account.id, id);
  account.mailboxes.delete(id);
  return { id, name: mailbox.name, oldName: null, modseq };
}
