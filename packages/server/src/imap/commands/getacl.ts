/** GETACL: the owner, then whom the list names. RFC 4314 §3.3, §3.6. */

import { type Piece, joinPieces, writeAstring } from '@merpati/formats/imap/response-writer.ts';
import { findAdministered } from '../access/administer.ts';
import { allRights, writeRights } from '../access/rights.ts';
import { type CommandRow, afterLogin, ok } from '../command-row.ts';
import { writeName } from '../mailboxes/write.ts';

export const getacl: CommandRow<'getacl'> = {
  states: afterLogin,
  expungesAllowed: 'yes',
  async run(session, command) {
    const administered = await findAdministered(session, command);
    if ('status' in administered) return administered;
    const { place, owner } = administered;
    const entries = await session.store.acl(place.owner, place.status.id);
    const pieces: Piece[] = ['* ACL ', writeName(session, place.name)];
    for (const entry of [{ identifier: owner.address, rights: allRights }, ...entries]) {
      const { identifier, rights } = entry;
      pieces.push(' ', writeAstring(identifier), ' ', writeAstring(writeRights(rights)));
    }
    session.put(joinPieces([...pieces, '\r\n']));
    return ok('Those are the rights');
  },
};
