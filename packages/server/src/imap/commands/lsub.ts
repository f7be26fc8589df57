/** LSUB: the subscriptions, as clients asked before LIST could. RFC 3501 §6.3.9. */

import { type CommandRow, afterLogin, ok } from '../command-row.ts';
import { listNames, namesAround } from '../mailboxes/listing.ts';
import { matchNames } from '../mailboxes/match.ts';
import { writeListLine } from '../mailboxes/write.ts';

export const lsub: CommandRow<'lsub'> = {
  states: afterLogin,
  expungesAllowed: 'yes',
  async run(session, { reference, pattern }) {
    const subscriptions = await session.store.subscriptions(session.account);
    const names = namesAround([], subscriptions);
    const listed = listNames([], subscriptions, {
      matching: await matchNames(names, reference, [pattern]),
      subscribed: true,
      specialUse: false,
      recursive: true,
    });
    for (const { name, isSubscribed } of listed) {
      // `%` also shows what is above a subscription; it says \Noselect of that. RFC 3501 §6.3.9.
      const attributes = isSubscribed ? [] : ['\\Noselect'];
      await session.send(writeListLine(session, 'LSUB', { attributes, name, childInfo: [] }));
    }
    return ok('That is all');
  },
};
