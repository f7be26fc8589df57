/**
 * Sends a message, whole or its top, as a multi-line reply: never more of it in memory than one
 * chunk and what the socket holds. RFC 1939 §3 (dots), §5 (RETR), §7 (TOP).
 */

import { DotStuffer, type TopCutter } from '@merpati/formats/pop3/multiline.ts';
import type { MaildropEntry } from '@merpati/store/contract.ts';
import type { Session } from './session.ts';

/**
 * False when the message is not there any more (a refusal has been said). `announce` says +OK,
 * once the first chunk has been read and verified.
 */
export async function transmit(
  session: Session,
  entry: MaildropEntry,
  how: { readonly announce: () => void; readonly cutter: TopCutter | null },
): Promise<boolean> {
  const { login } = session.transaction;
  const body = await login.home.store.readMessage(login.account.id, entry.content);
  if (body === null) {
    session.refuse('message-gone');
    return false;
  }
  const stuffer = new DotStuffer();
  for await (const chunk of body.chunks()) {
    if (!session.isSending) {
      how.announce();
      session.isSending = true;
    }
    // QUIRK: 8-bit headers go out as they are also without UTF8 mode, where RFC 6856 §2.1 wants a
    // refusal or a rewritten message. Bytes are never changed here, and one such message (any
    // stranger can send it) would stop the downloads of fetchmail, getmail and others, which never
    // send UTF8.
    await session.send(stuffer.push(how.cutter?.push(chunk) ?? chunk));
    if (how.cutter?.done === true) break;
  }
  if (!session.isSending) how.announce(); // an empty message
  await session.send(stuffer.end());
  session.isSending = false;
  return true;
}
