/** STARTTLS. RFC 9051 §6.2.1, §11.1: nothing that was said before survives. */

import { isTlsOffered } from '../capabilities.ts';
import { type CommandRow, bad, ok } from '../command-row.ts';

export const starttls: CommandRow<'starttls'> = {
  states: ['not-authenticated'],
  expungesAllowed: 'no',
  run(session) {
    const { tls } = session.service.home;
    if (session.wire.secure !== null) return bad('TLS is active already');
    if (tls === null || !isTlsOffered(session)) return bad('No TLS here');
    session.afterAnswer = async () => {
      // Whatever was said in the clear may have been somebody else's words.
      session.clientName = '';
      await session.wire.startTls(tls);
    };
    return ok('Begin TLS now');
  },
};
