/**
 * Logging in: the strongest mechanism that both sides have, and never a weaker one after a failure,
 * which is what somebody in the middle would want. RFC 9051 §6.2.2, §6.2.3; RFC 4959 (SASL-IR).
 */

import { decodeBase64, encodeBase64 } from '@merpati/formats/bytes.ts';
import type { StatusResponse } from '@merpati/formats/imap/response.ts';
import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import {
  createSaslExchange,
  saslMechanisms,
  type SaslExchange,
  type SaslMechanism,
} from '../sasl-exchange.ts';
import { astring } from './command-text.ts';
import { ImapFault, faultOf } from './fault.ts';
import { isEndOf, type Session, type Turn } from './session.ts';

/** `login` stands for the command of that name. */
export type LoginWay = SaslMechanism | 'login';

export interface Credentials {
  readonly user: string;
  readonly password: string;
  /** This one and no other. */
  readonly mechanism?: LoginWay;
}

/** Throws `ImapFault`: `auth`, `insecure`, `unsupported`, or what the connection failed of. */
export async function authenticate(
  session: Session,
  credentials: Credentials,
  options: { readonly capabilities: ReadonlySet<string>; readonly isPrivate: boolean },
): Promise<LoginWay> {
  const way = chooseWay(credentials, { ...options, isSecure: session.connection.isSecure });
  // What is said with the OK is about the one who has logged in.
  session.forgetCapabilities();
  if (way === 'login') await login(session, credentials);
  else {
    const { socket } = session.connection;
    const isPlusOffered = options.capabilities.has('AUTH=SCRAM-SHA-256-PLUS');
    const exchange = createSaslExchange(way, { ...credentials, socket, isPlusOffered });
    const hasInitial = options.capabilities.has('SASL-IR') || options.capabilities.has('IMAP4REV2');
    await runExchange(session, { mechanism: way, exchange, hasInitial });
  }
  return way;
}

function chooseWay(
  credentials: Credentials,
  about: {
    readonly capabilities: ReadonlySet<string>;
    readonly isPrivate: boolean;
    readonly isSecure: boolean;
  },
): LoginWay {
  const { capabilities } = about;
  const ways: readonly LoginWay[] = [...saslMechanisms, 'login'];
  const isOffered = (way: LoginWay): boolean =>
    way === 'login' ? !capabilities.has('LOGINDISABLED') : capabilities.has(`AUTH=${way}`);
  const wanted = credentials.mechanism === undefined ? ways : [credentials.mechanism];
  const usable = wanted.filter(
    (way) => isOffered(way) && (way !== 'SCRAM-SHA-256-PLUS' || about.isSecure),
  );
  const safe = usable.find((way) => about.isPrivate || way.startsWith('SCRAM'));
  if (safe !== undefined) return safe;
  if (usable.length > 0 || !about.isPrivate) {
    throw new ImapFault('insecure', 'the password would travel without TLS');
  }
  throw new ImapFault('unsupported', 'the server offers no way to log in that is known here');
}

async function login(session: Session, { user, password }: Credentials): Promise<void> {
  const turn = await session.begin();
  try {
    const parts = ['LOGIN ', astring(user), ' ', astring(password)];
    const end = (await session.say(turn, parts)) ?? (await session.finish(turn));
    if (end.condition !== 'OK') throw loginFault(end);
  } finally {
    turn.end();
  }
}

async function runExchange(
  session: Session,
  how: {
    readonly mechanism: SaslMechanism;
    readonly exchange: SaslExchange;
    readonly hasInitial: boolean;
  },
): Promise<void> {
  const { mechanism, exchange } = how;
  const turn = await session.begin();
  try {
    let unsent = exchange.initial;
    let command = `AUTHENTICATE ${mechanism}`;
    if (how.hasInitial && unsent !== null) {
      command += ` ${unsent.length === 0 ? '=' : encodeBase64(unsent)}`;
      unsent = null;
    }
    await session.say(turn, [command]);
    for (;;) {
      const said = await nextStep(session, turn);
      if (typeof said !== 'string') {
        finishExchange(said, { mechanism, exchange, session });
        return;
      }
      const answer = unsent ?? (await answerTo(said, { mechanism, exchange, session, turn }));
      unsent = null;
      await session.sayLine(encodeBase64(answer));
    }
  } finally {
    turn.end();
  }
}

/** A challenge, or the end. */
async function nextStep(session: Session, turn: Turn): Promise<string | StatusResponse> {
  for (;;) {
    const response = await session.next();
    if (response.kind === 'continue') return response.text.trim();
    if (isEndOf(turn, response)) return response;
  }
}

interface Step {
  readonly mechanism: SaslMechanism;
  readonly exchange: SaslExchange;
  readonly session: Session;
}

async function answerTo(said: string, step: Step & { readonly turn: Turn }): Promise<Uint8Array> {
  try {
    const challenge = decodeBase64(said);
    if (challenge === null) throw new SyntaxFault('imap.bad-response', 'a challenge not in base64');
    return await step.exchange.answer(challenge);
  } catch (error) {
    if (!(error instanceof SyntaxFault)) throw error;
    await step.session.sayLine('*');
    await step.session.finish(step.turn);
    throw new ImapFault('protocol', `${step.mechanism}: ${error.message}`, { cause: error });
  }
}

function finishExchange(end: StatusResponse, { mechanism, exchange, session }: Step): void {
  if (end.condition !== 'OK') throw loginFault(end);
  // A server that says yes before it has proved itself could be anybody. RFC 5802 §5.
  if (exchange.isProven()) return;
  const why = `${mechanism}: the server did not prove that it is the right one`;
  throw session.connection.fail(new ImapFault('protocol', why));
}

/** A server without response codes says only NO, which after a password means: wrong. */
function loginFault(end: StatusResponse): ImapFault {
  const fault = faultOf(end, 'login');
  return fault.code === 'refused' ? new ImapFault('auth', fault.message) : fault;
}
