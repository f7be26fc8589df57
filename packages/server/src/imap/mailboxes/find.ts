/**
 * Finds mailboxes by the names that a session says: its own, and those that others share with it. A
 * mailbox that may not be looked up is not there (RFC 4314 §6: nothing is revealed of it).
 */

import type { MailboxStatus, SharedMailbox, Store } from '@merpati/store/contract.ts';
import type { AccountId } from '@merpati/store/ids.ts';
import { effectiveRights } from '@merpati/store/rights.ts';
import { type Rights, allRights, mayDo } from '../access/rights.ts';
import { nameOfOther, placeOf } from './names.ts';

/** A mailbox as a session sees it. */
export interface Place {
  readonly owner: AccountId;
  /** As this session says it; `status.name` is what the owner says. */
  readonly name: string;
  readonly status: MailboxStatus;
  readonly rights: Rights;
}

/** Who looks, and where. A session is one. */
export interface Looker {
  readonly store: Store;
  readonly account: AccountId;
}

/** null: there is none by that name, or none that the account may look up. */
export async function findPlace({ store, account }: Looker, name: string): Promise<Place | null> {
  const place = placeOf(name);
  if (place.kind === 'between') return null;
  if (place.kind === 'own') {
    const status = await store.mailbox(account, place.name);
    return status === null || status.role === 'downloaded' ? null : ownPlace(account, status);
  }
  return findOther({ store, account }, place);
}

/** A few rows are read, however many mailboxes are shared. */
async function findOther(
  { store, account }: Looker,
  { address, name }: { readonly address: string; readonly name: string },
): Promise<Place | null> {
  const found = await store.findAddress(address);
  const own = await store.findAccount(account);
  if (found?.kind !== 'account' || own === null || found.account.id === account) return null;
  const owner = found.account;
  const status = await store.mailbox(owner.id, name);
  if (status === null || status.role === 'downloaded') return null;
  const rights = effectiveRights(await store.acl(owner.id, status.id), own.address);
  if (!mayDo(rights, 'l')) return null;
  return otherPlace({ owner: owner.id, ownerAddress: owner.address, rights, status });
}

/** All that the account sees: its own, then those of others, each by name. */
export async function listPlaces({ store, account }: Looker): Promise<readonly Place[]> {
  const own = await store.mailboxes(account);
  const shared = await store.sharedMailboxes(account);
  return [...own.map((status) => ownPlace(account, status)), ...shared.map(otherPlace)];
}

function ownPlace(owner: AccountId, status: MailboxStatus): Place {
  return { owner, name: status.name, status, rights: allRights };
}

function otherPlace({ owner, ownerAddress, rights, status }: SharedMailbox): Place {
  return { owner, name: nameOfOther(ownerAddress, status.name), status, rights };
}
