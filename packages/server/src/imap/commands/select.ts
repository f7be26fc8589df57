/** SELECT and EXAMINE. RFC 9051 §6.3.2, §6.3.3; RFC 3501 §6.3.1 (RECENT, UNSEEN). */

import { type CommandRow, afterLogin, no, ok } from '../command-row.ts';
import { openMailbox } from '../open-mailbox.ts';
import type { Session } from '../session.ts';
import type { CommandOf } from '@merpati/formats/imap/command.ts';

async function run(session: Session, command: CommandOf<'select' | 'examine'>) {
  if (session.selected !== null) {
    session.unselect();
    session.putStatus('OK', 'The mailbox before is closed', { code: 'CLOSED' });
  }
  const selected = await openMailbox(session, command);
  if (selected === null) return no('No such mailbox', { code: 'NONEXISTENT' });
  return ok(selected.isReadOnly ? 'Open for reading' : 'Open', {
    code: selected.isReadOnly ? 'READ-ONLY' : 'READ-WRITE',
  });
}

export const select: CommandRow<'select'> = { states: afterLogin, expungesAllowed: 'yes', run };
export const examine: CommandRow<'examine'> = { states: afterLogin, expungesAllowed: 'yes', run };
