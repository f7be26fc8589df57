/** STLS. RFC 2595 §4; RFC 6856 §2.1 (not after UTF8). */

import { isTlsOffered } from '../capabilities.ts';
import type { CommandRow } from '../command-row.ts';
import { preferredLanguage } from '../replies.ts';

export const stls: CommandRow<'STLS'> = {
  states: ['authorization'],
  async run(session) {
    const { tls } = session.service.home;
    if (session.wire.secure !== null) {
      session.refuse('tls-active');
    } else if (session.isUtf8) {
      session.refuse('stls-after-utf8');
    } else if (tls === null || !isTlsOffered(session)) {
      session.refuse('no-tls');
    } else {
      session.ok('tls');
      await session.flush();
      await session.wire.startTls(tls);
      // Whatever was said in the clear may have been somebody else's words.
      session.state = { name: 'authorization', user: null };
      session.language = preferredLanguage;
    }
  },
};
