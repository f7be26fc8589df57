/**
 * AUTHENTICATE: the SASL exchange in base64 lines. RFC 9051 §6.2.2; RFC 4959 (initial response).
 */

import { encodeBase64 } from '@merpati/formats/bytes.ts';
import { readSaslAnswer } from '@merpati/formats/imap/read-command.ts';
import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import { type SaslExchange, startSasl } from '../../accounts/sasl.ts';
import { mayUsePassword, mechanismsFor } from '../capabilities.ts';
import { type Answer, type CommandRow, bad, no } from '../command-row.ts';
import { imapLimits } from '../limits.ts';
import { enter, tlsFirst } from '../login.ts';
import type { Session } from '../session.ts';

export const authenticate: CommandRow<'authenticate'> = {
  states: ['not-authenticated'],
  expungesAllowed: 'no',
  async run(session, { mechanism, initial }) {
    if (!mayUsePassword(session)) return tlsFirst();
    const exchange = startSasl(mechanism, {
      authenticator: session.service.authenticator,
      context: session.loginContext,
      wire: session.wire,
      offered: mechanismsFor(session),
    });
    if (exchange === null) return no('No such mechanism here', { code: 'CANNOT' });
    try {
      return await converse(session, exchange, initial);
    } catch (error) {
      if (!(error instanceof SyntaxFault)) throw error;
      return bad('Malformed authentication');
    }
  },
};

async function converse(
  session: Session,
  exchange: SaslExchange,
  initial: Uint8Array | null,
): Promise<Answer> {
  let message = initial;
  for (let step = 0; step < imapLimits.saslStepsMax; step += 1) {
    const next = await exchange.next(message);
    if (next.kind === 'login') return enter(session, next.login);
    session.put(`+ ${encodeBase64(next.data)}\r\n`);
    const timeoutMs = session.patienceMs(imapLimits.restTimeoutMs);
    message = readSaslAnswer(await session.readLine(timeoutMs));
    if (message === null) return bad('Authentication cancelled');
  }
  return bad('The authentication has too many steps');
}
