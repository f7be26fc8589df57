/** AUTH: the SASL exchange in base64 lines. RFC 4954 §4, §6; RFC 4648 §4 (base64, strictly). */

import { decodeBase64, encodeBase64, latin1 } from '@merpati/formats/bytes.ts';
import { commandLimits } from '@merpati/formats/smtp/command.ts';
import type { Reply } from '@merpati/formats/smtp/reply.ts';
import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import type { Login } from '../../accounts/authenticate.ts';
import { startSasl } from '../../accounts/sasl.ts';
import type { SaslExchange, SaslStep } from '../../accounts/sasl.ts';
import { Refusal } from '../../refusal.ts';
import { sessionLimits } from '../limits.ts';
import { reply } from '../replies.ts';
import { flush, say } from '../session.ts';
import type { CommandRow, Session } from '../session.ts';
import { mechanismsFor } from './ehlo.ts';

export const auth: CommandRow<'AUTH'> = {
  verb: 'AUTH',
  states: ['ready'],
  async run(session, { mechanism, initial }) {
    if (session.service !== 'submission') {
      throw new Refusal('not-offered', 'Users log in on the submission port, 587 or 465');
    }
    if (session.login !== null) throw new Refusal('bad-sequence', 'You are logged in already');
    const offered = mechanismsFor(session);
    if (offered.length === 0) throw new Refusal('tls-required', 'Say STARTTLS first');
    const { wire, authenticator } = session;
    const context = { protocol: 'submission', session: wire.id, address: wire.remote.address };
    const exchange = startSasl(mechanism, { authenticator, context, wire, offered });
    if (exchange === null) throw new Refusal('mechanism-unknown', `${mechanism} is not on offer`);
    // RFC 4954 §4: `=` is an empty first message, which is not the same as none.
    const first = initial === null ? null : readMessage(initial === '=' ? '' : initial);
    return conclude(session, mechanism, await converse(session, exchange, first));
  },
};

async function converse(
  session: Session,
  exchange: SaslExchange,
  first: Uint8Array | null,
): Promise<Login> {
  let message = first;
  for (let step = 0; step < sessionLimits.authStepsMax; step += 1) {
    const next = await advance(exchange, message);
    if (next.kind === 'login') return next.login;
    say(session, reply(334, null, encodeBase64(next.data)));
    await flush(session);
    const timeoutMs = session.home.config.limits.command_timeout_s * 1000;
    const line = latin1(await session.wire.readLine(commandLimits.authLineOctetsMax, timeoutMs));
    if (line === '*') throw new Refusal('login-cancelled', 'The login is cancelled');
    message = readMessage(line);
  }
  throw malformed();
}

async function advance(exchange: SaslExchange, message: Uint8Array | null): Promise<SaslStep> {
  try {
    return await exchange.next(message);
  } catch (error) {
    throw error instanceof SyntaxFault ? malformed(error) : error;
  }
}

function conclude(session: Session, mechanism: string, login: Login): Reply {
  if (login.ok) {
    session.home = login.home;
    session.login = { account: login.account, mechanism, proof: login };
    session.errors = 0;
    return reply(235, '2.7.0', `Welcome, ${login.account.address}`);
  }
  switch (login.code) {
    case 'invalid':
      throw new Refusal('login-failed', 'User name (the whole address) or password is wrong');
    case 'disabled':
      throw new Refusal('account-disabled', 'This account is closed');
    case 'app-password-needed':
      throw new Refusal(
        'app-password-needed',
        'This account has a second factor: use an app password here',
      );
    case 'throttled': {
      const { retryAfterS } = login;
      const message = `Too many failed logins, try again in ${retryAfterS} s`;
      throw new Refusal('login-throttled', message, { retryAfterS });
    }
    default:
      throw new Error(`unhandled code ${String(login.code satisfies never)}`);
  }
}

function readMessage(base64: string): Uint8Array {
  const message = decodeBase64(base64);
  if (message === null) throw malformed();
  return message;
}

function malformed(cause?: unknown): Refusal {
  return new Refusal('login-malformed', 'That is no message of this mechanism', { cause });
}
