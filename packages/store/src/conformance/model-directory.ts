/** The directory of the model. */

import type { DirectoryEdit, DirectoryResult, MailboxRole } from '../contract.ts';
import type { ModelAccount, ModelState } from './model-state.ts';

const done: DirectoryResult = { ok: true, id: null };
const fail = (code: 'exists' | 'not-found' | 'in-use', what: string): DirectoryResult => ({
  ok: false,
  code,
  what,
});

export function editDirectoryOfModel(state: ModelState, edit: DirectoryEdit): DirectoryResult {
  switch (edit.kind) {
    case 'domain-put': {
      const { domain } = edit;
      if (domain.aliasOf !== null && !state.domains.has(domain.aliasOf)) {
        return fail('not-found', domain.aliasOf);
      }
      const createdMs = state.domains.get(domain.name)?.createdMs ?? domain.createdMs;
      state.domains.set(domain.name, { ...domain, createdMs });
      return done;
    }
    case 'domain-remove': {
      if (!state.domains.has(edit.name)) return fail('not-found', edit.name);
      const user =
        [...state.addresses.keys()].sort().find((each) => domainOf(each) === edit.name) ??
        [...state.domains.values()].find((each) => each.aliasOf === edit.name)?.name;
      if (user !== undefined) return fail('in-use', user);
      state.domains.delete(edit.name);
      return done;
    }
    case 'account-add':
      return addAccount(state, edit);
    case 'account-edit': {
      const account = state.accounts.get(edit.id);
      if (account === undefined) return fail('not-found', String(edit.id));
      account.settings = { ...account.settings, ...edit.settings };
      account.credential = edit.credential ?? account.credential;
      return done;
    }
    case 'account-remove': {
      const account = state.accounts.get(edit.id);
      if (account === undefined) return fail('not-found', String(edit.id));
      state.accounts.delete(edit.id);
      state.addresses.delete(account.address);
      for (const { acl } of [...state.accounts.values()].flatMap((each) => each.mailboxes)) {
        for (const sign of ['', '-']) acl.delete(sign + account.address);
      }
      return done;
    }
    case 'alias-put': {
      if (!state.domains.has(domainOf(edit.address))) {
        return fail('not-found', domainOf(edit.address));
      }
      const taken = state.addresses.get(edit.address);
      if (taken !== undefined && 'account' in taken) return fail('exists', edit.address);
      state.addresses.set(edit.address, { targets: edit.targets });
      return done;
    }
    case 'alias-remove': {
      const target = state.addresses.get(edit.address);
      if (target === undefined || 'account' in target) return fail('not-found', edit.address);
      state.addresses.delete(edit.address);
      return done;
    }
    case 'app-password-add':
    case 'app-password-remove':
    case 'app-password-used':
      return editAppPassword(state, edit);
    default:
      return edit satisfies never;
  }
}

function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1);
}

const defaults: readonly (readonly [string, MailboxRole])[] = [
  ['INBOX', 'inbox'],
  ['Sent', 'sent'],
  ['Drafts', 'drafts'],
  ['Junk', 'junk'],
  ['Trash', 'trash'],
  ['Archive', 'archive'],
  ['Downloaded', 'downloaded'],
];

function addAccount(
  state: ModelState,
  edit: Extract<DirectoryEdit, { kind: 'account-add' }>,
): DirectoryResult {
  const domain = domainOf(edit.address);
  if (!state.domains.has(domain)) return fail('not-found', domain);
  if (state.addresses.has(edit.address)) return fail('exists', edit.address);
  const id = state.nextAccount;
  state.nextAccount += 1;
  const uidValidity = Math.floor(edit.nowMs / 1000);
  const account: ModelAccount = {
    id,
    address: edit.address,
    createdMs: edit.nowMs,
    settings: edit.settings,
    credential: edit.credential,
    modseq: 1 + defaults.length,
    nextMailbox: 1 + defaults.length,
    nextEmail: 1,
    nextContent: 1,
    nextPassword: 1,
    nextUidValidity: uidValidity + defaults.length,
    mailboxes: defaults.map(([name, role], index) => ({
      id: index + 1,
      name,
      role,
      uidValidity: uidValidity + index,
      uidNext: 1,
      modseq: index + 2,
      annotations: new Map(),
      acl: new Map(),
    })),
    subscriptions: new Set(
      defaults.filter(([, role]) => role !== 'downloaded').map(([name]) => name),
    ),
    annotations: new Map(),
    messages: [],
    expunged: [],
    keys: new Map(),
    passwords: [],
    sent: new Map(),
    known: new Set(),
  };
  state.accounts.set(id, account);
  state.addresses.set(edit.address, { account: id });
  return { ok: true, id };
}

function editAppPassword(
  state: ModelState,
  edit: Extract<DirectoryEdit, { kind: `app-password-${string}` }>,
): DirectoryResult {
  const account = state.accounts.get(edit.account);
  if (account === undefined) return fail('not-found', String(edit.account));
  if (edit.kind === 'app-password-add') {
    const id = account.nextPassword;
    account.nextPassword += 1;
    const { label, credential, nowMs: createdMs } = edit;
    account.passwords.push({ id, label, createdMs, lastUsedMs: null, credential });
    return { ok: true, id };
  }
  const index = account.passwords.findIndex((each) => each.id === edit.id);
  const found = account.passwords[index];
  if (found === undefined) return fail('not-found', String(edit.id));
  if (edit.kind === 'app-password-remove') account.passwords.splice(index, 1);
  else account.passwords[index] = { ...found, lastUsedMs: edit.nowMs };
  return done;
}
