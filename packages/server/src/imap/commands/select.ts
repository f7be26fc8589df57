/**
 * SELECT and EXAMINE. RFC 9051 §6.3.2, §6.3.3; RFC 7162 §3.1.8 (CONDSTORE), §3.2.5 (QRESYNC),
 * §3.2.11 (CLOSED).
 */

import type { CommandOf } from '@merpati/formats/imap/command.ts';
import { refuseWithout } from '../access/needs.ts';
import { type Answer, type CommandRow, afterLogin, bad, ok } from '../command-row.ts';
import { findPlace } from '../mailboxes/find.ts';
import { noSuchMailbox } from '../mailboxes/refusals.ts';
import { openMailbox } from '../open-mailbox.ts';
import { resynchronise } from '../resynchronise.ts';
import type { Session } from '../session.ts';

async function run(session: Session, command: CommandOf<'select' | 'examine'>): Promise<Answer> {
  const { name, mailbox, condstore, qresync } = command;
  if (qresync !== null && !session.modes.qresync) return bad('ENABLE QRESYNC first');
  // Whatever comes of it, the mailbox before is left.
  if (session.selected !== null) {
    session.unselect();
    session.putStatus('OK', 'The mailbox before is closed', { code: 'CLOSED' });
  }
  const place = await findPlace(session, mailbox);
  if (place === null) return noSuchMailbox();
  const refused = refuseWithout(name, 'named', place.rights);
  if (refused !== null) return refused;
  if (condstore) session.modes = { ...session.modes, condstore: true };
  const selected = await openMailbox(session, place, command);
  if (qresync !== null) await resynchronise(session, selected, qresync);
  return selected.isReadOnly
    ? ok('Open for reading', { code: 'READ-ONLY' })
    : ok('Open', { code: 'READ-WRITE' });
}

export const select: CommandRow<'select'> = { states: afterLogin, expungesAllowed: 'yes', run };
export const examine: CommandRow<'examine'> = { states: afterLogin, expungesAllowed: 'yes', run };
