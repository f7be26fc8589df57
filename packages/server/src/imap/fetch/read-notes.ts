/**
 * Tells the journeys of messages that a device has fetched their text. Clients fetch one by one;
 * what they have read within a moment is noted together, and no client waits for it.
 */

import type { Uid } from '@merpati/store/ids.ts';
import type { ReadNote } from '@merpati/store/contract.ts';
import type { Home } from '../../home.ts';
import { imapLimits } from '../limits.ts';
import type { Selected } from '../selected.ts';
import type { Session } from '../session.ts';

/** What one session has read in one mailbox and nobody has noted yet. */
interface Pending {
  readonly selected: Selected;
  /** As it was then: the session may have logged out meanwhile. */
  readonly home: Home;
  readonly reader: string;
  readonly uids: Set<Uid>;
  readonly timer: NodeJS.Timeout;
}

const pendingOf = new WeakMap<Session, Pending>();

export function noteRead(session: Session, uids: readonly Uid[]): void {
  const { selected } = session;
  if (selected === null) return;
  for (const one of uids) {
    let pending = pendingOf.get(session);
    if (pending !== undefined && pending.selected !== selected) {
      void write(session, pending);
      pending = undefined;
    }
    pending ??= begin(session, selected);
    pending.uids.add(one);
    if (pending.uids.size >= imapLimits.readNotesMax) void write(session, pending);
  }
}

function begin(session: Session, selected: Selected): Pending {
  const timer = setTimeout(() => void write(session, pending), imapLimits.readNotesEveryMs);
  const { home, login } = session;
  const reader = login.account.address;
  const pending: Pending = { selected, home, reader, uids: new Set(), timer };
  pendingOf.set(session, pending);
  return pending;
}

/** At the end of the session, so that nothing of it is left when the store is closed. */
export async function finishNotes(session: Session): Promise<void> {
  const pending = pendingOf.get(session);
  if (pending !== undefined) await write(session, pending);
}

/** Never the reason why a client does not get its mail: what goes wrong is logged. */
async function write(
  session: Session,
  { selected, home, reader, uids, timer }: Pending,
): Promise<void> {
  clearTimeout(timer);
  pendingOf.delete(session);
  const { clientName, wire } = session;
  const note: ReadNote = {
    account: selected.owner,
    mailbox: selected.mailbox,
    uids: [...uids],
    reader,
    device: clientName,
    address: wire.remote.address,
    nowMs: home.world.nowMs(),
  };
  try {
    await home.store.readNote(note);
  } catch (error) {
    home.log.warn({ event: 'imap.read-note', session: wire.id, err: error });
  }
}
