/** Takes away what is marked with `\Deleted`. RFC 9051 §6.4.1 (CLOSE), §6.4.3 (EXPUNGE). */

import type { NumberRange } from '@merpati/formats/imap/sequence-set.ts';
import { flagBits } from '@merpati/store/contract.ts';
import { type ModSeq, type Uid, uid } from '@merpati/store/ids.ts';
import { matchRows, slicesOf, uidSliceOf } from './fetch/slices.ts';
import { imapLimits } from './limits.ts';
import type { Selected } from './selected.ts';
import type { Session } from './session.ts';

const lastUid = uid(4_294_967_295);

/**
 * `ranges`: only messages of these numbers; null: all that are marked, those too that the client
 * has not heard of. Answers the modseq of what was done; null when there was nothing to do.
 */
export async function expungeDeleted(
  session: Session,
  selected: Selected,
  ranges: readonly NumberRange[] | null,
): Promise<ModSeq | null> {
  const { owner, mailbox } = selected;
  const status = await session.store.mailbox(owner, mailbox);
  if (status === null || status.deleted === 0) return null;
  let modseq: ModSeq | null = null;
  const found =
    ranges === null ? allDeleted(session, selected) : deletedOf(session, selected, ranges);
  for await (const uids of found) {
    if (uids.length > 0) modseq = (await session.store.expunge(owner, mailbox, uids)).modseq;
  }
  return modseq;
}

async function* allDeleted(
  session: Session,
  { owner, mailbox }: Selected,
): AsyncGenerator<readonly Uid[]> {
  for (let fromUid = uid(1); ;) {
    const slice = { fromUid, toUid: lastUid, limit: imapLimits.expungedAtOnceMax };
    const { uids, flags } = await session.store.flagTable(owner, mailbox, slice);
    const deleted: Uid[] = [];
    for (const [row, one] of uids.entries()) if (isDeleted(flags[row]!)) deleted.push(uid(one));
    yield deleted;
    const last = uids.at(-1);
    if (last === undefined || uids.length < slice.limit) return;
    fromUid = uid(last + 1);
  }
}

async function* deletedOf(
  session: Session,
  { owner, mailbox, view }: Selected,
  ranges: readonly NumberRange[],
): AsyncGenerator<readonly Uid[]> {
  for (const slice of slicesOf(ranges, imapLimits.lightRowsMax)) {
    const table = await session.store.flagTable(owner, mailbox, uidSliceOf(view, slice));
    const rows = { length: table.uids.length, uidAt: (row: number) => table.uids[row]! };
    const deleted: Uid[] = [];
    for (const { row } of matchRows(view, slice, rows)) {
      if (isDeleted(table.flags[row]!)) deleted.push(uid(table.uids[row]!));
    }
    yield deleted;
  }
}

function isDeleted(flags: number): boolean {
  return (flags & flagBits.deleted) !== 0;
}
