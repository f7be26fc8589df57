/** What LIST, UIDL, CAPA and others share: listings behind +OK, and messages by their number. */

import { utf8 } from '@merpati/formats/bytes.ts';
import type { MaildropEntry } from '@merpati/store/contract.ts';
import type { Session } from './session.ts';

/** No line of ours begins with a dot. RFC 1939 §3. */
export async function putListing(session: Session, lines: Iterable<string>): Promise<void> {
  let batch = '';
  for (const line of lines) {
    batch += `${line}\r\n`;
    if (batch.length < 8192) continue;
    await session.send(utf8(batch));
    batch = '';
  }
  await session.send(utf8(`${batch}.\r\n`));
}

/** Null when there is none by that number; the client has been told. */
export function findMessage(session: Session, message: number): MaildropEntry | null {
  const found = session.transaction.maildrop.find(message);
  if (found.kind === 'message') return found.entry;
  session.refuse(found.kind === 'deleted' ? 'message-deleted' : 'no-message');
  return null;
}
