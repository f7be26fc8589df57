/**
 * What belongs to an account: the names it logs in under, the addresses in whose name it may send.
 */

import { normalAddress, normalLocal, splitAddress } from '@merpati/formats/smtp/path.ts';
import type { AccountRow, Store } from '@merpati/store/contract.ts';
import { findDomain, resolveAddress } from './resolve.ts';

/** The account that logs in under this name: its own address, domain aliases allowed. */
export async function findAccount(store: Store, name: string): Promise<AccountRow | null> {
  const parts = splitAddress(name);
  const domain = parts === null ? null : await findDomain(store, parts.domain);
  if (parts === null || domain === null) return null;
  const target = await store.findAddress(`${normalLocal(parts.local)}@${domain.name}`);
  return target?.kind === 'account' ? target.account : null;
}

/**
 * May this account send in the name of that address? It may for its own, with any +tag and in alias
 * domains, and for aliases that lead to it.
 */
export async function ownsAddress(
  store: Store,
  account: AccountRow,
  address: string,
): Promise<boolean> {
  if (normalAddress(address) === account.address) return true;
  const found = await resolveAddress(store, address);
  return found.kind === 'ours' && found.accounts.some((target) => target.account.id === account.id);
}
