/** Tells the journeys of messages that a device has fetched their text. */

import type { Uid } from '@merpati/store/ids.ts';
import { imapLimits } from '../limits.ts';
import type { Session } from '../session.ts';

/** What is still being noted of each session. */
const underWay = new WeakMap<Session, Promise<void>>();

/**
 * The client need not wait for it, except for what it has read before: so no session can pile up
 * more than one command's.
 */
export async function noteRead(session: Session, uids: readonly Uid[]): Promise<void> {
  if (uids.length === 0) return;
  await underWay.get(session);
  underWay.set(session, note(session, uids));
}

/** Never the reason why a client does not get its mail: what goes wrong is logged. */
async function note(session: Session, uids: readonly Uid[]): Promise<void> {
  const { home, login, clientName, selected, store, wire } = session;
  if (selected === null) return;
  try {
    for (let at = 0; at < uids.length; at += imapLimits.readNotesMax) {
      await store.readNote({
        account: selected.owner,
        mailbox: selected.mailbox,
        uids: uids.slice(at, at + imapLimits.readNotesMax),
        reader: login.account.address,
        device: clientName,
        address: wire.remote.address,
        nowMs: home.world.nowMs(),
      });
    }
  } catch (error) {
    home.log.warn({ event: 'imap.read-note', session: wire.id, err: error });
  }
}
