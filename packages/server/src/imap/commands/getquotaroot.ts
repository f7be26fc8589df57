/** GETQUOTAROOT. RFC 9208 §4.1.2. */

import { joinPieces, writeAstring } from '@merpati/formats/imap/response-writer.ts';
import { refuseWithout } from '../access/needs.ts';
import { type CommandRow, afterLogin, ok } from '../command-row.ts';
import { findPlace } from '../mailboxes/find.ts';
import { writeQuota } from '../mailboxes/quota.ts';
import { noSuchMailbox } from '../mailboxes/refusals.ts';
import { writeName } from '../mailboxes/write.ts';

export const getquotaroot: CommandRow<'getquotaroot'> = {
  states: afterLogin,
  expungesAllowed: 'yes',
  async run(session, { mailbox }) {
    const place = await findPlace(session, mailbox);
    if (place === null) return noSuchMailbox();
    const refusal = refuseWithout('getquotaroot', 'named', place.rights);
    if (refusal !== null) return refusal;
    const owner = await session.store.findAccount(place.owner);
    if (owner === null) return noSuchMailbox();
    const name = writeName(session, place.name);
    const isOwn = owner.id === session.account;
    // How much somebody else keeps is theirs to know: their mailboxes have no root to be shown.
    const root = isOwn ? [' ', writeAstring(owner.address)] : [];
    session.put(joinPieces(['* QUOTAROOT ', name, ...root, '\r\n']));
    if (isOwn) session.put(writeQuota(owner));
    return ok('That is the root');
  },
};
