/** Reading domains, accounts, aliases and their passwords. */

import type {
  AccountRow,
  AddressTarget,
  AppPasswordRow,
  Credential,
  DomainRow,
} from '../../contract.ts';
import { accountId, modSeq, type AccountId } from '../../ids.ts';
import type { Database } from '../database.ts';
import { inSlices } from './slices.ts';

interface DomainColumns {
  readonly name: string;
  readonly alias_of: string | null;
  readonly catch_all: string | null;
  readonly created_ms: number;
}

interface AccountColumns {
  readonly account_id: number;
  readonly address: string;
  readonly display_name: string;
  readonly state: 'active' | 'disabled';
  readonly quota: number | null;
  readonly pop_policy: 'hide' | 'leave-copy';
  readonly pop_keep_days: number;
  readonly messages_per_day: number;
  readonly new_recipients_per_day: number;
  readonly hide_client_address: number;
  readonly used: number;
  readonly messages: number;
  readonly modseq: number;
  readonly created_ms: number;
  readonly credential: string;
}

const accountSql = `
  SELECT p.*, a.quota, a.pop_policy, a.pop_keep_days, a.used, a.messages, a.modseq
  FROM profile p JOIN account a USING (account_id)`;

function domainRow(row: DomainColumns): DomainRow {
  return {
    name: row.name,
    aliasOf: row.alias_of,
    catchAll: row.catch_all,
    createdMs: row.created_ms,
  };
}

function accountRow(row: AccountColumns): AccountRow {
  return {
    id: accountId(row.account_id),
    address: row.address,
    displayName: row.display_name,
    state: row.state,
    quotaBytes: row.quota,
    pop: { policy: row.pop_policy, keepDays: row.pop_keep_days },
    limits: {
      messagesPerDay: row.messages_per_day < 0 ? null : row.messages_per_day,
      newRecipientsPerDay: row.new_recipients_per_day < 0 ? null : row.new_recipients_per_day,
    },
    hideClientAddress: row.hide_client_address !== 0,
    usedBytes: row.used,
    messages: row.messages,
    modseq: modSeq(row.modseq),
    createdMs: row.created_ms,
    credential: JSON.parse(row.credential) as Credential,
  };
}

export function findDomain(db: Database, name: string): DomainRow | null {
  const row = db.get<DomainColumns>('SELECT * FROM domain WHERE name = ?', name);
  return row === undefined ? null : domainRow(row);
}

export function findAccount(db: Database, id: AccountId): AccountRow | null {
  const row = db.get<AccountColumns>(`${accountSql} WHERE p.account_id = ?`, id);
  return row === undefined ? null : accountRow(row);
}

export function findAddress(db: Database, address: string): AddressTarget | null {
  const row = db.get<{ account_id: number | null; targets: string | null }>(
    'SELECT account_id, targets FROM address WHERE address = ?',
    address,
  );
  if (row === undefined) return null;
  if (row.account_id === null) {
    return { kind: 'alias', targets: JSON.parse(row.targets ?? '[]') as string[] };
  }
  const account = findAccount(db, accountId(row.account_id));
  return account === null ? null : { kind: 'account', account };
}

export async function listDomains(db: Database): Promise<readonly DomainRow[]> {
  const rows = await inSlices<DomainColumns>((after, limit) =>
    db.all('SELECT * FROM domain WHERE name > ? ORDER BY name LIMIT ?', after?.name ?? '', limit),
  );
  return rows.map(domainRow);
}

export async function listAccounts(db: Database): Promise<readonly AccountRow[]> {
  const rows = await inSlices<AccountColumns>((after, limit) =>
    db.all(
      `${accountSql} WHERE p.account_id > ? ORDER BY p.account_id LIMIT ?`,
      after?.account_id ?? 0,
      limit,
    ),
  );
  return rows.map(accountRow);
}

export async function listAliases(
  db: Database,
): Promise<readonly { readonly address: string; readonly targets: readonly string[] }[]> {
  const rows = await inSlices<{ address: string; targets: string }>((after, limit) =>
    db.all(
      `SELECT address, targets FROM address WHERE address > ? AND account_id IS NULL
       ORDER BY address LIMIT ?`,
      after?.address ?? '',
      limit,
    ),
  );
  return rows.map(({ address, targets }) => ({
    address,
    targets: JSON.parse(targets) as string[],
  }));
}

export function listAppPasswords(db: Database, account: AccountId): readonly AppPasswordRow[] {
  const rows = db.all<{
    password_id: number;
    label: string;
    created_ms: number;
    last_used_ms: number | null;
    credential: string;
  }>('SELECT * FROM app_password WHERE account_id = ? ORDER BY password_id', account);
  return rows.map((row) => ({
    id: row.password_id,
    label: row.label,
    createdMs: row.created_ms,
    lastUsedMs: row.last_used_ms,
    credential: JSON.parse(row.credential) as Credential,
  }));
}

export function hasWrittenTo(db: Database, account: AccountId, address: string): boolean {
  const text = 'SELECT 1 FROM known_recipient WHERE account_id = ? AND address = ?';
  return db.get(text, account, address.toLowerCase()) !== undefined;
}

export function readSent(
  db: Database,
  account: AccountId,
  day: number,
): { messages: number; newRecipients: number } {
  const row = db.get<{ messages: number; new_recipients: number }>(
    'SELECT messages, new_recipients FROM sent_day WHERE account_id = ? AND day = ?',
    account,
    day,
  );
  return { messages: row?.messages ?? 0, newRecipients: row?.new_recipients ?? 0 };
}
