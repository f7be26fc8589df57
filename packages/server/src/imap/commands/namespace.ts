/** NAMESPACE. RFC 9051 §6.3.10; RFC 2342. */

import { levelSeparator } from '@merpati/formats/imap/mailbox-name.ts';
import { quoted } from '@merpati/formats/imap/response-writer.ts';
import { type CommandRow, afterLogin, ok } from '../command-row.ts';
import { otherUsersPrefix } from '../mailboxes/names.ts';

export const namespace: CommandRow<'namespace'> = {
  states: afterLogin,
  expungesAllowed: 'yes',
  run(session) {
    const separator = quoted(levelSeparator);
    const own = `((${quoted('')} ${separator}))`;
    const others = `((${quoted(otherUsersPrefix)} ${separator}))`;
    session.put(`* NAMESPACE ${own} ${others} NIL\r\n`);
    return ok('Yours and those of others');
  },
};
