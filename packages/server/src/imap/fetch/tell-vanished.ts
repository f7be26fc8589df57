/** VANISHED (EARLIER): which of the uids asked for are gone since. RFC 7162 §3.2.6, §3.2.10.1. */

import type { CommandOf } from '@merpati/formats/imap/command.ts';
import {
  type NumberRange,
  intersectSets,
  resolveSet,
  setOf,
  writeSequenceSet,
} from '@merpati/formats/imap/sequence-set.ts';
import { type ModSeq, modSeq } from '@merpati/store/ids.ts';
import { imapLimits } from '../limits.ts';
import type { Selected } from '../selected.ts';
import type { Session } from '../session.ts';

export async function tellVanished(session: Session, command: CommandOf<'fetch'>): Promise<void> {
  const { open } = session;
  if (command.set === '$') return;
  const status = await session.store.mailbox(open.owner, open.mailbox);
  const last = (status?.uidNext ?? 1) - 1;
  const asked = resolveSet(command.set, last).filter(({ from }) => from <= last);
  const since = modSeq(command.changedSince ?? 0);
  const gone = (await vanishedSince(session, open, since)) ?? (await missing(session, open, last));
  const told = intersectSets(asked, gone).map(({ from, to }) => ({ from, to: Math.min(to, last) }));
  if (told.length > 0) session.put(`* VANISHED (EARLIER) ${writeSequenceSet(told)}\r\n`);
}

/** null: the log does not reach back so far. */
async function vanishedSince(
  session: Session,
  { owner, mailbox }: Selected,
  from: ModSeq,
): Promise<readonly NumberRange[] | null> {
  const gone: number[] = [];
  const limit = imapLimits.changesMax;
  for (let since = from; ;) {
    const found = await session.store.mailboxChanges(owner, mailbox, { since, limit });
    if (found.truncated) return null;
    gone.push(...found.vanished);
    const isCut = found.vanished.length >= limit || found.changed.length >= limit;
    if (!isCut || found.modseq === since) break;
    since = found.modseq;
  }
  return setOf(gone.toSorted((one, other) => one - other));
}

/** Every uid that is not there: more than need be, and never less. */
async function missing(
  session: Session,
  { owner, mailbox }: Selected,
  last: number,
): Promise<readonly NumberRange[]> {
  const gaps: NumberRange[] = [];
  let next = 1;
  for (const one of await session.store.uids(owner, mailbox)) {
    if (one > next) gaps.push({ from: next, to: one - 1 });
    next = one + 1;
  }
  if (next <= last) gaps.push({ from: next, to: last });
  return gaps;
}
