/** UNSELECT: leaves the mailbox as it is. RFC 9051 §6.4.2. */

import { type CommandRow, ok } from '../command-row.ts';

export const unselect: CommandRow<'unselect'> = {
  states: ['selected'],
  expungesAllowed: 'no',
  run(session) {
    session.unselect();
    return ok('Left');
  },
};
