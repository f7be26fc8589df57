/** RETR. RFC 1939 §5. */

import type { CommandRow } from '../command-row.ts';
import { findMessage } from '../listing.ts';
import { wireOctets } from '../maildrop.ts';
import { transmit } from '../transmit.ts';

export const retr: CommandRow<'RETR'> = {
  states: ['transaction'],
  async run(session, command) {
    const entry = findMessage(session, command.message);
    if (entry === null) return;
    const announce = (): void => session.ok('message', { octets: wireOctets(entry) });
    const isSent = await transmit(session, entry, { announce, cutter: null });
    if (isSent) session.transaction.maildrop.markRetrieved(entry);
  },
};
