/**
 * MOVE, UID MOVE: COPYUID is told before the messages go. RFC 9051 §6.4.8, §6.4.9; RFC 6851 §3,
 * §4.3.
 */

import { type Answer, type CommandRow, no, ok } from '../command-row.ts';
import { transfer } from '../transfer.ts';

export const move: CommandRow<'move'> = {
  states: ['selected'],
  expungesAllowed: 'yes',
  async run(session, command): Promise<Answer> {
    if (session.open.isReadOnly) {
      return no('The mailbox is open for reading', { code: 'READ-ONLY' });
    }
    const done = await transfer(session, command);
    if (!done.ok) return done.answer;
    if (done.code !== null) session.putStatus('OK', 'Where they are now', done.code);
    await session.update({ expungesAllowed: true, force: true });
    if (done.gone > 0 && !command.uid && done.code === null) {
      return no('The messages are gone', { code: 'EXPUNGEISSUED' });
    }
    return ok('Moved');
  },
};
