/** What POP3 devices took away and what can still be brought back. */

import { z } from 'zod';
import { operation } from '../operation.ts';
import { findAccount } from '../places.ts';
import { viewMessage, type MessageView } from './mail-list.ts';

export interface DownloadedView {
  /** For `mail restore`. */
  readonly email: number;
  readonly device: string;
  readonly address: string;
  readonly atMs: number;
  readonly keepUntilMs: number;
  readonly message: MessageView;
}

export const mailDownloaded = operation({
  input: z.strictObject({ address: z.string() }),
  async run(context, input): Promise<readonly DownloadedView[]> {
    const { home, account } = await findAccount(context, input.address);
    const entries = await home.store.downloaded(account.id);
    return entries.map(({ email, device, address, atMs, keepUntilMs, message }) => ({
      email,
      device,
      address,
      atMs,
      keepUntilMs,
      message: viewMessage(message),
    }));
  },
});
