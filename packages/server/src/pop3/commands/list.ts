/** LIST. RFC 1939 §5, §11 (octets). */

import type { CommandRow } from '../command-row.ts';
import { findMessage, putListing } from '../listing.ts';
import { wireOctets } from '../maildrop.ts';

export const list: CommandRow<'LIST'> = {
  states: ['transaction'],
  async run(session, command) {
    const { maildrop } = session.transaction;
    if (command.message !== null) {
      const entry = findMessage(session, command.message);
      if (entry !== null) session.okText(`${command.message} ${wireOctets(entry)}`);
      return;
    }
    session.ok('listing', { messages: maildrop.count });
    await putListing(session, maildrop.lines(wireOctets));
  },
};
