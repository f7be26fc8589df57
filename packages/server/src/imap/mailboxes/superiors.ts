/**
 * Making room for a new name: who may put it there, and the mailboxes above it. RFC 9051 §6.3.4,
 * §6.3.6; RFC 4314 §4 (`k`).
 */

import { mailboxLimits } from '@merpati/store/contract.ts';
import type { AccountId } from '@merpati/store/ids.ts';
import { refuseWithout } from '../access/needs.ts';
import { type Answer, no } from '../command-row.ts';
import type { Session } from '../session.ts';
import { type Place, findPlace } from './find.ts';
import { parentOf, placeOf, superiorsOf } from './names.ts';
import { refuseEdit } from './refusals.ts';

/** Where a new name would be. */
export interface Room {
  readonly owner: AccountId;
  /** As the owner says it. */
  readonly name: string;
  /** The nearest mailbox above; null when there is none. */
  readonly above: Place | null;
}

/** Answers the room, or why the name cannot be there. */
export async function findRoom(
  session: Session,
  command: 'create' | 'rename',
  name: string,
): Promise<Room | Answer> {
  if ((await findPlace(session, name)) !== null) return refuseEdit('exists');
  const place = placeOf(name);
  const isTooLong = Buffer.byteLength(name) > mailboxLimits.nameBytesMax;
  if (isTooLong) return no('That name is too long', { code: 'LIMIT' });
  if (place.kind === 'between') return no('That name is not for mailboxes', { code: 'CANNOT' });
  const above = await findAbove(session, name);
  if (place.kind === 'own') return { owner: session.account, name: place.name, above };
  // At the top of somebody else's mailboxes nobody but them may create.
  if (above === null) return no('That is not yours', { code: 'NOPERM' });
  const refusal = refuseWithout(command, 'parent', above.rights);
  return refusal ?? { owner: above.owner, name: place.name, above };
}

async function findAbove(session: Session, name: string): Promise<Place | null> {
  for (let above = parentOf(name); above !== null; above = parentOf(above)) {
    const place = await findPlace(session, above);
    if (place !== null) return place;
  }
  return null;
}

/**
 * Creates the mailboxes above that are not there, once the one below is. Real ones, not mere names:
 * clients show them, and can delete them again. Where one cannot be, its name is a level without.
 */
export async function createSuperiors({ store }: Session, room: Room): Promise<void> {
  for (const name of superiorsOf(room.name)) {
    const made = await store.editMailbox(room.owner, { kind: 'create', name, role: null });
    if (made.ok && made.id !== null) await inheritRights({ store }, room, made.id);
  }
}

/** Who may do something above may do it below, until somebody says otherwise. RFC 4314 §5.1.4. */
export async function inheritRights(
  { store }: Pick<Session, 'store'>,
  { owner, above }: Room,
  mailbox: Place['status']['id'],
): Promise<void> {
  // INBOX is above in name alone: who may read mail as it comes in need not see all else.
  if (above === null || above.owner !== owner || above.status.role === 'inbox') return;
  for (const { identifier, rights } of await store.acl(owner, above.status.id)) {
    await store.editMailbox(owner, { kind: 'set-acl', mailbox, identifier, rights });
  }
}
