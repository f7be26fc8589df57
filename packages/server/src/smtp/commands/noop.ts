/** NOOP. RFC 5321 §4.1.1.9. */

import { replies } from '../replies.ts';
import { countIdle } from '../session.ts';
import type { CommandRow } from '../session.ts';

export const noop: CommandRow<'NOOP'> = {
  verb: 'NOOP',
  states: ['greeted', 'ready', 'mail', 'rcpt', 'chunks'],
  run(session) {
    countIdle(session);
    return replies.ok;
  },
};
