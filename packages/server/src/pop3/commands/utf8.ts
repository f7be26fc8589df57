/** UTF8. RFC 6856 §2. Messages are what they are in either mode; see transmit.ts. */

import type { CommandRow } from '../command-row.ts';

export const utf8: CommandRow<'UTF8'> = {
  states: ['authorization'],
  run(session) {
    session.isUtf8 = true;
    session.ok('utf8');
  },
};
