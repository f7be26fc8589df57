/** CLOSE: expunges what is marked as deleted, without a word about each. RFC 9051 §6.4.1. */

import { type CommandRow, ok } from '../command-row.ts';
import { expungeDeleted } from '../expunge-deleted.ts';

export const close: CommandRow<'close'> = {
  states: ['selected'],
  expungesAllowed: 'no',
  async run(session) {
    const { open } = session;
    if (!open.isReadOnly && open.rights.includes('e')) await expungeDeleted(session, open, null);
    session.unselect();
    return ok('Closed');
  },
};
