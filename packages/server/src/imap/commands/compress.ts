/** COMPRESS=DEFLATE. RFC 4978. */

import { isOffered } from '../capabilities.ts';
import { type CommandRow, afterLogin, bad, no, ok } from '../command-row.ts';

export const compress: CommandRow<'compress'> = {
  states: afterLogin,
  expungesAllowed: 'yes',
  run(session, { mechanism }) {
    if (!isOffered(session, `COMPRESS=${mechanism}`)) return bad('No such compression');
    if (session.wire.isDeflated) {
      return no('Compression is active already', { code: 'COMPRESSIONACTIVE' });
    }
    session.afterAnswer = () => session.wire.deflate();
    return ok('Compressed from here on');
  },
};
