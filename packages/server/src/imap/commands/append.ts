/**
 * APPEND: one message, or several at once. RFC 9051 §6.3.12; RFC 3502 (MULTIAPPEND); RFC 4469
 * (CATENATE); RFC 4315 §3 (APPENDUID).
 */

import { refuseWithout } from '../access/needs.ts';
import { MessageTaker, readStart } from '../append/take-messages.ts';
import { storeMessages } from '../append/store-messages.ts';
import { type Answer, type SourceRow, afterLogin, ok } from '../command-row.ts';
import type { CommandSource } from '../command-source.ts';
import { findPlace } from '../mailboxes/find.ts';
import { noSuchMailbox } from '../transfer.ts';

export const append: SourceRow = {
  states: afterLogin,
  expungesAllowed: 'yes',
  async run(session, source): Promise<Answer> {
    const startedUs = session.home.world.nowUs();
    const start = await readStart(session, source);
    const { mailbox, tag } = start.command;
    const place = await findPlace(session, mailbox);
    if (place === null) return dropped(source, noSuchMailbox);
    const refused = refuseWithout('append', 'named', place.rights);
    if (refused !== null) return dropped(source, refused);
    const taker = new MessageTaker(session, source);
    try {
      const unwanted = await taker.take(start);
      if (unwanted !== null) return unwanted;
      const { messages } = taker;
      const stored = await storeMessages(session, {
        tag,
        place,
        messages,
        replaces: null,
        startedUs,
      });
      if (!stored.ok) return stored.answer;
      taker.keep();
      // What is appended to the selected mailbox is told at once. RFC 9051 §6.3.12.
      await session.update({ expungesAllowed: true, force: true });
      return ok('Appended', stored.code);
    } finally {
      await taker.abort();
    }
  },
};

/** Refused before the message came. */
async function dropped(source: CommandSource, answer: Answer): Promise<Answer> {
  await source.drop();
  return answer;
}
