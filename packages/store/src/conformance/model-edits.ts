/** Edits of mailboxes and of what belongs to them, in the model. */

import type { MailboxEdit, MailboxEdited } from '../contract.ts';
import { mailboxLimits } from '../contract.ts';
import { mailboxId, modSeq } from '../ids.ts';
import { properName } from '../mailbox-names.ts';
import { addMailbox, inMailbox, nameProblem, relocate, vanish } from './model-mailboxes.ts';
import { mailboxOf, type ModelAccount, type ModelMailbox } from './model-state.ts';

function done(account: ModelAccount, id: number | null): MailboxEdited {
  return { ok: true, id: id === null ? null : mailboxId(id), modseq: modSeq(account.modseq) };
}

function fail(code: Extract<MailboxEdited, { ok: false }>['code']): MailboxEdited {
  return { ok: false, code };
}

export function editMailboxOfModel(account: ModelAccount, edit: MailboxEdit): MailboxEdited {
  switch (edit.kind) {
    case 'create':
      return create(account, edit);
    case 'rename':
      return rename(account, edit);
    case 'remove': {
      const mailbox = mailboxOf(account, edit.id);
      if (mailbox === undefined) return fail('not-found');
      if (mailbox.role === 'inbox' || mailbox.role === 'downloaded') return fail('forbidden');
      account.modseq += 1;
      for (const message of inMailbox(account, mailbox.id)) vanish(account, message);
      account.mailboxes = account.mailboxes.filter((each) => each !== mailbox);
      return done(account, edit.id);
    }
    case 'subscribe':
    case 'unsubscribe':
      return editSubscription(account, edit.kind, properName(edit.name));
    case 'annotate':
      return annotate(account, edit);
    case 'set-acl':
      return setAcl(account, edit);
    default:
      return edit satisfies never;
  }
}

function create(
  account: ModelAccount,
  edit: Extract<MailboxEdit, { kind: 'create' }>,
): MailboxEdited {
  const name = properName(edit.name);
  const problem = nameProblem(account, name);
  if (problem !== null) return fail(problem);
  if (edit.role === 'inbox' || edit.role === 'downloaded') return fail('forbidden');
  if (edit.role !== null && mailboxOf(account, edit.role)) return fail('exists');
  return done(account, addMailbox(account, name, edit.role).id);
}

function rename(
  account: ModelAccount,
  edit: Extract<MailboxEdit, { kind: 'rename' }>,
): MailboxEdited {
  const mailbox = mailboxOf(account, edit.id);
  if (mailbox === undefined) return fail('not-found');
  if (mailbox.role === 'downloaded') return fail('forbidden');
  const name = properName(edit.name);
  const problem = nameProblem(account, name);
  if (problem !== null) return fail(problem);
  if (mailbox.role === 'inbox') {
    const made = addMailbox(account, name, null);
    const inside = inMailbox(account, mailbox.id);
    if (inside.length > 0) account.modseq += 1;
    for (const message of inside) {
      relocate(account, message, made.id);
      message.savedMs = edit.nowMs;
    }
    return { ok: true, id: mailboxId(made.id), modseq: modSeq(account.modseq) };
  }
  return renameTree(account, mailbox, name);
}

function renameTree(account: ModelAccount, mailbox: ModelMailbox, name: string): MailboxEdited {
  const below = `${mailbox.name}/`;
  if (name.startsWith(below)) return fail('forbidden');
  const moved = account.mailboxes.filter((each) => each.name.startsWith(below));
  const renamed = (old: string) => `${name}/${old.slice(below.length)}`;
  const isTaken = moved.some((each) =>
    account.mailboxes.some((other) => !moved.includes(other) && other.name === renamed(each.name)),
  );
  if (isTaken) return fail('exists');
  account.modseq += 1;
  for (const each of moved) each.name = renamed(each.name);
  mailbox.name = name;
  for (const each of [...moved, mailbox]) each.modseq = account.modseq;
  return done(account, mailbox.id);
}

function editSubscription(
  account: ModelAccount,
  kind: 'subscribe' | 'unsubscribe',
  name: string,
): MailboxEdited {
  const isThere = account.subscriptions.has(name);
  if (kind === 'unsubscribe') account.subscriptions.delete(name);
  else {
    if (name === '') return fail('forbidden');
    if (!isThere && account.subscriptions.size >= mailboxLimits.subscriptionsMax) {
      return fail('too-many');
    }
    account.subscriptions.add(name);
  }
  if (isThere !== account.subscriptions.has(name)) account.modseq += 1;
  return done(account, null);
}

/** A mailbox that may be edited, or why not. */
function editable(account: ModelAccount, id: number): ModelMailbox | 'not-found' | 'forbidden' {
  const mailbox = mailboxOf(account, id);
  if (mailbox === undefined) return 'not-found';
  return mailbox.role === 'downloaded' ? 'forbidden' : mailbox;
}

function annotate(
  account: ModelAccount,
  edit: Extract<MailboxEdit, { kind: 'annotate' }>,
): MailboxEdited {
  const mailbox = edit.mailbox === null ? null : editable(account, edit.mailbox);
  if (typeof mailbox === 'string') return fail(mailbox);
  const list = mailbox === null ? account.annotations : mailbox.annotations;
  const before = list.get(edit.entry);
  if (edit.value === null) list.delete(edit.entry);
  else {
    if (edit.value.length > mailboxLimits.annotationBytesMax) return fail('too-big');
    if (edit.entry === '') return fail('forbidden');
    const { annotationsMax, annotationsTotalMax, annotationsTotalBytesMax } = mailboxLimits;
    const lists = [
      account.annotations,
      ...[...account.mailboxes.values()].map((one) => one.annotations),
    ];
    const all = lists.flatMap((one) => [...one.values()]);
    const octets = all.reduce((sum, value) => sum + value.length, 0) - (before?.length ?? 0);
    if (octets + edit.value.length > annotationsTotalBytesMax) return fail('too-many');
    const isFull = list.size >= annotationsMax || all.length >= annotationsTotalMax;
    if (before === undefined && isFull) return fail('too-many');
    list.set(edit.entry, edit.value);
  }
  const after = list.get(edit.entry);
  const hex = (value: Uint8Array | undefined) => value && Buffer.from(value).toString('hex');
  if (hex(before) !== hex(after)) account.modseq += 1;
  return done(account, edit.mailbox);
}

function setAcl(
  account: ModelAccount,
  edit: Extract<MailboxEdit, { kind: 'set-acl' }>,
): MailboxEdited {
  const mailbox = editable(account, edit.mailbox);
  if (typeof mailbox === 'string') return fail(mailbox);
  const { identifier, rights } = edit;
  const before = mailbox.acl.get(identifier);
  if (rights === null) mailbox.acl.delete(identifier);
  else {
    if (identifier === '' || /[^a-z0-9]/.test(rights)) return fail('forbidden');
    if (before === undefined && mailbox.acl.size >= mailboxLimits.aclMax) return fail('too-many');
    mailbox.acl.set(identifier, rights);
  }
  if (before !== mailbox.acl.get(identifier)) account.modseq += 1;
  return done(account, edit.mailbox);
}
