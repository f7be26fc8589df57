/** CLOSE: expunges what is marked as deleted, without a word about each. RFC 9051 §6.4.1. */

import { flagBits } from '@merpati/store/contract.ts';
import { type Uid, uid } from '@merpati/store/ids.ts';
import { type CommandRow, ok } from '../command-row.ts';
import { imapLimits } from '../limits.ts';
import type { Selected } from '../selected.ts';
import type { Session } from '../session.ts';

export const close: CommandRow<'close'> = {
  states: ['selected'],
  expungesAllowed: 'no',
  async run(session) {
    const { open } = session;
    if (!open.isReadOnly && open.rights.includes('e')) await expungeDeleted(session, open);
    session.unselect();
    return ok('Closed');
  },
};

const lastUid = uid(4_294_967_295);

async function expungeDeleted(session: Session, { owner, mailbox }: Selected): Promise<void> {
  const status = await session.store.mailbox(owner, mailbox);
  if (status === null || status.deleted === 0) return;
  for (let fromUid = uid(1); ;) {
    const slice = { fromUid, toUid: lastUid, limit: imapLimits.expungedAtOnceMax };
    const { uids, flags } = await session.store.flagTable(owner, mailbox, slice);
    const deleted: Uid[] = [];
    uids.forEach((one, index) => {
      if (((flags[index] ?? 0) & flagBits.deleted) !== 0) deleted.push(uid(one));
    });
    if (deleted.length > 0) await session.store.expunge(owner, mailbox, deleted);
    const last = uids.at(-1);
    if (last === undefined || uids.length < slice.limit) return;
    fromUid = uid(last + 1);
  }
}
