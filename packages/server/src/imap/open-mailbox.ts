/**
 * Opens a mailbox for a session and tells what a client must know of it. RFC 9051 §6.3.2; RFC 3501
 * §6.3.1 (RECENT, UNSEEN); RFC 4314 §5.2 (READ-ONLY by rights); RFC 7162 §3.1.2 (HIGHESTMODSEQ);
 * RFC 8474 §4.2 (MAILBOXID).
 */

import type { CommandOf } from '@merpati/formats/imap/command.ts';
import { flagName, joinPieces, writeMailbox } from '@merpati/formats/imap/response-writer.ts';
import type { SystemFlag } from '@merpati/formats/imap/search-key.ts';
import { mayDo, type Rights } from './access/rights.ts';
import { imapLimits } from './limits.ts';
import type { Place } from './mailboxes/find.ts';
import { hasUtf8Names } from './modes.ts';
import { writeMailboxId } from './object-ids.ts';
import { enterKeywords } from './open-keywords.ts';
import { type Selected, flagsOf, learnKeywords } from './selected.ts';
import { tellRecent } from './recent.ts';
import type { Session } from './session.ts';
import { View } from './view/view.ts';

/** Everything but the tagged end is put. */
export async function openMailbox(
  session: Session,
  place: Place,
  command: Pick<CommandOf<'select' | 'examine'>, 'name'>,
): Promise<Selected> {
  const { store } = session;
  const { owner, status, rights } = place;
  const inUse = await store.keywords(owner, status.id);
  const mayChange = Array.from('swtei' as const).some((right) => rights.includes(right));
  const selected: Selected = {
    owner,
    mailbox: status.id,
    name: place.name,
    uidValidity: status.uidValidity,
    rights,
    isReadOnly: command.name === 'examine' || !mayChange,
    view: new View(store, owner, status),
    keywords: enterKeywords(store, { owner, mailbox: status.id }),
    keywordsTold: 0,
    saved: [],
  };
  session.select(selected);
  learnKeywords(selected, inUse);
  await tellMailbox(session, place, selected);
  return selected;
}

async function tellMailbox(session: Session, place: Place, selected: Selected): Promise<void> {
  const { status } = place;
  putFlags(session, selected);
  session.put(`* ${status.total} EXISTS\r\n`);
  if (session.modes.rev2) {
    const name = writeMailbox(place.name, { utf8: hasUtf8Names(session.modes) });
    session.put(joinPieces(['* LIST () "/" ', name, '\r\n']));
  } else {
    await tellRecent(session, selected);
    await tellFirstUnseen(session, place, selected);
  }
  const { uidValidity, uidNext, modseq } = status;
  session.putStatus('OK', 'UIDs are for ever', { code: 'UIDVALIDITY', number: uidValidity });
  session.putStatus('OK', 'The next one', { code: 'UIDNEXT', number: uidNext });
  session.putStatus('OK', 'So far', { code: 'HIGHESTMODSEQ', number: modseq });
  const id = writeMailboxId(selected.owner, selected.mailbox);
  session.putStatus('OK', 'Whatever its name', { code: 'MAILBOXID', id });
}

/** FLAGS and PERMANENTFLAGS: again when a keyword is seen that was not told. */
export function putFlags(session: Session, selected: Selected): void {
  selected.keywordsTold = selected.keywords.size;
  session.put(`* FLAGS (${flagsOf(selected).join(' ')})\r\n`);
  session.putStatus('OK', 'Flags that are kept', {
    code: 'PERMANENTFLAGS',
    flags: selected.isReadOnly ? [] : permanentFlags(selected),
  });
}

function permanentFlags({ rights, keywords }: Pick<Selected, 'rights' | 'keywords'>): string[] {
  const system = (['answered', 'flagged', 'draft'] as const).filter(() => mayDo(rights, 'w'));
  const flags: SystemFlag[] = [...system, ...oneOf(rights, 't'), ...oneOf(rights, 's')];
  const others = mayDo(rights, 'w') ? [...keywords.values(), '\\*'] : [];
  return [...flags.map(flagName), ...others];
}

function oneOf(rights: Rights, right: 's' | 't'): SystemFlag[] {
  if (!mayDo(rights, right)) return [];
  return right === 's' ? ['seen'] : ['deleted'];
}

/** The number of a uid asks for all uids in memory: not in a large mailbox. */
async function tellFirstUnseen(
  session: Session,
  { status }: Place,
  { owner, view }: Selected,
): Promise<void> {
  if (status.unseen === 0 || status.total > imapLimits.firstUnseenMax) return;
  const first = await session.store.firstUnseen(owner, status.id);
  if (first === null) return;
  await view.loadUids(first);
  const number = view.numberOf(first);
  if (number > 0) session.putStatus('OK', 'Not read yet', { code: 'UNSEEN', number });
}
