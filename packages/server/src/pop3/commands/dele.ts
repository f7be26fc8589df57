/** DELE. RFC 1939 §5. A mark, no more: QUIT makes it true. */

import type { CommandRow } from '../command-row.ts';
import { findMessage } from '../listing.ts';

export const dele: CommandRow<'DELE'> = {
  states: ['transaction'],
  run(session, command) {
    if (findMessage(session, command.message) === null) return;
    session.transaction.maildrop.markDeleted(command.message);
    session.ok('deleted');
  },
};
