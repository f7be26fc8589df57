/** HELO: the greeting without extensions. RFC 5321 §4.1.1.1. */

import { reply } from '../replies.ts';
import { countIdle, resetTransaction } from '../session.ts';
import type { CommandRow } from '../session.ts';

export const helo: CommandRow<'HELO'> = {
  verb: 'HELO',
  states: ['greeted', 'ready', 'mail', 'rcpt', 'chunks'],
  async run(session, { domain }) {
    if (session.hello !== null) countIdle(session);
    session.hello = { name: domain, isExtended: false };
    await resetTransaction(session);
    return reply(250, null, session.home.config.hostname);
  },
};
