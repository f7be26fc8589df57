/** SETACL: gives rights, changes or takes them. RFC 4314 §3.1. */

import { findAdministered, findGrantee, setRights } from '../access/administer.ts';
import { changeRights, readRights } from '../access/rights.ts';
import { type CommandRow, afterLogin, bad, ok } from '../command-row.ts';

export const setacl: CommandRow<'setacl'> = {
  states: afterLogin,
  expungesAllowed: 'yes',
  async run(session, command) {
    const letters = readRights(command.rights);
    if (letters === null) return bad('One of these letters is no right');
    const administered = await findAdministered(session, command);
    if ('status' in administered) return administered;
    const grantee = await findGrantee(session, administered, command.identifier);
    if ('status' in grantee) return grantee;
    const { place } = administered;
    const { identifier } = grantee;
    const entries = await session.store.acl(place.owner, place.status.id);
    const before = entries.find((entry) => entry.identifier === identifier)?.rights ?? '';
    const rights = changeRights(before, command.op, letters);
    const edit = { identifier, rights: rights === '' ? null : rights };
    return (await setRights(session, place, edit)) ?? ok('The rights are set');
  },
};
