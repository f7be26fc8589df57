/** QUIT. RFC 5321 §4.1.1.10. */

import { replies } from '../replies.ts';
import type { CommandRow } from '../session.ts';

export const quit: CommandRow<'QUIT'> = {
  verb: 'QUIT',
  states: ['greeted', 'ready', 'mail', 'rcpt', 'chunks'],
  run(session) {
    session.isEnding = true;
    return replies.goodbye;
  },
};
