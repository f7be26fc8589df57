/** THREAD, UID THREAD. RFC 5256 §3. */

import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import { SearchTooBig } from '@merpati/store/search.ts';
import { refuseWithout } from '../access/needs.ts';
import { type CommandRow, no, ok } from '../command-row.ts';
import { tellThreads } from '../searching/threads.ts';

export const thread: CommandRow<'thread'> = {
  states: ['selected'],
  expungesAllowed: 'if-uid',
  async run(session, command) {
    const refused = refuseWithout('thread', 'open', session.open.rights);
    if (refused !== null) return refused;
    if (!command.uid && session.modes.uidOnly) {
      throw new SyntaxFault('imap.uid-required', 'Message numbers were given up: use UIDs');
    }
    await session.open.view.load();
    try {
      await tellThreads(session, command);
    } catch (error) {
      if (!(error instanceof SearchTooBig)) throw error;
      return no('That is too much for one search', { code: 'LIMIT' });
    }
    return ok('Threaded');
  },
};
