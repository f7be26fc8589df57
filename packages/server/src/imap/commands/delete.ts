/**
 * DELETE. RFC 9051 §6.3.5. The levels below stay; INBOX and mailboxes with a special use cannot be
 * deleted.
 *
 * QUIRK: Dovecot deletes Sent, Junk and the like, and makes them anew at the next login. Here mail
 * finds its way by their uses (junk, copies of what was sent), and one slip of a synchronising
 * client should not cost all that is in them: they can be renamed, not deleted.
 */

import { refuseWithout } from '../access/needs.ts';
import { type Answer, type CommandRow, afterLogin, no, ok } from '../command-row.ts';
import { type Place, findPlace, listPlaces } from '../mailboxes/find.ts';
import { noSuchMailbox, refuseEdit } from '../mailboxes/refusals.ts';
import type { Session } from '../session.ts';

export const deleteMailbox: CommandRow<'delete'> = {
  states: afterLogin,
  expungesAllowed: 'yes',
  async run(session, { mailbox }) {
    const place = await findPlace(session, mailbox);
    if (place === null) return refuseLevel(session, mailbox);
    const { owner, status, rights } = place;
    const refusal = refuseWithout('delete', 'named', rights) ?? refuseRole(place);
    if (refusal !== null) return refusal;
    leave(session, place);
    const edited = await session.store.editMailbox(owner, { kind: 'remove', id: status.id });
    return edited.ok ? ok('Deleted') : refuseEdit(edited.code);
  },
};

/** The name of a level, without a mailbox: it is there as long as something is below. */
async function refuseLevel(session: Session, name: string): Promise<Answer> {
  const places = await listPlaces(session);
  const hasChildren = places.some((place) => place.name.startsWith(`${name}/`));
  if (!hasChildren) return noSuchMailbox();
  return no('There are mailboxes below, and none of that name', { code: 'HASCHILDREN' });
}

function refuseRole({ status }: Place): Answer | null {
  if (status.role === null) return null;
  if (status.role === 'inbox') return no('INBOX cannot be deleted', { code: 'CANNOT' });
  return no('It has a special use: it can be renamed, not deleted', { code: 'CANNOT' });
}

/** Who deletes the mailbox that is open knows that it is closed then. */
function leave(session: Session, { owner, status }: Place): void {
  const { selected } = session;
  if (selected === null || selected.owner !== owner || selected.mailbox !== status.id) return;
  session.unselect();
  session.putStatus('OK', 'It was open, and is closed', { code: 'CLOSED' });
}
