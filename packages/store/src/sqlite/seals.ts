/**
 * Checksums over rows that are not served to clients as they are, but decide what is: a flipped bit
 * in a UID, a flag or a recipient is as wrong as one in a body, and SQLite does not notice it.
 * `check` compares them.
 */

import { crc32 } from 'node:zlib';
import type { Database } from './database.ts';

export interface MessageSealed {
  readonly uid: number;
  readonly modseq: number;
  readonly flags: number;
  readonly keywords: string | null;
  readonly content_id: number;
  readonly email_id: number;
  readonly internal_date_ms: number;
  readonly saved_ms: number;
  readonly size: number;
  readonly unterminated: number;
  readonly journey_id: number;
}

/**
 * Of one message row, in two parts. A mailbox keeps the XOR of all of them, so that each change is
 * cheap; there are very many, so that they are made of numbers without writing them down first.
 */
export function messageSeal(row: MessageSealed): number {
  let hash = sealStart;
  hash = mixNumber(hash, row.uid);
  hash = mixNumber(hash, row.content_id);
  hash = mixNumber(hash, row.email_id);
  hash = mixNumber(hash, row.internal_date_ms);
  hash = mixNumber(hash, row.saved_ms);
  hash = mixNumber(hash, row.size);
  hash = mixNumber(hash, row.unterminated);
  hash = mixNumber(hash, row.journey_id);
  return finish(hash) ^ flagsSeal(row) ^ keywordsSeal(row);
}

/** The part that an edit of system flags changes. */
export function flagsSeal(row: Pick<MessageSealed, 'uid' | 'modseq' | 'flags'>): number {
  return finish(mix(mixNumber(mixNumber(flagsStart, row.uid), row.modseq), row.flags));
}

function keywordsSeal({ uid, keywords }: Pick<MessageSealed, 'uid' | 'keywords'>): number {
  return keywords === null ? 0 : crc32(`${uid} ${keywords}`);
}

const sealStart = 0x2c1b3c6d;
const flagsStart = 0x297a2d39;

/** Both halves of a number up to 2^53. */
function mixNumber(hash: number, value: number): number {
  return mix(mix(hash, value | 0), Math.floor(value / 0x1_0000_0000));
}

/** MurmurHash3, 32 bits: a different word always makes a different hash. */
function mix(hash: number, word: number): number {
  let scrambled = Math.imul(word, 0xcc9e2d51);
  scrambled = Math.imul((scrambled << 15) | (scrambled >>> 17), 0x1b873593);
  const mixed = hash ^ scrambled;
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

function finish(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

export interface MailboxSealed {
  readonly account_id: number;
  readonly mailbox_id: number;
  readonly name: string;
  readonly role: string | null;
  readonly uidvalidity: number;
  readonly uidnext: number;
  readonly modseq: number;
  readonly total: number;
  readonly unseen: number;
  readonly size: number;
  readonly deleted: number;
  readonly deleted_size: number;
  readonly keywords: string | null;
  readonly digest: number;
}

export function mailboxSeal(row: MailboxSealed): number {
  return crc32(
    `${row.account_id} ${row.mailbox_id} ${row.name}\0${row.role ?? ''} ${row.uidvalidity} ` +
      `${row.uidnext} ${row.modseq} ${row.total} ${row.unseen} ${row.size} ${row.deleted} ` +
      `${row.deleted_size} ${row.keywords ?? ''} ${row.digest}`,
  );
}

export interface AccountSealed {
  readonly account_id: number;
  readonly quota: number | null;
  readonly used: number;
  readonly messages: number;
  readonly modseq: number;
  readonly next_mailbox: number;
  readonly next_content: number;
  readonly next_email: number;
  readonly next_password: number;
  readonly next_uidvalidity: number;
  readonly log_floor: number;
  readonly log_size: number;
  readonly pop_policy: string;
  readonly pop_keep_days: number;
}

export function accountSeal(row: AccountSealed): number {
  return crc32(
    `${row.account_id} ${row.quota ?? ''} ${row.used} ${row.messages} ${row.modseq} ` +
      `${row.next_mailbox} ${row.next_content} ${row.next_email} ${row.next_password} ` +
      `${row.next_uidvalidity} ${row.log_floor} ${row.log_size} ${row.pop_policy} ` +
      `${row.pop_keep_days}`,
  );
}

export interface ProfileSealed {
  readonly account_id: number;
  readonly address: string;
  readonly display_name: string;
  readonly state: string;
  readonly messages_per_day: number;
  readonly new_recipients_per_day: number;
  readonly hide_client_address: number;
  readonly credential: string;
  readonly created_ms: number;
}

export function profileSeal(row: ProfileSealed): number {
  return crc32(
    `${row.account_id} ${row.address}\0${row.display_name}\0${row.state} ${row.messages_per_day} ` +
      `${row.new_recipients_per_day} ${row.hide_client_address} ${row.credential}\0` +
      `${row.created_ms}`,
  );
}

export interface QueueSealed {
  readonly queue_id: number;
  readonly first_id: number;
  readonly recipient: string;
  readonly domain: string;
  readonly notify: string;
  readonly orcpt: string | null;
}

/** What never changes of a queue row: above all, to whom it goes. */
export function queueSeal(row: QueueSealed): number {
  return crc32(
    [row.queue_id, row.first_id, row.recipient, row.domain, row.notify, row.orcpt].join('\0'),
  );
}

export interface SubscriptionSealed {
  readonly account_id: number;
  readonly name: string;
}

export function subscriptionSeal(row: SubscriptionSealed): number {
  return crc32(`${row.account_id} ${row.name}`);
}

export interface AnnotationSealed {
  readonly account_id: number;
  readonly mailbox_id: number;
  readonly entry: string;
  readonly value: Uint8Array;
}

export function annotationSeal(row: AnnotationSealed): number {
  return crc32(row.value, crc32(`${row.account_id} ${row.mailbox_id} ${row.entry}\0`));
}

export interface AclSealed {
  readonly account_id: number;
  readonly mailbox_id: number;
  readonly identifier: string;
  readonly rights: string;
}

/** Who may read whose mail. */
export function aclSeal(row: AclSealed): number {
  return crc32(`${row.account_id} ${row.mailbox_id} ${row.identifier}\0${row.rights}`);
}

export interface RecordSealed {
  readonly kind: string;
  readonly name: string;
  readonly value: string;
  readonly version: number;
  readonly changed_ms: number;
  readonly expires_ms: number | null;
}

export function recordSeal(row: RecordSealed): number {
  const { kind, name, value, version, changed_ms, expires_ms } = row;
  return crc32([kind, name, value, version, changed_ms, expires_ms].join('\0'));
}

/** Writes the profile's seal anew, after some of its columns have changed. */
export function sealProfile(db: Database, account: number): void {
  const row = db.get<ProfileSealed>('SELECT * FROM profile WHERE account_id = ?', account);
  if (row === undefined) return;
  db.run('UPDATE profile SET crc = ? WHERE account_id = ?', profileSeal(row), account);
}

/** XOR over the messages of a mailbox. */
export function digestOf(db: Database, account: number, mailbox: number): number {
  const rows = db
    .statement('SELECT * FROM message WHERE account_id = ? AND mailbox_id = ?')
    .iterate(account, mailbox);
  let digest = 0;
  for (const row of rows) digest ^= messageSeal(row as unknown as MessageSealed);
  return digest;
}

export interface BrokenSeal {
  readonly code: string;
  readonly where: string;
  readonly message: string;
}

/** Without those of accounts that are being taken apart, slice by slice. */
const mailboxesThere = `
  SELECT b.* FROM mailbox b JOIN account a USING (account_id) WHERE a.removing = 0`;

/** Numbers, flags, names and addresses that have changed without anybody changing them. */
export function* brokenSeals(db: Database): Generator<BrokenSeal> {
  for (const row of db.all<MailboxSealed & Crc>(mailboxesThere)) {
    const where = `${row.account_id}/${row.mailbox_id}`;
    if (digestOf(db, row.account_id, row.mailbox_id) !== row.digest) {
      yield { code: 'mailbox.digest', where, message: 'numbers or flags of messages have changed' };
    }
    if (mailboxSeal(row) !== row.crc) {
      yield { code: 'mailbox.crc', where, message: 'its name or numbers have changed' };
    }
  }
  for (const row of db.all<AccountSealed & Crc>('SELECT * FROM account')) {
    if (accountSeal(row) === row.crc) continue;
    yield {
      code: 'account.crc',
      where: String(row.account_id),
      message: 'its numbers have changed',
    };
  }
  for (const row of db.all<ProfileSealed & Crc>('SELECT * FROM profile')) {
    if (profileSeal(row) === row.crc) continue;
    const message = 'its settings or its password have changed';
    yield { code: 'profile.crc', where: row.address, message };
  }
  for (const row of db.all<QueueSealed & Crc>('SELECT * FROM queue')) {
    if (queueSeal(row) === row.crc) continue;
    const message = `the recipient, now ${row.recipient}, has changed`;
    yield { code: 'queue.row.crc', where: String(row.queue_id), message };
  }
  for (const row of db.statement('SELECT * FROM record').iterate()) {
    const sealed = row as unknown as RecordSealed & Crc;
    if (recordSeal(sealed) === sealed.crc) continue;
    const where = `${sealed.kind} ${sealed.name}`;
    yield { code: 'record.crc', where, message: 'its name or value has changed' };
  }
  yield* brokenMailboxSeals(db);
}

/** Of what belongs to mailboxes besides messages. */
function* brokenMailboxSeals(db: Database): Generator<BrokenSeal> {
  for (const row of db.all<SubscriptionSealed & Crc>('SELECT * FROM subscription')) {
    if (subscriptionSeal(row) === row.crc) continue;
    const message = `the name, now ${row.name}, has changed`;
    yield { code: 'subscription.crc', where: `${row.account_id} ${row.name}`, message };
  }
  for (const row of db.statement('SELECT * FROM annotation').iterate()) {
    const sealed = row as unknown as AnnotationSealed & Crc;
    if (annotationSeal(sealed) === sealed.crc) continue;
    const where = `${sealed.account_id}/${sealed.mailbox_id} ${sealed.entry}`;
    yield { code: 'annotation.crc', where, message: 'its name or value has changed' };
  }
  for (const row of db.all<AclSealed & Crc>('SELECT * FROM acl')) {
    if (aclSeal(row) === row.crc) continue;
    const where = `${row.account_id}/${row.mailbox_id} ${row.identifier}`;
    yield { code: 'acl.crc', where, message: 'who may do what has changed' };
  }
}

interface Crc {
  readonly crc: number;
}

/** All of them as the rows are now: after a migration, a restore, a repair. */
export function sealAll(db: Database): void {
  for (const row of db.all<MailboxSealed>('SELECT * FROM mailbox')) {
    const digest = digestOf(db, row.account_id, row.mailbox_id);
    db.run(
      'UPDATE mailbox SET digest = ?, crc = ? WHERE account_id = ? AND mailbox_id = ?',
      digest,
      mailboxSeal({ ...row, digest }),
      row.account_id,
      row.mailbox_id,
    );
  }
  for (const row of db.all<AccountSealed>('SELECT * FROM account')) {
    db.run('UPDATE account SET crc = ? WHERE account_id = ?', accountSeal(row), row.account_id);
  }
  for (const row of db.all<ProfileSealed>('SELECT * FROM profile')) {
    db.run('UPDATE profile SET crc = ? WHERE account_id = ?', profileSeal(row), row.account_id);
  }
  for (const row of db.all<QueueSealed>('SELECT * FROM queue')) {
    db.run('UPDATE queue SET crc = ? WHERE queue_id = ?', queueSeal(row), row.queue_id);
  }
  sealPartsOfMailboxes(db);
}

function sealPartsOfMailboxes(db: Database): void {
  for (const row of db.all<SubscriptionSealed>('SELECT * FROM subscription')) {
    db.run(
      'UPDATE subscription SET crc = ? WHERE account_id = ? AND name = ?',
      subscriptionSeal(row),
      row.account_id,
      row.name,
    );
  }
  for (const row of db.all<AnnotationSealed>('SELECT * FROM annotation')) {
    db.run(
      'UPDATE annotation SET crc = ? WHERE account_id = ? AND mailbox_id = ? AND entry = ?',
      annotationSeal(row),
      row.account_id,
      row.mailbox_id,
      row.entry,
    );
  }
  for (const row of db.all<AclSealed>('SELECT * FROM acl')) {
    db.run(
      'UPDATE acl SET crc = ? WHERE account_id = ? AND mailbox_id = ? AND identifier = ?',
      aclSeal(row),
      row.account_id,
      row.mailbox_id,
      row.identifier,
    );
  }
}
