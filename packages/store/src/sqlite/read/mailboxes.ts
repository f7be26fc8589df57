/** Reading mailboxes and messages. */

import type {
  ChangesSince,
  DownloadedEntry,
  MaildropEntry,
  MailboxRole,
  MailboxStatus,
  MessageRow,
  MessageSummary,
} from '../../contract.ts';
import { CorruptBlob, flagBits } from '../../contract.ts';
import {
  contentId,
  emailId,
  journeyId,
  mailboxId,
  modSeq,
  uid,
  type AccountId,
  type ContentId,
  type MailboxId,
  type ModSeq,
  type Uid,
} from '../../ids.ts';
import { contentCrc } from '../checksums.ts';
import type { Database } from '../database.ts';
import { inSlices } from './slices.ts';

interface MailboxColumns {
  readonly mailbox_id: number;
  readonly name: string;
  readonly role: MailboxRole | null;
  readonly uidvalidity: number;
  readonly uidnext: number;
  readonly modseq: number;
  readonly total: number;
  readonly unseen: number;
  readonly size: number;
}

interface MessageColumns {
  readonly mailbox_id: number;
  readonly uid: number;
  readonly modseq: number;
  readonly flags: number;
  readonly keywords: string | null;
  readonly content_id: number;
  readonly email_id: number;
  readonly internal_date_ms: number;
  readonly saved_ms: number;
  readonly size: number;
  readonly journey_id: number;
  readonly meta: string;
}

const messageSql = `
  SELECT m.mailbox_id, m.uid, m.modseq, m.flags, m.keywords, m.content_id, m.email_id,
    m.internal_date_ms, m.saved_ms, m.size, m.journey_id, c.meta
  FROM message m JOIN content c USING (account_id, content_id)`;

function messageRow(row: MessageColumns): MessageRow {
  return {
    mailbox: mailboxId(row.mailbox_id),
    uid: uid(row.uid),
    modseq: modSeq(row.modseq),
    flags: row.flags,
    keywords: row.keywords === null ? [] : (JSON.parse(row.keywords) as string[]),
    content: contentId(row.content_id),
    email: emailId(row.email_id),
    internalDateMs: row.internal_date_ms,
    savedMs: row.saved_ms,
    size: row.size,
    journey: journeyId(row.journey_id),
    summary: JSON.parse(row.meta) as MessageSummary,
  };
}

export function listMailboxes(
  db: Database,
  account: AccountId,
  withHidden: boolean,
): readonly MailboxStatus[] {
  const rows = db.all<MailboxColumns>(
    `SELECT b.* FROM mailbox b JOIN account a USING (account_id)
     WHERE account_id = ? AND a.removing = 0 ORDER BY mailbox_id`,
    account,
  );
  return rows
    .filter((row) => withHidden || row.role !== 'downloaded')
    .map((row) => ({
      id: mailboxId(row.mailbox_id),
      name: row.name,
      role: row.role,
      uidValidity: row.uidvalidity,
      uidNext: uid(row.uidnext),
      modseq: modSeq(row.modseq),
      total: row.total,
      unseen: row.unseen,
      sizeBytes: row.size,
    }));
}

export function listMessages(
  db: Database,
  box: { readonly account: AccountId; readonly mailbox: MailboxId },
  slice: { readonly fromUid: Uid; readonly limit: number },
): readonly MessageRow[] {
  const rows = db.all<MessageColumns>(
    `${messageSql} WHERE m.account_id = ? AND m.mailbox_id = ? AND m.uid >= ?
     ORDER BY m.uid LIMIT ?`,
    box.account,
    box.mailbox,
    slice.fromUid,
    slice.limit,
  );
  return rows.map(messageRow);
}

/**
 * The answer is whole up to its modseq: when `limit` cuts it, it ends behind a mutation, never
 * within one, and its modseq is where to ask again from.
 */
export function readChanges(
  db: Database,
  account: AccountId,
  query: { readonly mailbox?: MailboxId; readonly since: ModSeq; readonly limit: number },
): ChangesSince {
  return db.snapshot(() => {
    const state = db.get<{ modseq: number; log_floor: number }>(
      'SELECT modseq, log_floor FROM account WHERE account_id = ? AND removing = 0',
      account,
    );
    if (state === undefined) {
      return { modseq: modSeq(0), changed: [], vanished: [], truncated: false };
    }
    const { since } = query;
    const end = wholeUpTo(db, account, { since, limit: query.limit }) ?? state.modseq;
    const only = query.mailbox ?? null;
    const changed = db.all<MessageColumns>(
      `${messageSql} WHERE m.account_id = ?1 AND m.modseq > ?2 AND m.modseq <= ?3
         AND (?4 IS NULL OR m.mailbox_id = ?4) ORDER BY m.modseq, m.mailbox_id, m.uid`,
      account,
      since,
      end,
      only,
    );
    const vanished = db.all<{ mailbox_id: number; uid: number }>(
      `SELECT mailbox_id, uid FROM expunged WHERE account_id = ?1 AND modseq > ?2
         AND modseq <= ?3 AND (?4 IS NULL OR mailbox_id = ?4) ORDER BY modseq, mailbox_id, uid`,
      account,
      since,
      end,
      only,
    );
    return {
      modseq: modSeq(end),
      changed: changed.map(messageRow),
      vanished: vanished.map((row) => ({
        mailbox: mailboxId(row.mailbox_id),
        uid: uid(row.uid),
      })),
      truncated: since < state.log_floor,
    };
  });
}

/** The modseq at which `limit` is reached; null when everything fits. */
function wholeUpTo(
  db: Database,
  account: AccountId,
  ask: { readonly since: ModSeq; readonly limit: number },
): number | null {
  const ends = ['message', 'expunged'].flatMap((table) =>
    db.all<{ modseq: number }>(
      `SELECT modseq FROM ${table} WHERE account_id = ? AND modseq > ?
       ORDER BY modseq LIMIT 1 OFFSET ?`,
      account,
      ask.since,
      Math.max(ask.limit, 1) - 1,
    ),
  );
  return ends.length === 0 ? null : Math.min(...ends.map((row) => row.modseq));
}

interface DropColumns {
  readonly uid: number;
  readonly email_id: number;
  readonly content_id: number;
  readonly size: number;
  readonly unterminated: number;
  readonly flags: number;
}

export async function readMaildrop(
  db: Database,
  account: AccountId,
): Promise<readonly MaildropEntry[]> {
  const inbox = db.get<{ mailbox_id: number }>(
    `SELECT mailbox_id FROM mailbox JOIN account a USING (account_id)
     WHERE account_id = ? AND role = 'inbox' AND a.removing = 0`,
    account,
  );
  if (inbox === undefined) return [];
  const rows = await inSlices<DropColumns>((after, limit) =>
    db.all(
      `SELECT uid, email_id, content_id, size, unterminated, flags FROM message
       WHERE account_id = ? AND mailbox_id = ? AND uid > ? ORDER BY uid LIMIT ?`,
      account,
      inbox.mailbox_id,
      after?.uid ?? 0,
      limit,
    ),
  );
  return rows
    .filter((row) => (row.flags & flagBits.popHidden) === 0)
    .map((row) => ({
      uid: uid(row.uid),
      email: emailId(row.email_id),
      content: contentId(row.content_id),
      size: row.size,
      unterminated: row.unterminated !== 0,
      seen: (row.flags & flagBits.seen) !== 0,
    }));
}

type DownloadedColumns = MessageColumns & {
  readonly device: string;
  readonly address: string;
  readonly at_ms: number;
  readonly keep_until_ms: number;
};

export async function listDownloaded(
  db: Database,
  account: AccountId,
): Promise<readonly DownloadedEntry[]> {
  const rows = await inSlices<DownloadedColumns>((after, limit) =>
    db.all(
      `SELECT m.mailbox_id, m.uid, m.modseq, m.flags, m.keywords, m.content_id, m.email_id,
         m.internal_date_ms, m.saved_ms, m.size, m.journey_id, c.meta,
         d.device, d.address, d.at_ms, d.keep_until_ms
       FROM mailbox b
       JOIN message m USING (account_id, mailbox_id)
       JOIN content c USING (account_id, content_id)
       JOIN downloaded d ON d.account_id = m.account_id AND d.email_id = m.email_id
       WHERE b.account_id = ? AND b.role = 'downloaded' AND m.uid > ? ORDER BY m.uid LIMIT ?`,
      account,
      after?.uid ?? 0,
      limit,
    ),
  );
  return rows.map((row) => ({
    email: emailId(row.email_id),
    device: row.device,
    address: row.address,
    atMs: row.at_ms,
    keepUntilMs: row.keep_until_ms,
    message: messageRow(row),
  }));
}

export interface ContentRow {
  readonly hash: Uint8Array;
  readonly prefix: Uint8Array;
  readonly size: number;
}

/** Verified: its prefix goes out to clients. */
export function findContent(
  db: Database,
  account: AccountId,
  content: ContentId,
): ContentRow | null {
  const row = db.get<{
    blob_hash: Uint8Array;
    prefix: Uint8Array;
    meta: string;
    size: number;
    crc: number;
  }>(
    `SELECT blob_hash, prefix, meta, size, crc FROM content
     WHERE account_id = ? AND content_id = ?`,
    account,
    content,
  );
  if (row === undefined) return null;
  const { blob_hash: hash, prefix, meta, size } = row;
  if (contentCrc({ hash, prefix, meta, size }) !== row.crc) {
    throw new CorruptBlob(`content ${account}/${content}`, 'its CRC does not fit');
  }
  return { hash, prefix, size };
}
