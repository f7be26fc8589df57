/** HELP. RFC 5321 §4.1.1.8. */

import { reply } from '../replies.ts';
import { countIdle } from '../session.ts';
import type { CommandRow } from '../session.ts';

export const help: CommandRow<'HELP'> = {
  verb: 'HELP',
  states: ['greeted', 'ready', 'mail', 'rcpt', 'chunks'],
  run(session) {
    countIdle(session);
    return reply(
      214,
      '2.0.0',
      'EHLO HELO MAIL RCPT DATA BDAT RSET NOOP VRFY QUIT STARTTLS AUTH HELP',
      `Problems: write to postmaster@${session.home.config.hostname}`,
    );
  },
};
