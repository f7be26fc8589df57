/** LISTRIGHTS: what somebody has in any case, and what else they could be given. RFC 4314 §3.4. */

import { joinPieces, writeAstring } from '@merpati/formats/imap/response-writer.ts';
import { findAdministered } from '../access/administer.ts';
import { identify } from '../access/identifiers.ts';
import { allRights, writeRights } from '../access/rights.ts';
import { type CommandRow, afterLogin, no, ok } from '../command-row.ts';
import { writeName } from '../mailboxes/write.ts';

export const listrights: CommandRow<'listrights'> = {
  states: afterLogin,
  expungesAllowed: 'yes',
  async run(session, command) {
    const administered = await findAdministered(session, command);
    if ('status' in administered) return administered;
    const found = await identify(session.store, command.identifier);
    if (found === null) return no('Nobody is called so here', { code: 'NONEXISTENT' });
    const all = writeRights(allRights);
    // Nothing ties one right to another; the old letters stand for what is there already.
    const isOwner = found.identifier === administered.owner.address;
    const rights = isOwner ? all : `"" ${Array.from(all).join(' ')}`;
    session.put(
      joinPieces([
        '* LISTRIGHTS ',
        writeName(session, administered.place.name),
        ' ',
        writeAstring(command.identifier),
        ` ${rights}\r\n`,
      ]),
    );
    return ok('Those are the rights there are');
  },
};
