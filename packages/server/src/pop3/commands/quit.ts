/** QUIT, and with it the UPDATE state. RFC 1939 §4, §6. */

import type { CommandRow } from '../command-row.ts';
import { update } from '../update.ts';

export const quit: CommandRow<'QUIT'> = {
  states: ['authorization', 'transaction'],
  async run(session) {
    session.isOver = true;
    if (session.state.name === 'authorization') {
      session.ok('bye');
      return;
    }
    const transaction = session.state;
    // From here on the session has no marks that the end of the connection could act upon.
    session.state = { name: 'authorization', user: null };
    try {
      const deleted = await update(session, transaction);
      if (deleted === 0) session.ok('bye');
      else session.ok('updated', { deleted });
    } catch (error) {
      session.noteFailure(error);
      session.refuse('not-deleted');
    } finally {
      transaction.lock.release();
    }
  },
};
