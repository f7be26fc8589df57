/** An account as admin sees it: everything but what verifies its passwords. */

import type { AccountRow, AccountSettings, SendingCount } from '@merpati/store/contract.ts';
import { sendingLimits } from '../accounts/sending-limits.ts';
import type { Home } from '../home.ts';

export interface AccountView extends AccountSettings {
  readonly id: number;
  readonly address: string;
  readonly server: string;
  /** Those that hold: of the account, or of the configuration. */
  readonly limitsNow: SendingCount['limits'];
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
    limitsNow: sendingLimits(home.config, account),
    hideClientAddress,
    createdMs,
    server: home.config.hostname,
  };
}
