/** CREATE, with a special use. RFC 9051 §6.3.4; RFC 6154 §3; RFC 8474 §4.1 (MAILBOXID). */

import type { MailboxRole } from '@merpati/store/contract.ts';
import { type Answer, type CommandRow, afterLogin, no, ok } from '../command-row.ts';
import { roleOfUse } from '../mailboxes/listing.ts';
import { writeMailboxId } from '../object-ids.ts';
import { refuseEdit } from '../mailboxes/refusals.ts';
import { createSuperiors, findRoom, inheritRights } from '../mailboxes/superiors.ts';
import type { Session } from '../session.ts';

export const create: CommandRow<'create'> = {
  states: afterLogin,
  expungesAllowed: 'yes',
  async run(session, { mailbox, use }) {
    const room = await findRoom(session, 'create', mailbox);
    if ('status' in room) return room;
    const role = await readUse(session, use, room.owner === session.account);
    if (role === 'refused') {
      return no('No mailbox can get that use here', { code: 'USEATTR' });
    }
    const { owner, name } = room;
    const made = await session.store.editMailbox(owner, { kind: 'create', name, role });
    if (!made.ok) return refuseCreation(made.code);
    if (made.id === null) throw new Error('a mailbox was created and has no id');
    await inheritRights(session, room, made.id);
    await createSuperiors(session, room);
    return ok('Created', { code: 'MAILBOXID', id: writeMailboxId(owner, made.id) });
  },
};

/** One use, of those that we have, and that no other mailbox has. */
async function readUse(
  session: Session,
  use: readonly string[],
  isOwn: boolean,
): Promise<MailboxRole | null | 'refused'> {
  const [first] = use;
  if (first === undefined) return null;
  const role = roleOfUse(first);
  if (role === null || use.length > 1 || !isOwn) return 'refused';
  const all = await session.store.mailboxes(session.account);
  return all.some((status) => status.role === role) ? 'refused' : role;
}

function refuseCreation(code: Parameters<typeof refuseEdit>[0]): Answer {
  // It was not there a moment ago: another client was faster, or the name is one that is not shown.
  return code === 'exists' ? no('That name is taken', { code: 'ALREADYEXISTS' }) : refuseEdit(code);
}
