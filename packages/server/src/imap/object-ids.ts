/**
 * Identifiers that never change and never come again: of mailboxes, messages and conversations. RFC
 * 8474 §4, §5. The account stands in them, since clients may hold mail of several.
 */

import {
  type AccountId,
  type EmailId,
  type MailboxId,
  type ThreadId,
  emailId,
  threadId,
} from '@merpati/store/ids.ts';

export function writeMailboxId(owner: AccountId, mailbox: MailboxId): string {
  return `F${owner}-${mailbox}`;
}

export function writeEmailId(owner: AccountId, email: EmailId): string {
  return `M${owner}-${email}`;
}

export function writeThreadId(owner: AccountId, thread: ThreadId): string {
  return `T${owner}-${thread}`;
}

/** null: not one of this account. */
export function readEmailId(owner: AccountId, text: string): EmailId | null {
  const number = readNumber(text, `M${owner}-`);
  return number === null ? null : emailId(number);
}

/** null: not one of this account. */
export function readThreadId(owner: AccountId, text: string): ThreadId | null {
  const number = readNumber(text, `T${owner}-`);
  return number === null ? null : threadId(number);
}

function readNumber(text: string, start: string): number | null {
  const digits = text.startsWith(start) ? text.slice(start.length) : '';
  return /^[1-9][0-9]{0,14}$/.test(digits) ? Number(digits) : null;
}
