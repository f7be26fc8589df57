/**
 * Domains, accounts, aliases and their passwords; and taking a removed account apart, slice by
 * slice.
 */

import type {
  AccountSettings,
  Credential,
  DirectoryEdit,
  DirectoryResult,
  DomainRow,
} from '../../contract.ts';
import { indexTracesOfAccounts } from '../index/schema.ts';
import { sealProfile } from '../seals.ts';
import type { WriterContext } from './context.ts';
import { createDefaultMailboxes } from './mailboxes.ts';
import { dropRightsOf } from './mailbox-parts.ts';
import { releaseContent } from './messages.ts';

const done: DirectoryResult = { ok: true, id: null };

export function editDirectory(context: WriterContext, edit: DirectoryEdit): DirectoryResult {
  const result = applyEdit(context, edit);
  const isSilent = edit.kind === 'app-password-used' || !result.ok;
  if (!isSilent) context.changes.push({ kind: 'directory-changed' });
  return result;
}

function applyEdit(context: WriterContext, edit: DirectoryEdit): DirectoryResult {
  switch (edit.kind) {
    case 'domain-put':
      return putDomain(context, edit.domain);
    case 'domain-remove':
      return removeDomain(context, edit.name);
    case 'account-add':
      return addAccount(context, edit);
    case 'account-edit':
      return editAccount(context, edit);
    case 'account-remove':
      return removeAccount(context, edit.id);
    case 'alias-put':
      return putAlias(context, edit.address, edit.targets);
    case 'alias-remove':
      return removeAlias(context, edit.address);
    case 'app-password-add':
    case 'app-password-remove':
    case 'app-password-used':
      return editAppPassword(context, edit);
    default:
      return edit satisfies never;
  }
}

function fail(code: 'exists' | 'not-found' | 'in-use', what: string): DirectoryResult {
  return { ok: false, code, what };
}

function hasDomain({ db }: WriterContext, name: string): boolean {
  return db.get('SELECT 1 FROM domain WHERE name = ?', name) !== undefined;
}

function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1);
}

function putDomain(context: WriterContext, domain: DomainRow): DirectoryResult {
  if (domain.aliasOf !== null && !hasDomain(context, domain.aliasOf)) {
    return fail('not-found', domain.aliasOf);
  }
  context.db.run(
    `INSERT INTO domain (name, alias_of, catch_all, created_ms) VALUES (?, ?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET alias_of = excluded.alias_of, catch_all = excluded.catch_all`,
    domain.name,
    domain.aliasOf,
    domain.catchAll,
    domain.createdMs,
  );
  return done;
}

function removeDomain(context: WriterContext, name: string): DirectoryResult {
  const { db } = context;
  if (!hasDomain(context, name)) return fail('not-found', name);
  const user =
    db.get<{ what: string }>(
      'SELECT address AS what FROM address WHERE domain = ? LIMIT 1',
      name,
    ) ??
    db.get<{ what: string }>('SELECT name AS what FROM domain WHERE alias_of = ? LIMIT 1', name);
  if (user !== undefined) return fail('in-use', user.what);
  db.run('DELETE FROM domain WHERE name = ?', name);
  return done;
}

function addAccount(
  context: WriterContext,
  edit: Extract<DirectoryEdit, { kind: 'account-add' }>,
): DirectoryResult {
  const { db } = context;
  const { address, settings, credential, nowMs } = edit;
  const domain = domainOf(address);
  if (!hasDomain(context, domain)) return fail('not-found', domain);
  if (db.get('SELECT 1 FROM address WHERE address = ?', address) !== undefined) {
    return fail('exists', address);
  }
  const id = context.sequences.take('account');
  db.run('INSERT INTO address (address, domain, account_id) VALUES (?, ?, ?)', address, domain, id);
  db.run(
    `INSERT INTO profile (account_id, address, display_name, state, messages_per_day,
       new_recipients_per_day, hide_client_address, credential, created_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    id,
    address,
    settings.displayName,
    settings.state,
    limitColumn(settings.limits.messagesPerDay),
    limitColumn(settings.limits.newRecipientsPerDay),
    settings.hideClientAddress ? 1 : 0,
    JSON.stringify(credential),
    nowMs,
  );
  sealProfile(db, id);
  // UIDVALIDITY begins with the clock, so that an address that comes back has another one.
  db.run(
    `INSERT INTO account (account_id, quota, next_uidvalidity, pop_policy, pop_keep_days)
     VALUES (?, ?, ?, ?, ?)`,
    id,
    settings.quotaBytes,
    Math.max(1, Math.floor(nowMs / 1000)),
    settings.pop.policy,
    settings.pop.keepDays,
  );
  const account = context.accounts.find(id);
  if (account === null) throw new Error('an account that was just added is not there');
  createDefaultMailboxes(context, account);
  return { ok: true, id };
}

function editAccount(
  context: WriterContext,
  edit: Extract<DirectoryEdit, { kind: 'account-edit' }>,
): DirectoryResult {
  const account = context.accounts.find(edit.id);
  if (account === null) return fail('not-found', String(edit.id));
  if (edit.settings !== undefined) applySettings(context, edit.id, edit.settings);
  if (edit.credential !== undefined) setCredential(context, edit.id, edit.credential);
  return done;
}

/** -1 in the table: what the configuration says. */
const limitColumn = (limit: number | null): number => limit ?? -1;

function applySettings(
  context: WriterContext,
  id: number,
  settings: Partial<AccountSettings>,
): void {
  const account = context.accounts.find(id);
  if (account === null) return;
  const { displayName, state, quotaBytes, pop, limits, hideClientAddress } = settings;
  if (quotaBytes !== undefined) account.quota = quotaBytes;
  if (pop !== undefined) {
    account.popPolicy = pop.policy;
    account.popKeepDays = pop.keepDays;
  }
  account.isDirty = true;
  context.db.run(
    `UPDATE profile SET display_name = coalesce(?, display_name), state = coalesce(?, state),
       messages_per_day = coalesce(?, messages_per_day),
       new_recipients_per_day = coalesce(?, new_recipients_per_day),
       hide_client_address = coalesce(?, hide_client_address) WHERE account_id = ?`,
    displayName ?? null,
    state ?? null,
    limits === undefined ? null : limitColumn(limits.messagesPerDay),
    limits === undefined ? null : limitColumn(limits.newRecipientsPerDay),
    hideClientAddress === undefined ? null : Number(hideClientAddress),
    id,
  );
  sealProfile(context.db, id);
}

function setCredential(context: WriterContext, id: number, credential: Credential): void {
  const text = JSON.stringify(credential);
  context.db.run('UPDATE profile SET credential = ? WHERE account_id = ?', text, id);
  sealProfile(context.db, id);
}

/** The address is free at once; mail and traces go slice by slice (`purgeAccount`). */
function removeAccount(context: WriterContext, id: number): DirectoryResult {
  const { db } = context;
  const account = context.accounts.find(id);
  if (account === null) return fail('not-found', String(id));
  dropRightsOf(context, account.address);
  context.accounts.flush();
  context.accounts.forget(id);
  db.run('DELETE FROM address WHERE account_id = ?', id);
  db.run('DELETE FROM app_password WHERE account_id = ?', id);
  db.run('DELETE FROM profile WHERE account_id = ?', id);
  db.run('UPDATE account SET removing = 1 WHERE account_id = ?', id);
  context.removing.add(id);
  return done;
}

function putAlias(
  context: WriterContext,
  address: string,
  targets: readonly string[],
): DirectoryResult {
  const { db } = context;
  const domain = domainOf(address);
  if (!hasDomain(context, domain)) return fail('not-found', domain);
  const taken = db.get<{ account_id: number | null }>(
    'SELECT account_id FROM address WHERE address = ?',
    address,
  );
  if (taken !== undefined && taken.account_id !== null) return fail('exists', address);
  db.run(
    `INSERT INTO address (address, domain, targets) VALUES (?, ?, ?)
     ON CONFLICT (address) DO UPDATE SET targets = excluded.targets`,
    address,
    domain,
    JSON.stringify(targets),
  );
  return done;
}

function removeAlias(context: WriterContext, address: string): DirectoryResult {
  const count = context.db.run(
    'DELETE FROM address WHERE address = ? AND account_id IS NULL',
    address,
  );
  return count === 0 ? fail('not-found', address) : done;
}

function editAppPassword(
  context: WriterContext,
  edit: Extract<DirectoryEdit, { kind: `app-password-${string}` }>,
): DirectoryResult {
  const { db } = context;
  const account = context.accounts.find(edit.account);
  if (account === null) return fail('not-found', String(edit.account));
  if (edit.kind === 'app-password-add') {
    const id = account.nextPassword;
    account.nextPassword += 1;
    account.isDirty = true;
    db.run(
      `INSERT INTO app_password (account_id, password_id, label, created_ms, credential)
       VALUES (?, ?, ?, ?, ?)`,
      edit.account,
      id,
      edit.label,
      edit.nowMs,
      JSON.stringify(edit.credential),
    );
    return { ok: true, id };
  }
  const count =
    edit.kind === 'app-password-remove'
      ? db.run(
          'DELETE FROM app_password WHERE account_id = ? AND password_id = ?',
          edit.account,
          edit.id,
        )
      : db.run(
          'UPDATE app_password SET last_used_ms = ? WHERE account_id = ? AND password_id = ?',
          edit.nowMs,
          edit.account,
          edit.id,
        );
  return count === 0 ? fail('not-found', String(edit.id)) : done;
}

/** Rows a slice takes away: some milliseconds of the writer's time. */
const sliceMax = 500;

/** Takes one slice of a removed account away. Answers whether nothing is left. */
export function purgeAccount(context: WriterContext, id: number): boolean {
  const { db } = context;
  const account = db.get<{ removing: number }>(
    'SELECT removing FROM account WHERE account_id = ?',
    id,
  );
  if (account === undefined || account.removing === 0) {
    context.removing.delete(id); // the removal itself was rolled back, or is done
    return true;
  }
  const messages = db.all<{ mailbox_id: number; uid: number; content_id: number }>(
    'SELECT mailbox_id, uid, content_id FROM message WHERE account_id = ? LIMIT ?',
    id,
    sliceMax,
  );
  for (const message of messages) {
    db.run(
      'DELETE FROM message WHERE account_id = ? AND mailbox_id = ? AND uid = ?',
      id,
      message.mailbox_id,
      message.uid,
    );
    releaseContent(context, id, message.content_id);
  }
  if (messages.length > 0) return false;
  for (const { table, key } of tracesOfAccounts) {
    const keys = key.join(', ');
    const count = db.run(
      `DELETE FROM ${table} WHERE (account_id, ${keys}) IN
         (SELECT account_id, ${keys} FROM ${table} WHERE account_id = ? LIMIT ?)`,
      id,
      sliceMax,
    );
    if (count > 0) return false;
  }
  db.run('DELETE FROM mailbox WHERE account_id = ?', id);
  db.run('DELETE FROM account WHERE account_id = ?', id);
  context.removing.delete(id);
  return true;
}

const tracesOfAccounts = [
  { table: 'expunged', key: ['modseq', 'mailbox_id', 'uid'] },
  { table: 'append_key', key: ['key'] },
  { table: 'downloaded', key: ['uid'] },
  { table: 'subscription', key: ['name'] },
  { table: 'annotation', key: ['mailbox_id', 'entry'] },
  { table: 'acl', key: ['mailbox_id', 'identifier'] },
  { table: 'removed_mailbox', key: ['mailbox_id'] },
  { table: 'known_recipient', key: ['address'] },
  { table: 'sent_day', key: ['day'] },
  { table: 'journey_account', key: ['journey_id'] },
  ...indexTracesOfAccounts,
] as const;
