/** TOP. RFC 1939 §7. */

import { TopCutter } from '@merpati/formats/pop3/multiline.ts';
import type { CommandRow } from '../command-row.ts';
import { findMessage } from '../listing.ts';
import { transmit } from '../transmit.ts';

export const top: CommandRow<'TOP'> = {
  states: ['transaction'],
  async run(session, command) {
    const entry = findMessage(session, command.message);
    if (entry === null) return;
    const announce = (): void => session.ok('top');
    await transmit(session, entry, { announce, cutter: new TopCutter(command.lines) });
  },
};
