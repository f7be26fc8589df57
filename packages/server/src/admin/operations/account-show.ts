/** One account with its folders, aliases and today's sending. */

import { z } from 'zod';
import { lastUse } from '../../accounts/last-used.ts';
import { sendingPause, type SendingPause } from '../../accounts/sending-pause.ts';
import { isTotpOn } from '../../accounts/totp.ts';
import { viewAccount, type AccountView } from '../account-view.ts';
import { operation } from '../operation.ts';
import { findAccount } from '../places.ts';

export interface AccountShown {
  readonly account: AccountView;
  readonly mailboxes: readonly {
    readonly name: string;
    readonly role: string | null;
    readonly total: number;
    readonly unseen: number;
    readonly sizeBytes: number;
  }[];
  readonly aliases: readonly string[];
  readonly appPasswords: readonly {
    readonly id: number;
    readonly label: string;
    readonly createdMs: number;
    readonly lastUsedMs: number | null;
    /** null: not known. */
    readonly lastUse: { readonly protocol: string; readonly address: string } | null;
  }[];
  /** null: it may send. */
  readonly paused: SendingPause | null;
  /** On: mail programs need app passwords. */
  readonly secondFactor: boolean;
  readonly sentToday: { readonly messages: number; readonly newRecipients: number };
}

const dayMs = 86_400_000;

export const accountShow = operation({
  input: z.strictObject({ address: z.string() }),
  async run(context, input): Promise<AccountShown> {
    const { home, account } = await findAccount(context, input.address);
    const { store, world } = home;
    const mailboxes = await store.mailboxes(account.id, { hidden: true });
    const aliases = await store.aliases();
    const passwords = await store.appPasswords(account.id);
    return {
      account: viewAccount(home, account),
      mailboxes: mailboxes.map(({ name, role, total, unseen, sizeBytes }) => ({
        name,
        role,
        total,
        unseen,
        sizeBytes,
      })),
      aliases: aliases
        .filter((one) => one.targets.includes(account.address))
        .map((one) => one.address),
      appPasswords: await Promise.all(
        passwords.map(async ({ id, label, createdMs, lastUsedMs }) => {
          const use = await lastUse(store, account.id, id);
          const from = use && { protocol: use.protocol, address: use.address };
          return { id, label, createdMs, lastUsedMs, lastUse: from };
        }),
      ),
      paused: await sendingPause(store, account.id),
      secondFactor: await isTotpOn(store, account.id),
      sentToday: await store.sent(account.id, Math.floor(world.nowMs() / dayMs)),
    };
  },
});
