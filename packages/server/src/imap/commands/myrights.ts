/** MYRIGHTS. RFC 4314 §3.5. */

import { refuseWithout } from '../access/needs.ts';
import { type CommandRow, afterLogin, ok } from '../command-row.ts';
import { findPlace } from '../mailboxes/find.ts';
import { noSuchMailbox } from '../mailboxes/refusals.ts';
import { writeMyRights } from '../mailboxes/write.ts';

export const myrights: CommandRow<'myrights'> = {
  states: afterLogin,
  expungesAllowed: 'yes',
  async run(session, { mailbox }) {
    const place = await findPlace(session, mailbox);
    if (place === null) return noSuchMailbox();
    const refusal = refuseWithout('myrights', 'named', place.rights);
    if (refusal !== null) return refusal;
    session.put(writeMyRights(session, place));
    return ok('Those are yours');
  },
};
