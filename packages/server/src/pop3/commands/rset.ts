/** RSET. RFC 1939 §5. */

import type { CommandRow } from '../command-row.ts';

export const rset: CommandRow<'RSET'> = {
  states: ['transaction'],
  run(session) {
    const { maildrop } = session.transaction;
    maildrop.unmarkDeleted();
    session.ok('reset', { messages: maildrop.count });
  },
};
