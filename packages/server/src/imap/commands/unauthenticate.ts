/** UNAUTHENTICATE: another user may follow on the same connection. RFC 8437. */

import { type CommandRow, afterLogin, ok } from '../command-row.ts';

export const unauthenticate: CommandRow<'unauthenticate'> = {
  states: afterLogin,
  expungesAllowed: 'no',
  run(session) {
    session.logOut();
    return ok('Nobody is logged in');
  },
};
