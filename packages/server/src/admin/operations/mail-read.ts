/** One whole message, byte exact, in pieces. The first item says which it is. */

import { CorruptBlob } from '@merpati/store/contract.ts';
import { uid } from '@merpati/store/ids.ts';
import { z } from 'zod';
import { AdminFault, streamOperation } from '../operation.ts';
import { findAccount, findMailbox } from '../places.ts';
import { mailList, viewMessage, type MessageView } from './mail-list.ts';

export type MailPiece =
  | { readonly message: MessageView }
  /** Base64. */
  | { readonly bytes: string };

export const mailRead = streamOperation({
  input: z.strictObject({
    address: z.string(),
    mailbox: z.string().default('INBOX'),
    /** null: the newest. */
    uid: z.int().min(1).nullable().default(null),
  }),
  async *stream(context, input): AsyncIterable<MailPiece> {
    const { home, account } = await findAccount(context, input.address);
    const mailbox = await findMailbox(home, account, input.mailbox);
    const newest = input.uid ?? (await mailList.run(context, { ...input, limit: 1 }))[0]?.uid ?? 0;
    const slice = { fromUid: uid(Math.max(newest, 1)), limit: 1 };
    const [row] = await home.store.messages(account.id, mailbox.id, slice);
    const body = row?.uid === newest ? await home.store.readMessage(account.id, row.content) : null;
    if (row === undefined || body === null) {
      const args = { address: account.address, mailbox: mailbox.name, message: newest };
      throw new AdminFault('message.unknown', args);
    }
    yield { message: viewMessage(row) };
    try {
      for await (const chunk of body.chunks()) {
        yield { bytes: Buffer.from(chunk).toString('base64') };
      }
    } catch (error) {
      if (!(error instanceof CorruptBlob)) throw error;
      throw new AdminFault('message.corrupt', { where: error.message });
    }
  },
});
