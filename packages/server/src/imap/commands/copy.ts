/** COPY, UID COPY: all of the messages or none. RFC 9051 §6.4.7, §6.4.9; RFC 4315 §3. */

import { type Answer, type CommandRow, no, ok } from '../command-row.ts';
import { transfer } from '../transfer.ts';

export const copy: CommandRow<'copy'> = {
  states: ['selected'],
  expungesAllowed: 'if-uid',
  async run(session, command): Promise<Answer> {
    const done = await transfer(session, command);
    if (!done.ok) return done.answer;
    // Copies into the selected mailbox itself are told at once.
    await session.update({ expungesAllowed: command.uid, force: true });
    if (done.gone > 0 && !command.uid && done.code === null) {
      return no('The messages are gone', { code: 'EXPUNGEISSUED' });
    }
    return ok('Copied', done.code);
  },
};
