/** Reading mailboxes and messages. */

import type {
  ChangesSince,
  AclEntry,
  Annotation,
  DownloadedEntry,
  MailboxChanges,
  MaildropEntry,
  MailboxRole,
  MailboxStatus,
  MessageRow,
  MessageSummary,
  SharedMailbox,
} from '../../contract.ts';
import { CorruptBlob, flagBits } from '../../contract.ts';
import {
  accountId,
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
import { properName } from '../../mailbox-names.ts';
import { anyone, effectiveRights } from '../../rights.ts';
import { contentCrc } from '../checksums.ts';
import type { Database } from '../database.ts';
import { KeywordCounts, readKeywords } from '../mailbox-counters.ts';
import { countersOf, listChangedRows } from './listings.ts';
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
  readonly deleted: number;
  readonly deleted_size: number;
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
    keywords: readKeywords(row.keywords),
    content: contentId(row.content_id),
    email: emailId(row.email_id),
    internalDateMs: row.internal_date_ms,
    savedMs: row.saved_ms,
    size: row.size,
    journey: journeyId(row.journey_id),
    summary: JSON.parse(row.meta) as MessageSummary,
  };
}

/** Their columns, of accounts that are not being taken apart. */
const mailboxSql = `
  SELECT b.account_id, b.mailbox_id, b.name, b.role, b.uidvalidity, b.uidnext, b.modseq, b.total,
    b.unseen, b.size, b.deleted, b.deleted_size
  FROM mailbox b JOIN account a ON a.account_id = b.account_id AND a.removing = 0`;

function mailboxStatus(row: MailboxColumns): MailboxStatus {
  return {
    id: mailboxId(row.mailbox_id),
    name: row.name,
    role: row.role,
    uidValidity: row.uidvalidity,
    uidNext: uid(row.uidnext),
    modseq: modSeq(row.modseq),
    total: row.total,
    unseen: row.unseen,
    deleted: row.deleted,
    deletedBytes: row.deleted_size,
    sizeBytes: row.size,
  };
}

export function findMailbox(
  db: Database,
  account: AccountId,
  which: MailboxId | string,
): MailboxStatus | null {
  const row =
    typeof which === 'number'
      ? db.get<MailboxColumns>(
          `${mailboxSql} WHERE b.account_id = ? AND b.mailbox_id = ?`,
          account,
          which,
        )
      : db.get<MailboxColumns>(
          `${mailboxSql} WHERE b.account_id = ? AND b.name = ?`,
          account,
          properName(which),
        );
  return row === undefined ? null : mailboxStatus(row);
}

export function listMailboxes(
  db: Database,
  account: AccountId,
  withHidden: boolean,
): readonly MailboxStatus[] {
  const rows = db.all<MailboxColumns>(
    `${mailboxSql} WHERE b.account_id = ? ORDER BY b.mailbox_id`,
    account,
  );
  return rows.filter((row) => withHidden || row.role !== 'downloaded').map(mailboxStatus);
}

export function listSubscriptions(db: Database, account: AccountId): readonly string[] {
  const rows = db.all<{ name: string }>(
    `SELECT name FROM subscription JOIN account a USING (account_id)
     WHERE account_id = ? AND a.removing = 0 ORDER BY name`,
    account,
  );
  return rows.map((row) => row.name);
}

export function listAnnotations(
  db: Database,
  account: AccountId,
  mailbox: MailboxId | null,
): readonly Annotation[] {
  const rows = db.all<Annotation>(
    `SELECT entry, value FROM annotation JOIN account a USING (account_id)
     WHERE account_id = ? AND mailbox_id = ? AND a.removing = 0 ORDER BY entry`,
    account,
    mailbox ?? 0,
  );
  return rows.map(({ entry, value }) => ({ entry, value }));
}

export function listAcl(db: Database, account: AccountId, mailbox: MailboxId): readonly AclEntry[] {
  const rows = db.all<AclEntry>(
    `SELECT identifier, rights FROM acl JOIN account a USING (account_id)
     WHERE account_id = ? AND mailbox_id = ? AND a.removing = 0 ORDER BY identifier`,
    account,
    mailbox,
  );
  return rows.map(({ identifier, rights }) => ({ identifier, rights }));
}

type SharedColumns = MailboxColumns & {
  readonly account_id: number;
  readonly owner_address: string;
};

export function listShared(db: Database, account: AccountId): readonly SharedMailbox[] {
  const address = db.get<{ address: string }>(
    'SELECT address FROM profile WHERE account_id = ?',
    account,
  )?.address;
  if (address === undefined) return [];
  const rows = db.all<SharedColumns>(
    `SELECT b.*, p.address AS owner_address FROM
       (SELECT DISTINCT account_id, mailbox_id FROM acl WHERE identifier IN (?1, ?2)) s
     JOIN (${mailboxSql}) b USING (account_id, mailbox_id)
     JOIN profile p USING (account_id)
     WHERE b.account_id <> ?3 ORDER BY p.address, b.name`,
    address,
    anyone,
    account,
  );
  return rows.flatMap((row) => {
    const owner = accountId(row.account_id);
    const status = mailboxStatus(row);
    const rights = effectiveRights(listAcl(db, owner, status.id), address);
    if (!rights.includes('l')) return [];
    return [{ owner, ownerAddress: row.owner_address, rights, status }];
  });
}

export function listKeywords(
  db: Database,
  account: AccountId,
  mailbox: MailboxId,
): readonly string[] {
  const row = db.get<{ keywords: string | null }>(
    `SELECT b.keywords FROM mailbox b JOIN account a USING (account_id)
     WHERE account_id = ? AND mailbox_id = ? AND a.removing = 0`,
    account,
    mailbox,
  );
  return new KeywordCounts(row?.keywords ?? null).keywords();
}

export function listMessages(
  db: Database,
  box: { readonly account: AccountId; readonly mailbox: MailboxId },
  slice: { readonly fromUid: Uid; readonly limit: number },
): readonly MessageRow[] {
  if (countersOf(db, box) === null) return [];
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
    const end = wholeUpTo(db, account, query) ?? state.modseq;
    const only = query.mailbox ?? null;
    const changed = db.all<MessageColumns>(
      `${messageSql} WHERE m.account_id = ?1 AND m.modseq > ?2 AND m.modseq <= ?3
         AND (?4 IS NULL OR m.mailbox_id = ?4)
         AND EXISTS (SELECT 1 FROM mailbox b
           WHERE b.account_id = m.account_id AND b.mailbox_id = m.mailbox_id)
       ORDER BY m.modseq, m.mailbox_id, m.uid`,
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

/** As `readChanges`, of one mailbox and without reading summaries. */
export function readMailboxChanges(
  db: Database,
  box: { readonly account: AccountId; readonly mailbox: MailboxId },
  query: { readonly since: ModSeq; readonly limit: number },
): MailboxChanges {
  return db.snapshot(() => {
    const { account, mailbox } = box;
    const { since } = query;
    const state = db.get<{ modseq: number; log_floor: number }>(
      'SELECT modseq, log_floor FROM account WHERE account_id = ? AND removing = 0',
      account,
    );
    if (state === undefined) {
      return { modseq: modSeq(0), changed: [], vanished: [], truncated: false };
    }
    const end = wholeUpTo(db, account, { mailbox, ...query }) ?? state.modseq;
    const vanished = db.rows<readonly [uid: number]>(
      `SELECT uid FROM expunged WHERE account_id = ? AND modseq > ? AND modseq <= ?
         AND mailbox_id = ? ORDER BY modseq, uid`,
      account,
      since,
      end,
      mailbox,
    );
    return {
      modseq: modSeq(end),
      changed: listChangedRows(db, box, { after: since, upTo: end }),
      vanished: vanished.map(([each]) => uid(each)),
      truncated: since < state.log_floor,
    };
  });
}

/** The modseq at which `limit` is reached; null when everything fits. */
function wholeUpTo(
  db: Database,
  account: AccountId,
  ask: { readonly mailbox?: MailboxId; readonly since: ModSeq; readonly limit: number },
): number | null {
  const ends = ['message', 'expunged'].flatMap((table) =>
    db.all<{ modseq: number }>(
      `SELECT modseq FROM ${table} WHERE account_id = ?1 AND modseq > ?2
         AND (?3 IS NULL OR mailbox_id = ?3) ORDER BY modseq LIMIT 1 OFFSET ?4`,
      account,
      ask.since,
      ask.mailbox ?? null,
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
       JOIN downloaded d ON d.account_id = m.account_id AND d.uid = m.uid
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
