/**
 * STARTTLS: the session begins anew inside TLS; nothing that was said or sent before counts. RFC
 * 3207 §4, §4.2.
 */

import { Refusal } from '../../refusal.ts';
import { replies } from '../replies.ts';
import { flush, resetTransaction, say } from '../session.ts';
import type { CommandRow } from '../session.ts';
import { canStartTls } from './ehlo.ts';

export const starttls: CommandRow<'STARTTLS'> = {
  verb: 'STARTTLS',
  states: ['ready'],
  async run(session) {
    const { home, wire } = session;
    if (!canStartTls(session) || home.tls === null) {
      throw new Refusal('not-offered', wire.secure === null ? 'No TLS here' : 'TLS is on already');
    }
    say(session, replies.readyForTls);
    await flush(session);
    await wire.startTls(home.tls);
    session.hello = null;
    session.login = null;
    await resetTransaction(session);
    return null;
  },
};
