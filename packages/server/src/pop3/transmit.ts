/**
 * Sends a message, whole or its top, as a multi-line reply: never more of it in memory than one
 * chunk and what the socket holds. RFC 1939 §3 (dots), §5 (RETR), §7 (TOP).
 */

import { DotStuffer, type TopCutter } from '@merpati/formats/pop3/multiline.ts';
import type { MaildropEntry } from '@merpati/store/contract.ts';
import type { Session } from './session.ts';

/**
 * False when the message is not there any more (a refusal has been said). `announce` says +OK,
 * once the first chunk of the body has been read and verified.
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
  const held: Uint8Array[] = [];
  const sendHeld = async (): Promise<void> => {
    if (!session.isSending) how.announce();
    session.isSending = true;
    for (const octets of held.splice(0)) await session.send(octets);
  };
  let seen = 0;
  for await (const chunk of body.chunks()) {
    seen += chunk.length;
    // QUIRK: 8-bit headers go out as they are also without UTF8 mode, where RFC 6856 §2.1 wants a
    // refusal or a rewritten message. Bytes are never changed here, and one such message (any
    // stranger can send it) would stop the downloads of fetchmail, getmail and others, which never
    // send UTF8. See docs/decisions/003-pop3-and-8-bit-headers.md.
    held.push(stuffer.push(how.cutter?.push(chunk) ?? chunk));
    // Our own prefix says nothing of the body's health: a damaged message is refused, not broken
    // off.
    if (seen <= body.prefix.length) continue;
    await sendHeld();
    if (how.cutter?.done === true) break;
  }
  await sendHeld();
  await session.send(stuffer.end());
  session.isSending = false;
  return true;
}
