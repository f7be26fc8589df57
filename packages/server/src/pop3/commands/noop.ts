/** NOOP. RFC 1939 §5. */

import type { CommandRow } from '../command-row.ts';

export const noop: CommandRow<'NOOP'> = {
  states: ['transaction'],
  run(session) {
    session.ok('nothing');
  },
};
