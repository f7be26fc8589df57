/** LOGIN, which Outlook and others need. RFC 9051 §6.2.3. */

import { mayUsePassword } from '../capabilities.ts';
import type { CommandRow } from '../command-row.ts';
import { enter, tlsFirst } from '../login.ts';

export const login: CommandRow<'login'> = {
  states: ['not-authenticated'],
  expungesAllowed: 'no',
  async run(session, { user, password }) {
    if (!mayUsePassword(session)) return tlsFirst();
    const { authenticator } = session.service;
    return enter(session, await authenticator.plain(user, password, session.loginContext));
  },
};
