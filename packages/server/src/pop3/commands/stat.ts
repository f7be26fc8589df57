/** STAT. RFC 1939 §5. */

import type { CommandRow } from '../command-row.ts';

export const stat: CommandRow<'STAT'> = {
  states: ['transaction'],
  run(session) {
    const { maildrop } = session.transaction;
    session.okText(`${maildrop.count} ${maildrop.octets}`);
  },
};
