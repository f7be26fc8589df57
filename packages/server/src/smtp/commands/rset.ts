/** RSET: drops the transaction. RFC 5321 §4.1.1.5. */

import { replies } from '../replies.ts';
import { countIdle, resetTransaction } from '../session.ts';
import type { CommandRow } from '../session.ts';

export const rset: CommandRow<'RSET'> = {
  verb: 'RSET',
  states: ['greeted', 'ready', 'mail', 'rcpt', 'chunks'],
  async run(session) {
    countIdle(session);
    await resetTransaction(session);
    return replies.ok;
  },
};
