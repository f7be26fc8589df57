/**
 * From NOT AUTHENTICATED to AUTHENTICATED. RFC 9051 §6.2; RFC 5530 §3 (AUTHENTICATIONFAILED,
 * CONTACTADMIN, UNAVAILABLE).
 */

import type { Login } from '../accounts/authenticate.ts';
import { capabilitiesOf } from './capabilities.ts';
import { type Answer, no, ok } from './command-row.ts';
import { imapLimits } from './limits.ts';
import type { Session } from './session.ts';

export const tlsFirst = (): Answer =>
  no('Passwords only under TLS: STARTTLS first', { code: 'PRIVACYREQUIRED' });

/** Says how the login ended, and lets the user in when it ended well. */
export function enter(session: Session, login: Login): Answer {
  if (login.ok) {
    session.logIn(login);
    return ok(`Welcome, ${login.account.address}`, {
      code: 'CAPABILITY',
      capabilities: capabilitiesOf(session),
    });
  }
  session.failedLogins += 1;
  if (session.failedLogins >= imapLimits.failedLoginsMax) session.end('Too many failed logins');
  switch (login.code) {
    case 'invalid':
      return no('Wrong name or password', { code: 'AUTHENTICATIONFAILED' });
    case 'disabled':
      return no('This account is switched off', { code: 'CONTACTADMIN' });
    case 'app-password-needed':
      return no('This account has a second factor: use an app password here', { code: 'ALERT' });
    case 'throttled':
      return no(`Too many failed logins, try again in ${login.retryAfterS} s`, {
        code: 'UNAVAILABLE',
      });
    default:
      throw new Error(`unhandled code ${String(login.code satisfies never)}`);
  }
}
