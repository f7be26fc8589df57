/**
 * What a repair has lost or doubts, in the words of people: whose it is, in which mailbox, its
 * subject. The numbers of the rows stand behind, for whoever looks into the database.
 */

import { journeyId } from '../../ids.ts';
import type { Database } from '../database.ts';

export interface LostMessage {
  readonly account: number;
  /** null: nobody knows in which mailboxes it was. */
  readonly mailbox: number | null;
  /** Its uid, or without a mailbox that of its content. */
  readonly number: number;
  /** Listing data as JSON, or what is left of it; null: gone. */
  readonly meta: string | null;
  readonly journey?: number;
}

/** `you@merpati.test, INBOX, "Laporan" (1/1/7)`. */
export function nameMessage(db: Database, lost: LostMessage): string {
  const { account, mailbox, number, meta, journey = 0 } = lost;
  const subject = subjectOf(meta) ?? subjectOfJourney(db, journey);
  const words = [addressOf(db, account)];
  if (mailbox !== null) words.push(nameOfMailbox(db, account, mailbox));
  if (subject !== null) words.push(JSON.stringify(subject));
  const numbers = mailbox === null ? `${account}/${number}` : `${account}/${mailbox}/${number}`;
  return `${words.join(', ')} (${numbers})`;
}

/** `tono@lain.test to rina@surat.test, "Laporan" (queue 7)`; `first` is its message's first row. */
export function nameQueued(db: Database, first: number): string {
  const message = db.get<{ sender: string; journey_id: number }>(
    'SELECT sender, journey_id FROM queue_message WHERE first_id = ?',
    first,
  );
  const rows = db.all<{ recipient: string }>(
    'SELECT recipient FROM queue WHERE first_id = ? ORDER BY queue_id',
    first,
  );
  const people = rows.map(({ recipient }) => recipient).join(', ');
  const subject = subjectOfJourney(db, message?.journey_id ?? 0);
  const about = subject === null ? '' : `, ${JSON.stringify(subject)}`;
  return `${message?.sender || '<>'} to ${people}${about} (queue ${first})`;
}

/** `1` and `1/2` of a broken seal: the account, and its mailbox; anything else as it is. */
export function nameRow(db: Database, where: string): string {
  const [, account, , mailbox, rest = ''] = /^(\d+)(\/(\d+))?( .*)?$/s.exec(where) ?? [];
  if (account === undefined) return where;
  const address = addressOf(db, Number(account));
  if (mailbox === undefined) return `${address}${rest} (${account})`;
  const name = nameOfMailbox(db, Number(account), Number(mailbox));
  return `${address}, ${name}${rest} (${account}/${mailbox})`;
}

function addressOf(db: Database, account: number): string {
  const sql = 'SELECT address FROM profile WHERE account_id = ?';
  return db.get<{ address: string }>(sql, account)?.address ?? `account ${account}`;
}

function nameOfMailbox(db: Database, account: number, mailbox: number): string {
  const row = db.get<{ name: string }>(
    'SELECT name FROM mailbox WHERE account_id = ? AND mailbox_id = ?',
    account,
    mailbox,
  );
  return row?.name ?? `mailbox ${mailbox}`;
}

function subjectOf(meta: string | null): string | null {
  try {
    const { subject } = JSON.parse(meta ?? '{}') as { subject?: unknown };
    return typeof subject === 'string' && subject !== '' ? subject : null;
  } catch {
    return null; // the damage is in here
  }
}

function subjectOfJourney(db: Database, id: number): string | null {
  const sql = 'SELECT subject FROM journey WHERE journey_id = ?';
  return db.get<{ subject: string | null }>(sql, journeyId(id))?.subject ?? null;
}
