/** RENAME, with all that is below; INBOX stays and is emptied. RFC 9051 §6.3.6; RFC 4314 §4. */

import { refuseWithout } from '../access/needs.ts';
import { type CommandRow, afterLogin, no, ok } from '../command-row.ts';
import { findPlace } from '../mailboxes/find.ts';
import { noSuchMailbox, refuseEdit } from '../mailboxes/refusals.ts';
import { createSuperiors, findRoom } from '../mailboxes/superiors.ts';

export const rename: CommandRow<'rename'> = {
  states: afterLogin,
  expungesAllowed: 'yes',
  async run(session, { from, to }) {
    const place = await findPlace(session, from);
    if (place === null) return noSuchMailbox();
    const { owner, status, rights } = place;
    const refusal = refuseWithout('rename', 'named', rights);
    if (refusal !== null) return refusal;
    const room = await findRoom(session, 'rename', to);
    if ('status' in room) return room;
    const isOwn = owner === session.account;
    if (room.owner !== owner || (!isOwn && status.role !== null)) {
      return no('A mailbox stays with its owner', { code: 'CANNOT' });
    }
    if (to.startsWith(`${from}/`) && status.role !== 'inbox') {
      return no('A mailbox cannot be below itself', { code: 'CANNOT' });
    }
    const nowMs = session.home.world.nowMs();
    const edit = { kind: 'rename', id: status.id, name: room.name, nowMs } as const;
    const edited = await session.store.editMailbox(owner, edit);
    if (!edited.ok) return refuseEdit(edited.code);
    await createSuperiors(session, room);
    return ok('Renamed');
  },
};
