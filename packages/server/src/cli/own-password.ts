/**
 * Who may open the control socket may act for every account; protocols still want a password. One
 * is made for the occasion and taken back when it is over.
 */

import type { Cli } from './cli.ts';

export async function withOwnPassword<T>(
  cli: Cli,
  about: { readonly what: string; readonly account: string },
  use: (password: string) => Promise<T>,
): Promise<T> {
  const { what, account } = about;
  const label = `merpati command, process ${process.pid}`;
  const { id, password } = await cli.call(what, 'app-password.add', { address: account, label });
  try {
    return await use(password);
  } finally {
    await cli.call(what, 'app-password.remove', { address: account, id });
  }
}
