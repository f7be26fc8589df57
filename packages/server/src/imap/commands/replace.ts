/**
 * REPLACE, UID REPLACE: a new message for an old one, in one step. RFC 8508 §3; APPENDUID is told
 * before the old one goes.
 */

import type { CommandOf } from '@merpati/formats/imap/command.ts';
import type { Uid } from '@merpati/store/ids.ts';
import { refuseWithout } from '../access/needs.ts';
import { storeMessages } from '../append/store-messages.ts';
import { MessageTaker, readStart } from '../append/take-messages.ts';
import { type Answer, type SourceRow, no, ok } from '../command-row.ts';
import { type Place, findPlace } from '../mailboxes/find.ts';
import { resolveMessages } from '../selected.ts';
import type { Session } from '../session.ts';
import { noSuchMailbox } from '../transfer.ts';

export const replace: SourceRow = {
  states: ['selected'],
  expungesAllowed: 'yes',
  async run(session, source): Promise<Answer> {
    const startedUs = session.home.world.nowUs();
    const start = await readStart(session, source);
    const { command } = start;
    if (command.name !== 'replace') throw new Error('REPLACE was read as something else');
    const found = await findBoth(session, command);
    if ('status' in found) {
      await source.drop();
      return found;
    }
    const { old, place } = found;
    const taker = new MessageTaker(session, source);
    try {
      const unwanted = await taker.take(start);
      if (unwanted !== null) return unwanted;
      const { mailbox } = session.open;
      const { tag } = command;
      const { messages } = taker;
      const replaces = { mailbox, uid: old };
      const stored = await storeMessages(session, { tag, place, messages, replaces, startedUs });
      if (!stored.ok) return stored.answer;
      taker.keep();
      session.putStatus('OK', 'Where the new one is', stored.code);
      await session.update({ expungesAllowed: true, force: true });
      return ok('Replaced');
    } finally {
      await taker.abort();
    }
  },
};

/** The message that goes and the mailbox that the new one comes into, or why not. */
async function findBoth(
  session: Session,
  command: CommandOf<'replace'>,
): Promise<{ readonly old: Uid; readonly place: Place } | Answer> {
  const { open } = session;
  const refused = refuseWithout('replace', 'open', open.rights);
  if (refused !== null) return refused;
  if (open.isReadOnly) return no('The mailbox is open for reading', { code: 'READ-ONLY' });
  const set = [{ from: command.number, to: command.number }];
  const [range] = await resolveMessages(session, set, command.uid);
  if (range === undefined) return no('There is no such message', { code: 'NONEXISTENT' });
  const place = await findPlace(session, command.mailbox);
  if (place === null) return noSuchMailbox;
  // LIMIT: the transaction is one account's.
  if (place.owner !== open.owner) {
    return no('Only within the mailboxes of one owner', { code: 'CANNOT' });
  }
  return (
    refuseWithout('replace', 'named', place.rights) ?? { old: open.view.uidAt(range.from), place }
  );
}
