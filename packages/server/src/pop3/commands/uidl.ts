/** UIDL. RFC 1939 §7. */

import type { CommandRow } from '../command-row.ts';
import { findMessage, putListing } from '../listing.ts';

export const uidl: CommandRow<'UIDL'> = {
  states: ['transaction'],
  async run(session, command) {
    const { maildrop } = session.transaction;
    if (command.message !== null) {
      const entry = findMessage(session, command.message);
      if (entry !== null) session.okText(`${command.message} ${maildrop.uidl(entry)}`);
      return;
    }
    session.ok('listing', { messages: maildrop.count });
    await putListing(
      session,
      maildrop.lines((entry) => maildrop.uidl(entry)),
    );
  },
};
