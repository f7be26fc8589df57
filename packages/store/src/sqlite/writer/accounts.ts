/**
 * Counters of accounts and mailboxes. The writer is the only one who changes them, so it keeps
 * those in use in memory, allocates UIDs, modseqs and ids from them and writes each changed row
 * once per commit.
 */

import { flagBits, type MailboxRole } from '../../contract.ts';
import type { Database } from '../database.ts';
import { KeywordCounts } from '../mailbox-counters.ts';
import {
  accountSeal,
  mailboxSeal,
  messageSeal,
  type AccountSealed,
  type MessageSealed,
} from '../seals.ts';

export interface MailboxState {
  readonly id: number;
  name: string;
  readonly role: MailboxRole | null;
  readonly uidValidity: number;
  uidNext: number;
  modseq: number;
  total: number;
  unseen: number;
  size: number;
  deleted: number;
  deletedSize: number;
  readonly keywords: KeywordCounts;
  /** XOR of the seals of its messages. */
  digest: number;
  isDirty: boolean;
}

/** Accounts kept in memory; about 2 KB each. */
const accountsMax = 4000;

export class AccountState {
  readonly id: number;
  readonly address: string;
  quota: number | null;
  popPolicy: 'hide' | 'leave-copy';
  popKeepDays: number;
  used: number;
  messages: number;
  modseq: number;
  nextMailbox: number;
  nextContent: number;
  nextEmail: number;
  nextPassword: number;
  nextUidValidity: number;
  logFloor: number;
  logSize: number;
  isDirty = false;
  readonly mailboxes = new Map<number, MailboxState>();

  constructor(row: AccountColumns) {
    this.id = row.account_id;
    this.address = row.address;
    this.quota = row.quota;
    this.popPolicy = row.pop_policy;
    this.popKeepDays = row.pop_keep_days;
    this.used = row.used;
    this.messages = row.messages;
    this.modseq = row.modseq;
    this.nextMailbox = row.next_mailbox;
    this.nextContent = row.next_content;
    this.nextEmail = row.next_email;
    this.nextPassword = row.next_password;
    this.nextUidValidity = row.next_uidvalidity;
    this.logFloor = row.log_floor;
    this.logSize = row.log_size;
  }

  /** One per mutation. */
  takeModseq(): number {
    this.isDirty = true;
    this.modseq += 1;
    return this.modseq;
  }

  /** As the database has them. */
  columns(): AccountSealed {
    return {
      account_id: this.id,
      quota: this.quota,
      used: this.used,
      messages: this.messages,
      modseq: this.modseq,
      next_mailbox: this.nextMailbox,
      next_content: this.nextContent,
      next_email: this.nextEmail,
      next_password: this.nextPassword,
      next_uidvalidity: this.nextUidValidity,
      log_floor: this.logFloor,
      log_size: this.logSize,
      pop_policy: this.popPolicy,
      pop_keep_days: this.popKeepDays,
    };
  }

  /** By id or by role. */
  findMailbox(wanted: number | string): MailboxState | null {
    if (typeof wanted === 'number') return this.mailboxes.get(wanted) ?? null;
    for (const mailbox of this.mailboxes.values()) if (mailbox.role === wanted) return mailbox;
    return null;
  }

  /** Where a message goes; one for a role that nobody has goes to the inbox. */
  findRoom(wanted: number | string): MailboxState | null {
    const found = this.findMailbox(wanted);
    return found === null && typeof wanted === 'string' ? this.findMailbox('inbox') : found;
  }

  /** Counts a message row in (`sign` 1) or out (-1). */
  count(mailbox: MailboxState, message: MessageSealed, sign: 1 | -1): void {
    mailbox.isDirty = true;
    mailbox.total += sign;
    mailbox.size += sign * message.size;
    if ((message.flags & flagBits.seen) === 0) mailbox.unseen += sign;
    if ((message.flags & flagBits.deleted) !== 0) {
      mailbox.deleted += sign;
      mailbox.deletedSize += sign * message.size;
    }
    mailbox.keywords.count(message.keywords, sign);
    mailbox.digest ^= messageSeal(message);
    if (mailbox.role === 'downloaded') return;
    this.isDirty = true;
    this.used += sign * message.size;
    this.messages += sign;
  }
}

interface AccountColumns {
  readonly account_id: number;
  readonly address: string;
  readonly quota: number | null;
  readonly pop_policy: 'hide' | 'leave-copy';
  readonly pop_keep_days: number;
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
}

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
  readonly keywords: string | null;
  readonly digest: number;
}

export class AccountBook {
  readonly #db: Database;
  readonly #accounts = new Map<number, AccountState>();
  /** Those read or changed since the last flush; only they can be dirty. */
  readonly #touched = new Set<AccountState>();

  constructor(db: Database) {
    this.#db = db;
  }

  /** null: there is no such account, or it is being removed. */
  find(id: number): AccountState | null {
    const account = this.#accounts.get(id) ?? this.#load(id);
    if (account !== null) this.#touched.add(account);
    return account;
  }

  /** Writes what changed; part of each transaction. */
  flush(): void {
    for (const account of this.#touched) {
      if (account.isDirty) this.#writeAccount(account);
      for (const mailbox of account.mailboxes.values()) {
        if (mailbox.isDirty) this.#writeMailbox(account, mailbox);
      }
    }
    this.#touched.clear();
    for (const id of this.#accounts.keys()) {
      if (this.#accounts.size <= accountsMax) break;
      this.#accounts.delete(id);
    }
  }

  /** After a rollback nothing in memory can be trusted. */
  forget(id?: number): void {
    if (id === undefined) {
      this.#accounts.clear();
      this.#touched.clear();
      return;
    }
    const account = this.#accounts.get(id);
    this.#accounts.delete(id);
    if (account !== undefined) this.#touched.delete(account);
  }

  #load(id: number): AccountState | null {
    const row = this.#db.get<AccountColumns>(
      `SELECT a.*, p.address FROM account a JOIN profile p USING (account_id)
       WHERE account_id = ? AND removing = 0`,
      id,
    );
    if (row === undefined) return null;
    const account = new AccountState(row);
    const mailboxes = this.#db.all<MailboxColumns>(
      'SELECT * FROM mailbox WHERE account_id = ? ORDER BY mailbox_id',
      id,
    );
    for (const mailbox of mailboxes) {
      account.mailboxes.set(mailbox.mailbox_id, {
        id: mailbox.mailbox_id,
        name: mailbox.name,
        role: mailbox.role,
        uidValidity: mailbox.uidvalidity,
        uidNext: mailbox.uidnext,
        modseq: mailbox.modseq,
        total: mailbox.total,
        unseen: mailbox.unseen,
        size: mailbox.size,
        deleted: mailbox.deleted,
        deletedSize: mailbox.deleted_size,
        keywords: new KeywordCounts(mailbox.keywords),
        digest: mailbox.digest,
        isDirty: false,
      });
    }
    this.#accounts.set(id, account);
    return account;
  }

  #writeAccount(account: AccountState): void {
    assertCounts(account.used >= 0 && account.messages >= 0, `account ${account.id}`);
    this.#db.run(
      `UPDATE account SET quota = ?, pop_policy = ?, pop_keep_days = ?, used = ?, messages = ?,
         modseq = ?, next_mailbox = ?, next_content = ?, next_email = ?, next_password = ?,
         next_uidvalidity = ?, log_floor = ?, log_size = ?, crc = ? WHERE account_id = ?`,
      account.quota,
      account.popPolicy,
      account.popKeepDays,
      account.used,
      account.messages,
      account.modseq,
      account.nextMailbox,
      account.nextContent,
      account.nextEmail,
      account.nextPassword,
      account.nextUidValidity,
      account.logFloor,
      account.logSize,
      accountSeal(account.columns()),
      account.id,
    );
    account.isDirty = false;
  }

  #writeMailbox(account: AccountState, mailbox: MailboxState): void {
    const isSound =
      mailbox.total >= 0 &&
      mailbox.unseen >= 0 &&
      mailbox.unseen <= mailbox.total &&
      mailbox.size >= 0 &&
      mailbox.deleted >= 0 &&
      mailbox.deleted <= mailbox.total &&
      mailbox.deletedSize >= 0 &&
      mailbox.modseq <= account.modseq;
    assertCounts(isSound, `mailbox ${account.id}/${mailbox.id}`);
    const crc = mailboxSeal({
      account_id: account.id,
      mailbox_id: mailbox.id,
      name: mailbox.name,
      role: mailbox.role,
      uidvalidity: mailbox.uidValidity,
      uidnext: mailbox.uidNext,
      modseq: mailbox.modseq,
      total: mailbox.total,
      unseen: mailbox.unseen,
      size: mailbox.size,
      deleted: mailbox.deleted,
      deleted_size: mailbox.deletedSize,
      keywords: mailbox.keywords.text,
      digest: mailbox.digest,
    });
    // Not the name: who renames writes it at once, and its index would be written every time.
    this.#db.run(
      `UPDATE mailbox SET uidnext = ?, modseq = ?, total = ?, unseen = ?, size = ?,
         deleted = ?, deleted_size = ?, keywords = ?, digest = ?, crc = ?
       WHERE account_id = ? AND mailbox_id = ?`,
      mailbox.uidNext,
      mailbox.modseq,
      mailbox.total,
      mailbox.unseen,
      mailbox.size,
      mailbox.deleted,
      mailbox.deletedSize,
      mailbox.keywords.text,
      mailbox.digest,
      crc,
      account.id,
      mailbox.id,
    );
    mailbox.isDirty = false;
  }
}

function assertCounts(isSound: boolean, what: string): void {
  if (!isSound) throw new Error(`the counters of ${what} make no sense; nothing was written`);
}
