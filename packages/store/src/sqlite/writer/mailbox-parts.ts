/**
 * What belongs to mailboxes besides messages: subscriptions (RFC 9051 §6.3.7), annotations (RFC
 * 5464) and access control lists (RFC 4314). An edit that changes nothing takes no modseq.
 */

import type { MailboxEdit } from '../../contract.ts';
import { mailboxLimits } from '../../contract.ts';
import { properName } from '../../mailbox-names.ts';
import { aclSeal, annotationSeal, subscriptionSeal } from '../seals.ts';
import type { AccountState } from './accounts.ts';
import type { WriterContext } from './context.ts';

type PartEdit = Extract<
  MailboxEdit,
  { kind: 'subscribe' | 'unsubscribe' | 'annotate' | 'set-acl' }
>;

type PartEdited =
  | {
      readonly id: number | null;
      readonly name: string;
      readonly oldName: null;
      readonly modseq: number;
    }
  | 'not-found'
  | 'forbidden'
  | 'too-many'
  | 'too-big';

export function editPart(
  context: WriterContext,
  account: AccountState,
  edit: PartEdit,
): PartEdited {
  switch (edit.kind) {
    case 'subscribe':
    case 'unsubscribe':
      return editSubscription(context, account, edit);
    case 'annotate':
      return annotate(context, account, edit);
    case 'set-acl':
      return setAcl(context, account, edit);
    default:
      return edit satisfies never;
  }
}

function done(
  account: AccountState,
  what: { readonly id: number | null; readonly name: string; readonly isChanged: boolean },
): PartEdited {
  const modseq = what.isChanged ? account.takeModseq() : account.modseq;
  return { id: what.id, name: what.name, oldName: null, modseq };
}

function editSubscription(
  context: WriterContext,
  account: AccountState,
  edit: Extract<PartEdit, { kind: 'subscribe' | 'unsubscribe' }>,
): PartEdited {
  const { db } = context;
  const name = properName(edit.name);
  if (edit.kind === 'unsubscribe') {
    const sql = 'DELETE FROM subscription WHERE account_id = ? AND name = ?';
    return done(account, { id: null, name, isChanged: db.run(sql, account.id, name) > 0 });
  }
  if (name === '' || Buffer.byteLength(name) > mailboxLimits.nameBytesMax) return 'forbidden';
  const count = countOf(context, 'subscription WHERE account_id = ?', account.id);
  const isChanged = subscribe(context, account, name);
  if (isChanged && count >= mailboxLimits.subscriptionsMax) {
    db.run('DELETE FROM subscription WHERE account_id = ? AND name = ?', account.id, name);
    return 'too-many';
  }
  return done(account, { id: null, name, isChanged });
}

/** Answers whether it was not before. */
export function subscribe({ db }: WriterContext, account: AccountState, name: string): boolean {
  const row = { account_id: account.id, name };
  const count = db.run(
    'INSERT OR IGNORE INTO subscription (account_id, name, crc) VALUES (?, ?, ?)',
    row.account_id,
    row.name,
    subscriptionSeal(row),
  );
  return count > 0;
}

function annotate(
  context: WriterContext,
  account: AccountState,
  edit: Extract<PartEdit, { kind: 'annotate' }>,
): PartEdited {
  const { db } = context;
  const { entry, value } = edit;
  const mailbox = edit.mailbox === null ? null : account.mailboxes.get(edit.mailbox);
  if (mailbox === undefined) return 'not-found';
  if (mailbox?.role === 'downloaded') return 'forbidden';
  const key = [account.id, mailbox?.id ?? 0, entry] as const;
  const place = { id: edit.mailbox, name: mailbox?.name ?? '' };
  const where = 'account_id = ? AND mailbox_id = ? AND entry = ?';
  if (value === null) {
    const count = db.run(`DELETE FROM annotation WHERE ${where}`, ...key);
    return done(account, { ...place, isChanged: count > 0 });
  }
  if (value.length > mailboxLimits.annotationBytesMax) return 'too-big';
  if (entry === '' || Buffer.byteLength(entry) > mailboxLimits.nameBytesMax) return 'forbidden';
  const before = db.get<{ value: Uint8Array }>(
    `SELECT value FROM annotation WHERE ${where}`,
    ...key,
  );
  if (before !== undefined && Buffer.compare(before.value, value) === 0) {
    return done(account, { ...place, isChanged: false });
  }
  if (!hasRoom(context, key, { before: before?.value ?? null, value })) return 'too-many';
  db.run(
    `INSERT OR REPLACE INTO annotation (account_id, mailbox_id, entry, value, crc)
     VALUES (?, ?, ?, ?, ?)`,
    ...key,
    value,
    annotationSeal({ account_id: key[0], mailbox_id: key[1], entry, value }),
  );
  return done(account, { ...place, isChanged: true });
}

function hasRoom(
  context: WriterContext,
  [account, mailbox]: readonly [number, number, string],
  { before, value }: { readonly before: Uint8Array | null; readonly value: Uint8Array },
): boolean {
  const { annotationsMax, annotationsTotalMax, annotationsTotalBytesMax } = mailboxLimits;
  const all = context.db.get<{ n: number; octets: number }>(
    'SELECT count(*) AS n, total(length(value)) AS octets FROM annotation WHERE account_id = ?',
    account,
  ) ?? { n: 0, octets: 0 };
  const octets = all.octets - (before?.length ?? 0) + value.length;
  if (octets > annotationsTotalBytesMax) return false;
  const here = 'annotation WHERE account_id = ? AND mailbox_id = ?';
  const isFull =
    all.n >= annotationsTotalMax || countOf(context, here, account, mailbox) >= annotationsMax;
  return before !== null || !isFull;
}

function setAcl(
  context: WriterContext,
  account: AccountState,
  edit: Extract<PartEdit, { kind: 'set-acl' }>,
): PartEdited {
  const { db } = context;
  const { identifier, rights } = edit;
  const mailbox = account.mailboxes.get(edit.mailbox);
  if (mailbox === undefined) return 'not-found';
  if (mailbox.role === 'downloaded') return 'forbidden';
  const place = { id: mailbox.id, name: mailbox.name };
  const key = [account.id, mailbox.id, identifier] as const;
  const where = 'account_id = ? AND mailbox_id = ? AND identifier = ?';
  if (rights === null) {
    const count = db.run(`DELETE FROM acl WHERE ${where}`, ...key);
    return done(account, { ...place, isChanged: count > 0 });
  }
  const isOdd = identifier === '' || Buffer.byteLength(identifier) > mailboxLimits.nameBytesMax;
  if (isOdd || !/^[a-z0-9]{0,36}$/.test(rights)) return 'forbidden';
  const before = db.get<{ rights: string }>(`SELECT rights FROM acl WHERE ${where}`, ...key);
  if (before?.rights === rights) return done(account, { ...place, isChanged: false });
  const count = countOf(context, 'acl WHERE account_id = ? AND mailbox_id = ?', key[0], key[1]);
  if (before === undefined && count >= mailboxLimits.aclMax) return 'too-many';
  db.run(
    `INSERT OR REPLACE INTO acl (account_id, mailbox_id, identifier, rights, crc)
     VALUES (?, ?, ?, ?, ?)`,
    ...key,
    rights,
    aclSeal({ account_id: key[0], mailbox_id: key[1], identifier, rights }),
  );
  return done(account, { ...place, isChanged: true });
}

/** Of a mailbox that goes. */
export function dropParts({ db }: WriterContext, account: AccountState, mailbox: number): void {
  for (const table of ['annotation', 'acl']) {
    db.run(`DELETE FROM ${table} WHERE account_id = ? AND mailbox_id = ?`, account.id, mailbox);
  }
}

/** Nobody who gets this address later shall find doors open that were opened for another one. */
export function dropRightsOf({ db }: WriterContext, address: string): void {
  db.run('DELETE FROM acl WHERE identifier IN (?, ?)', address, `-${address}`);
}

function countOf({ db }: WriterContext, from: string, ...values: number[]): number {
  return db.get<{ n: number }>(`SELECT count(*) AS n FROM ${from}`, ...values)?.n ?? 0;
}
