/**
 * Opens a mailbox for a session and tells what a client must know of it. RFC 9051 §6.3.2; RFC 3501
 * §6.3.1 (RECENT, UNSEEN); RFC 7162 §3.1.2 (HIGHESTMODSEQ); RFC 8474 §4.2 (MAILBOXID).
 */

import type { CommandOf } from '@merpati/formats/imap/command.ts';
import type { MailboxStatus } from '@merpati/store/contract.ts';
import { imapLimits } from './limits.ts';
import type { Selected } from './selected.ts';
import type { Session } from './session.ts';
import { View } from './view/view.ts';

/** Of an own mailbox: all of RFC 4314 §2.1. */
export const allRights = 'aeiklprstwx';

/** null: there is none by that name, or none that the user may open. */
export async function openMailbox(
  session: Session,
  command: CommandOf<'select' | 'examine'>,
): Promise<Selected | null> {
  const { store, account } = session;
  const status = await store.mailbox(account, command.mailbox);
  if (status === null) return null;
  const selected: Selected = {
    owner: account,
    mailbox: status.id,
    name: status.name,
    uidValidity: status.uidValidity,
    rights: allRights,
    isReadOnly: command.name === 'examine',
    view: new View(store, account, status),
    saved: [],
  };
  await tellMailbox(session, status, selected);
  session.select(selected);
  return selected;
}

const systemFlags = '\\Answered \\Flagged \\Deleted \\Seen \\Draft';

async function tellMailbox(
  session: Session,
  status: MailboxStatus,
  selected: Selected,
): Promise<void> {
  const { store, modes } = session;
  const { owner, mailbox } = selected;
  const keywords = await store.keywords(owner, mailbox);
  const flags = [systemFlags, ...keywords].join(' ');
  session.put(`* FLAGS (${flags})\r\n`);
  session.putStatus('OK', 'Flags that are kept', {
    code: 'PERMANENTFLAGS',
    flags: selected.isReadOnly ? [] : [flags, '\\*'],
  });
  session.put(`* ${status.total} EXISTS\r\n`);
  if (!modes.rev2) {
    session.put('* 0 RECENT\r\n');
    await tellFirstUnseen(session, status, selected);
  }
  session.putStatus('OK', 'UIDs are for ever', {
    code: 'UIDVALIDITY',
    number: status.uidValidity,
  });
  session.putStatus('OK', 'The next one', { code: 'UIDNEXT', number: status.uidNext });
  session.putStatus('OK', 'So far', { code: 'HIGHESTMODSEQ', number: status.modseq });
  session.putStatus('OK', 'Its name for ever', {
    code: 'MAILBOXID',
    id: `F${owner}-${mailbox}`,
  });
}

/** The number of a uid asks for all uids in memory: not in a large mailbox. */
async function tellFirstUnseen(
  session: Session,
  status: MailboxStatus,
  { owner, view }: Selected,
): Promise<void> {
  if (status.unseen === 0 || status.total > imapLimits.firstUnseenMax) return;
  const first = await session.store.firstUnseen(owner, status.id);
  await view.load();
  const number = first === null ? 0 : view.numberOf(first);
  if (number > 0) session.putStatus('OK', 'Not read yet', { code: 'UNSEEN', number });
}
