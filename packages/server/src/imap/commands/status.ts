/** STATUS. RFC 9051 §6.3.11; RFC 3501 §6.3.10; RFC 7162 §3.1.7 (HIGHESTMODSEQ). */

import { refuseWithout } from '../access/needs.ts';
import { type CommandRow, afterLogin, ok } from '../command-row.ts';
import { useCondstore } from '../condstore.ts';
import { findPlace } from '../mailboxes/find.ts';
import { noSuchMailbox } from '../mailboxes/refusals.ts';
import { countRecentOf, writeStatusOf } from '../mailboxes/status.ts';

export const status: CommandRow<'status'> = {
  states: afterLogin,
  expungesAllowed: 'yes',
  async run(session, { mailbox, items }) {
    const place = await findPlace(session, mailbox);
    if (place === null) return noSuchMailbox();
    const refusal = refuseWithout('status', 'named', place.rights);
    if (refusal !== null) return refusal;
    // Whoever asks for it knows what it is for. RFC 7162 §3.1.
    if (items.includes('highestmodseq')) useCondstore(session);
    const recent = await countRecentOf(session, place, items);
    session.put(writeStatusOf(session, place, items, recent));
    return ok('That is how it stands');
  },
};
