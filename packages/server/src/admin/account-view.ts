/** An account as admin sees it: everything but what verifies its passwords. */

import type { AccountRow, AccountSettings } from '@merpati/store/contract.ts';
import type { Home } from '../home.ts';

export interface AccountView extends AccountSettings {
  readonly id: number;
  readonly address: string;
  readonly server: string;
  readonly usedBytes: number;
  readonly messages: number;
  readonly createdMs: number;
}

export function viewAccount(home: Home, account: AccountRow): AccountView {
  const { displayName, state, quotaBytes, pop, limits, hideClientAddress } = account;
  const { id, address, usedBytes, messages, createdMs } = account;
  return {
    id,
    address,
    displayName,
    state,
    quotaBytes,
    usedBytes,
    messages,
    pop,
    limits,
    hideClientAddress,
    createdMs,
    server: home.config.hostname,
  };
}
