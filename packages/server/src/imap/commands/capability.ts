/** CAPABILITY. RFC 9051 §6.1.1. */

import { capabilitiesOf } from '../capabilities.ts';
import { type CommandRow, anyState, ok } from '../command-row.ts';

export const capability: CommandRow<'capability'> = {
  states: anyState,
  expungesAllowed: 'yes',
  run(session) {
    session.put(`* CAPABILITY ${capabilitiesOf(session).join(' ')}\r\n`);
    return ok('That is what there is');
  },
};
