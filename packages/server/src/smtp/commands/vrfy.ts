/** VRFY: neutral, since addresses are told to nobody; RCPT decides. RFC 5321 §3.5.3, §7.3. */

import { reply } from '../replies.ts';
import { countIdle } from '../session.ts';
import type { CommandRow } from '../session.ts';

export const vrfy: CommandRow<'VRFY'> = {
  verb: 'VRFY',
  states: ['greeted', 'ready', 'mail', 'rcpt', 'chunks'],
  run(session) {
    countIdle(session);
    return reply(252, '2.1.5', 'Not told here; send the message and see');
  },
};
