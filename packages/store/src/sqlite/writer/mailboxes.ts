/** Creating, renaming and removing mailboxes. RFC 9051 §6.3.4–6.3.6, RFC 6154. */

import type { MailboxEdit, MailboxEdited, MailboxRole } from '../../contract.ts';
import { mailboxId, modSeq, type AccountId } from '../../ids.ts';
import type { AccountState, MailboxState } from './accounts.ts';
import type { WriterContext } from './context.ts';
import { releaseContent, takeOut, type MessageColumns } from './messages.ts';

/** What a new account begins with; the last one is hidden. */
const defaultMailboxes: readonly { readonly name: string; readonly role: MailboxRole }[] = [
  { name: 'INBOX', role: 'inbox' },
  { name: 'Sent', role: 'sent' },
  { name: 'Drafts', role: 'drafts' },
  { name: 'Junk', role: 'junk' },
  { name: 'Trash', role: 'trash' },
  { name: 'Archive', role: 'archive' },
  { name: 'Downloaded', role: 'downloaded' },
];

/** Octets of a name, levels and their separators included. */
const nameBytesMax = 1000;
const mailboxesMax = 10_000;

export function createDefaultMailboxes(context: WriterContext, account: AccountState): void {
  for (const { name, role } of defaultMailboxes) create(context, account, { name, role });
}

export function editMailbox(
  context: WriterContext,
  what: { readonly account: AccountId; readonly edit: MailboxEdit },
): MailboxEdited {
  const account = context.accounts.find(what.account);
  if (account === null) return { ok: false, code: 'not-found' };
  const result = applyEdit(context, account, what.edit);
  if (result.ok) {
    const { modseq } = result;
    context.changes.push({ kind: 'mailbox-changed', account: what.account, modseq });
  }
  return result;
}

function applyEdit(
  context: WriterContext,
  account: AccountState,
  edit: MailboxEdit,
): MailboxEdited {
  if (edit.kind === 'create') {
    const problem = nameProblem(account, edit.name);
    if (problem !== null) return { ok: false, code: problem };
    if (edit.role === 'inbox' || edit.role === 'downloaded')
      return { ok: false, code: 'forbidden' };
    if (edit.role !== null && account.findMailbox(edit.role) !== null) {
      return { ok: false, code: 'exists' };
    }
    const mailbox = create(context, account, edit);
    return { ok: true, id: mailboxId(mailbox.id), modseq: modSeq(mailbox.modseq) };
  }
  const mailbox = account.mailboxes.get(edit.id);
  if (mailbox === undefined) return { ok: false, code: 'not-found' };
  if (mailbox.role === 'inbox' || mailbox.role === 'downloaded') {
    return { ok: false, code: 'forbidden' };
  }
  const modseq =
    edit.kind === 'rename'
      ? rename(context, account, { mailbox, name: edit.name })
      : remove(context, account, mailbox);
  if (typeof modseq === 'string') return { ok: false, code: modseq };
  return { ok: true, id: edit.id, modseq: modSeq(modseq) };
}

function nameProblem(account: AccountState, name: string): 'exists' | 'forbidden' | null {
  const isOdd =
    name === '' ||
    name.split('/').includes('') ||
    Buffer.byteLength(name) > nameBytesMax ||
    // oxlint-disable-next-line no-control-regex -- control characters are what must not be there
    /[\u0000-\u001f\u007f]/.test(name) ||
    !name.isWellFormed();
  if (isOdd || account.mailboxes.size >= mailboxesMax) return 'forbidden';
  const key = nameKey(name);
  for (const mailbox of account.mailboxes.values()) {
    if (nameKey(mailbox.name) === key) return 'exists';
  }
  return null;
}

/** INBOX is the same in any case, others are not. */
function nameKey(name: string): string {
  return name.toUpperCase() === 'INBOX' ? 'INBOX' : name;
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

/** The levels below move along. */
function rename(
  context: WriterContext,
  account: AccountState,
  wanted: { readonly mailbox: MailboxState; readonly name: string },
): number | 'exists' | 'forbidden' {
  const before = wanted.mailbox.name;
  const problem = nameProblem(account, wanted.name);
  if (problem !== null) return problem;
  if (wanted.name.startsWith(`${before}/`)) return 'forbidden';
  const moved = [...account.mailboxes.values()].filter(
    ({ name }) => name === before || name.startsWith(`${before}/`),
  );
  const names = new Map(
    moved.map((mailbox) => [mailbox, wanted.name + mailbox.name.slice(before.length)]),
  );
  const staying = [...account.mailboxes.values()].filter((mailbox) => !names.has(mailbox));
  const taken = new Set(staying.map(({ name }) => name));
  for (const name of names.values()) {
    if (taken.has(name)) return 'exists';
    if (Buffer.byteLength(name) > nameBytesMax) return 'forbidden';
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

/** With all messages in it; the levels below stay. */
function remove(context: WriterContext, account: AccountState, mailbox: MailboxState): number {
  const modseq = account.takeModseq();
  const messages = context.db.all<MessageColumns>(
    'SELECT * FROM message WHERE account_id = ? AND mailbox_id = ?',
    account.id,
    mailbox.id,
  );
  for (const message of messages) {
    takeOut(context, { account, mailbox }, message, modseq);
    releaseContent(context, account.id, message.content_id);
  }
  context.db.run(
    'DELETE FROM mailbox WHERE account_id = ? AND mailbox_id = ?',
    account.id,
    mailbox.id,
  );
  account.mailboxes.delete(mailbox.id);
  return modseq;
}
