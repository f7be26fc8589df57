/** Identities that outlive names and UIDs: MAILBOXID. RFC 8474 §4, §7 (their form). */

import type { AccountId, MailboxId } from '@merpati/store/ids.ts';

/** The owner is part of it: a shared mailbox has one id, whoever asks. */
export function mailboxObjectId(owner: AccountId, mailbox: MailboxId): string {
  return `F${owner}-${mailbox}`;
}
