/**
 * Whom a line of an access control list means: the address of an account, or `anyone`; with a `-`
 * in front their rights are taken away. RFC 4314 §2, §3.
 */

import { anyone } from '@merpati/store/rights.ts';
import type { Store } from '@merpati/store/contract.ts';
import { findAccount } from '../../accounts/own-addresses.ts';

export interface Identified {
  /** As the store keeps it. */
  readonly identifier: string;
  /** Without the minus: an address, or `anyone`. */
  readonly who: string;
}

/** null: nobody is called so here. */
export async function identify(store: Store, identifier: string): Promise<Identified | null> {
  const sign = identifier.startsWith('-') ? '-' : '';
  const name = identifier.slice(sign.length);
  if (name.toLowerCase() === anyone) return { identifier: sign + anyone, who: anyone };
  const account = await findAccount(store, name);
  if (account === null) return null;
  return { identifier: sign + account.address, who: account.address };
}
