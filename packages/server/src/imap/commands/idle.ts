/** IDLE. RFC 9051 §6.3.13; RFC 2177. */

import { latin1 } from '@merpati/formats/bytes.ts';
import { type CommandRow, afterLogin, bad, ok } from '../command-row.ts';
import { imapLimits } from '../limits.ts';

export const idle: CommandRow<'idle'> = {
  states: afterLogin,
  expungesAllowed: 'yes',
  async run(session) {
    session.put('+ Idling\r\n');
    const news = () => session.update({ expungesAllowed: true });
    await session.update({ expungesAllowed: true, force: true });
    const line = await session.readLineWatching(news, imapLimits.idleTimeoutMs);
    return latin1(line).toUpperCase() === 'DONE' ? ok('Idle no more') : bad('DONE was expected');
  },
};
