/**
 * Who is told what became of a message. Never a bounce for a bounce (RFC 5321 §6.1), nothing that
 * was not wanted (RFC 3461 §4.1), and nothing to a sender who is certainly forged.
 */

import type { QueueItem, Store } from '@merpati/store/contract.ts';
import { splitAddress } from '@merpati/formats/smtp/path.ts';
import { findDomain } from '../accounts/resolve.ts';
import type { Report } from './outcome.ts';

export type Withheld = 'null-sender' | 'not-wanted' | 'forged-sender';

/** null: the sender is to be told. */
export async function whyWithheld(
  store: Store,
  item: Pick<QueueItem, 'message' | 'notify'>,
  kind: Report['kind'],
): Promise<Withheld | null> {
  const { sender, submittedBy } = item.message;
  if (sender === '') return 'null-sender';
  if (!isWanted(item.notify, kind)) return 'not-wanted';
  // An address of ours as sender of mail that none of us has submitted: somebody else made it up.
  // Other forged senders were found when the message came in: their recipients have NOTIFY=NEVER.
  const domain = splitAddress(sender)?.domain ?? '';
  if (submittedBy === null && (await findDomain(store, domain)) !== null) return 'forged-sender';
  return null;
}

function isWanted(notify: QueueItem['notify'], kind: Report['kind']): boolean {
  if (notify.includes('never')) return false;
  // RFC 3461 §4.1: without NOTIFY failures are reported, and delays may be.
  if (notify.length === 0) return kind !== 'relayed';
  return notify.includes(kind === 'relayed' ? 'success' : kind);
}
