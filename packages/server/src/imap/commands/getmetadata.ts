/** GETMETADATA. RFC 5464 §4.2; §3.3 (which rights it takes). */

import { refuseWithout } from '../access/needs.ts';
import { type CommandRow, afterLogin, ok } from '../command-row.ts';
import { findPlace } from '../mailboxes/find.ts';
import { annotationsOf, selectEntries, writeMetadata } from '../mailboxes/metadata.ts';
import { noSuchMailbox } from '../mailboxes/refusals.ts';

export const getmetadata: CommandRow<'getmetadata'> = {
  states: afterLogin,
  expungesAllowed: 'yes',
  async run(session, command) {
    const isServer = command.mailbox === '';
    const place = isServer ? null : await findPlace(session, command.mailbox);
    if (place === null && !isServer) return noSuchMailbox();
    const refusal = place === null ? null : refuseWithout('getmetadata', 'named', place.rights);
    if (refusal !== null) return refusal;
    const all = await annotationsOf(session, place);
    const { found, largestLeftOut } = selectEntries(all, command);
    if (found.size > 0) {
      await session.send(writeMetadata(session, place === null ? '' : place.name, found));
    }
    if (largestLeftOut === 0) return ok('That is all');
    const code = { code: 'METADATA', what: 'LONGENTRIES', number: largestLeftOut } as const;
    return ok('Some are longer', code);
  },
};
