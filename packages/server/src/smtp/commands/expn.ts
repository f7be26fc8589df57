/** EXPN: members of lists are told to nobody. RFC 5321 §3.5.2, §7.3. */

import { Refusal } from '../../refusal.ts';
import type { CommandRow } from '../session.ts';

export const expn: CommandRow<'EXPN'> = {
  verb: 'EXPN',
  states: ['greeted', 'ready', 'mail', 'rcpt', 'chunks'],
  run() {
    throw new Refusal('not-offered', 'Lists are not expanded here');
  },
};
