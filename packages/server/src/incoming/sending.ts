/** What a submitted message counts for: how much its account may send. RFC 6409 §6.2. */

import type { Acceptance } from '@merpati/store/contract.ts';
import { sendingLimits } from '../accounts/sending-limits.ts';
import type { Home } from '../home.ts';
import type { Incoming } from './incoming.ts';

export function sendingOf(home: Home, incoming: Incoming, nowMs: number): Acceptance['sending'] {
  const { account } = incoming.session;
  if (incoming.session.kind !== 'submission' || account === null) return null;
  return {
    account: account.id,
    day: Math.floor(nowMs / 86_400_000),
    recipients: incoming.envelope.recipients.map((recipient) => recipient.address.toLowerCase()),
    limits: sendingLimits(home.config, account),
  };
}
