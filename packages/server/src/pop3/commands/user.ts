/**
 * USER. RFC 1939 §7. Says the same for every name: who lives here is nobody's business before
 * PASS.
 */

import type { CommandRow } from '../command-row.ts';
import { mayUsePassword } from '../login.ts';

export const user: CommandRow<'USER'> = {
  states: ['authorization'],
  run(session, command) {
    if (!mayUsePassword(session)) {
      session.refuse('tls-first');
      return;
    }
    session.state = { name: 'authorization', user: command.user };
    session.ok('user');
  },
};
