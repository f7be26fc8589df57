/**
 * Who sends, when a program of this machine says only a name, as cron says `root`: the address in
 * full, and an account that may write in its name.
 */

import { z } from 'zod';
import { resolveAddress } from '../../accounts/resolve.ts';
import type { Home } from '../../home.ts';
import { AdminFault, operation } from '../operation.ts';
import { homeOfAddress } from '../places.ts';

export interface SenderFound {
  readonly address: string;
  /** Address of the account. */
  readonly account: string;
  /** What completes a name without one; it may differ from that of the address. */
  readonly domain: string;
}

export const senderFind = operation({
  input: z.strictObject({ sender: z.string().max(320) }),
  async run(context, { sender }): Promise<SenderFound> {
    const domain = await ownDomain(context.homes[0]);
    const full = sender.includes('@') ? sender : `${sender}@${domain}`;
    const { home, address } = await homeOfAddress(context, full);
    const found = await resolveAddress(home.store, address);
    const account = found.kind === 'ours' ? found.accounts[0]?.account : undefined;
    if (account === undefined) throw new AdminFault('sender.unknown', { address });
    return { address, account: account.address, domain };
  },
});

/** The one the host is named after, else the oldest. */
async function ownDomain({ store, config }: Home): Promise<string> {
  const domains = [...(await store.domains())].sort((a, b) => a.createdMs - b.createdMs);
  const own = domains.find((one) => `.${config.hostname}`.endsWith(`.${one.name}`));
  return (own ?? domains[0])?.name ?? config.hostname;
}
