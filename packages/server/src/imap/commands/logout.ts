/** LOGOUT. RFC 9051 §6.1.3. */

import { type CommandRow, anyState, ok } from '../command-row.ts';

export const logout: CommandRow<'logout'> = {
  states: anyState,
  expungesAllowed: 'no',
  run(session) {
    session.putStatus('BYE', 'Good-bye');
    session.unselect();
    session.end(null);
    return ok('Logged out');
  },
};
