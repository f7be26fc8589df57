/** The messages of a folder, newest first. */

import { uid } from '@merpati/store/ids.ts';
import { flagBits, type MessageRow } from '@merpati/store/contract.ts';
import { formatJourneyId } from '@merpati/store/journey.ts';
import { z } from 'zod';
import { operation } from '../operation.ts';
import { findAccount, findMailbox } from '../places.ts';

export interface MessageView {
  readonly uid: number;
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  /** When it was stored here. */
  readonly receivedMs: number;
  readonly dateMs: number | null;
  readonly messageId: string | null;
  readonly size: number;
  readonly seen: boolean;
  readonly journey: string;
}

export function viewMessage(row: MessageRow): MessageView {
  const { from, to, subject, dateMs, messageId } = row.summary;
  return {
    uid: row.uid,
    from,
    to,
    subject,
    dateMs,
    messageId,
    size: row.size,
    receivedMs: row.internalDateMs,
    seen: (row.flags & flagBits.seen) !== 0,
    journey: formatJourneyId(row.journey),
  };
}

export const mailList = operation({
  input: z.strictObject({
    address: z.string(),
    mailbox: z.string().default('INBOX'),
    limit: z.int().min(1).max(100_000).default(50),
  }),
  async run(context, input): Promise<readonly MessageView[]> {
    const { home, account } = await findAccount(context, input.address);
    const mailbox = await findMailbox(home, account, input.mailbox);
    const rows: MessageRow[] = [];
    let from = 1;
    for (;;) {
      const slice = { fromUid: uid(from), limit: 1000 };
      const found = await home.store.messages(account.id, mailbox.id, slice);
      rows.push(...found);
      if (rows.length > input.limit) rows.splice(0, rows.length - input.limit);
      if (found.length < slice.limit) break;
      from = (found.at(-1)?.uid ?? 0) + 1;
    }
    return rows.reverse().map(viewMessage);
  },
});
