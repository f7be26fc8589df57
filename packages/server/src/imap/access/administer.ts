/** What the commands about access control lists share. RFC 4314 §3. */

import type { CommandOf } from '@merpati/formats/imap/command.ts';
import type { AccountRow } from '@merpati/store/contract.ts';
import { type Answer, no } from '../command-row.ts';
import { type Place, findPlace } from '../mailboxes/find.ts';
import { noSuchMailbox, refuseEdit } from '../mailboxes/refusals.ts';
import type { Session } from '../session.ts';
import { type Identified, identify } from './identifiers.ts';
import { refuseWithout } from './needs.ts';

export interface Administered {
  readonly place: Place;
  readonly owner: AccountRow;
}

/** The mailbox whose list the user may see and change; or why not. */
export async function findAdministered(
  session: Session,
  { name, mailbox }: CommandOf<'getacl' | 'setacl' | 'deleteacl' | 'listrights'>,
): Promise<Administered | Answer> {
  const place = await findPlace(session, mailbox);
  if (place === null) return noSuchMailbox();
  const refusal = refuseWithout(name, 'named', place.rights);
  if (refusal !== null) return refusal;
  const owner = await session.store.findAccount(place.owner);
  return owner === null ? noSuchMailbox() : { place, owner };
}

/** Somebody whose rights may be given and taken: not the owner, who has them all, always. */
export async function findGrantee(
  session: Session,
  { owner }: Administered,
  identifier: string,
): Promise<Identified | Answer> {
  const found = await identify(session.store, identifier);
  if (found === null) return no('Nobody is called so here', { code: 'NONEXISTENT' });
  if (found.who !== owner.address) return found;
  return no('The owner has all rights, always', { code: 'CANNOT' });
}

export async function setRights(
  session: Session,
  { owner, status }: Place,
  { identifier, rights }: { readonly identifier: string; readonly rights: string | null },
): Promise<Answer | null> {
  const edit = { kind: 'set-acl', mailbox: status.id, identifier, rights } as const;
  const edited = await session.store.editMailbox(owner, edit);
  return edited.ok ? null : refuseEdit(edited.code);
}
