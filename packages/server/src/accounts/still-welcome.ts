/**
 * Who was let in may be shown out while a session lasts, which can be for weeks: the account was
 * closed or removed, its password changed, or the app password of the device taken back.
 */

import type { Login } from './authenticate.ts';

/** What to say to a user who may not stay; null: nothing has changed. */
export async function whyNotWelcome(login: Extract<Login, { ok: true }>): Promise<string | null> {
  const { home, account, appPassword } = login;
  const now = await home.store.findAccount(account.id);
  if (now === null || now.state === 'disabled') return 'This account is switched off';
  if (appPassword === null) {
    const isSame = now.credential.passwordHash === account.credential.passwordHash;
    return isSame ? null : 'The password was changed: log in again';
  }
  const rows = await home.store.appPasswords(account.id);
  const isThere = rows.some(({ id }) => id === appPassword.id);
  return isThere ? null : 'The password of this device was taken back';
}
