/** PASS. RFC 1939 §7. */

import type { CommandRow } from '../command-row.ts';
import { enter, mayUsePassword } from '../login.ts';

export const pass: CommandRow<'PASS'> = {
  states: ['authorization'],
  async run(session, command) {
    const { state, service } = session;
    if (!mayUsePassword(session)) {
      session.refuse('tls-first');
    } else if (state.name !== 'authorization' || state.user === null) {
      session.refuse('user-first');
    } else {
      const { user } = state;
      const context = session.loginContext;
      await enter(session, await service.authenticator.plain(user, command.password, context));
    }
  },
};
