/** DELETEACL: whom it names has no line in the list any more. RFC 4314 §3.2. */

import { findAdministered, findGrantee, setRights } from '../access/administer.ts';
import { type CommandRow, afterLogin, ok } from '../command-row.ts';

export const deleteacl: CommandRow<'deleteacl'> = {
  states: afterLogin,
  expungesAllowed: 'yes',
  async run(session, command) {
    const administered = await findAdministered(session, command);
    if ('status' in administered) return administered;
    const grantee = await findGrantee(session, administered, command.identifier);
    if ('status' in grantee) return grantee;
    const edit = { identifier: grantee.identifier, rights: null };
    return (await setRights(session, administered.place, edit)) ?? ok('No rights are left');
  },
};
