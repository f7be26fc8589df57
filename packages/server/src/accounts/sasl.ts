/**
 * SASL on the server's side, without the framing of a protocol: PLAIN, LOGIN, SCRAM-SHA-256 and its
 * -PLUS, OAUTHBEARER and XOAUTH2 (RFC 7628). RFC 4422 §3; SMTP (4954), POP3 (5034) and IMAP (9051
 * §6.2.2) wrap the messages in base64.
 */

import { randomBytes } from 'node:crypto';
import {
  type BearerMessage,
  readOAuthBearer,
  readXoauth2,
  writeBearerError,
} from '@merpati/formats/sasl/bearer.ts';
import { loginPrompts, readLoginAnswer } from '@merpati/formats/sasl/login.ts';
import { readPlain } from '@merpati/formats/sasl/plain.ts';
import { createScramServer } from '@merpati/formats/sasl/scram.ts';
import type { ScramMechanism } from '@merpati/formats/sasl/scram.ts';
import { normalAddress } from '@merpati/formats/smtp/path.ts';
import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import type { Wire } from '../net/wire.ts';
import type { Authenticator, Login, LoginContext, ScramLogin } from './authenticate.ts';
import { scramCrypto } from './scram-crypto.ts';

type PasswordMechanism = 'SCRAM-SHA-256-PLUS' | 'SCRAM-SHA-256' | 'PLAIN' | 'LOGIN';
type TokenMechanism = 'OAUTHBEARER' | 'XOAUTH2';
export type SaslMechanism = PasswordMechanism | TokenMechanism;

export type SaslStep =
  | { readonly kind: 'challenge'; readonly data: Uint8Array }
  | { readonly kind: 'login'; readonly login: Login };

export interface SaslExchange {
  /** The client's next message; null when it sent no initial one. Throws SyntaxFault. */
  next(message: Uint8Array | null): Promise<SaslStep>;
}

/**
 * What this connection may be offered; best first. Passwords never without TLS, but for
 * `plainAllowed`.
 */
export function offeredMechanisms(
  wire: Pick<Wire, 'secure' | 'channelBinding'>,
  options: { readonly plainAllowed: boolean; readonly tokens?: boolean },
): readonly SaslMechanism[] {
  // RFC 7628 §4: a token is never shown without TLS.
  if (wire.secure === null) return options.plainAllowed ? ['SCRAM-SHA-256', 'PLAIN', 'LOGIN'] : [];
  const isBindable = wire.channelBinding('tls-server-end-point') !== null;
  return [
    ...(isBindable ? (['SCRAM-SHA-256-PLUS'] as const) : []),
    'SCRAM-SHA-256',
    ...(options.tokens === true ? (['OAUTHBEARER', 'XOAUTH2'] as const) : []),
    'PLAIN',
    'LOGIN',
  ];
}

export interface SaslOptions {
  readonly authenticator: Authenticator;
  readonly context: LoginContext;
  readonly wire: Pick<Wire, 'channelBinding'>;
  readonly offered: readonly SaslMechanism[];
}

/** Starts an exchange; null when the mechanism is not on offer here. */
export function startSasl(mechanism: string, options: SaslOptions): SaslExchange | null {
  const offered = options.offered.find((one) => one === mechanism);
  if (offered === undefined) return null;
  if (offered === 'PLAIN') return plainExchange(options);
  if (offered === 'LOGIN') return loginExchange(options);
  if (offered === 'OAUTHBEARER') return tokenExchange(readOAuthBearer, options);
  if (offered === 'XOAUTH2') return tokenExchange(readXoauth2, options);
  return scramExchange(offered, options);
}

const nothing = new Uint8Array(0);

function plainExchange({ authenticator, context }: SaslOptions): SaslExchange {
  return {
    async next(message) {
      if (message === null) return { kind: 'challenge', data: nothing };
      const { authzid, user, password } = readPlain(message);
      checkIdentity(authzid, user);
      return { kind: 'login', login: await authenticator.plain(user, password, context) };
    },
  };
}

function loginExchange({ authenticator, context }: SaslOptions): SaslExchange {
  let user: string | null = null;
  return {
    async next(message) {
      if (message === null) return { kind: 'challenge', data: loginPrompts.user };
      const answer = readLoginAnswer(message);
      if (user === null) {
        user = answer;
        return { kind: 'challenge', data: loginPrompts.password };
      }
      return { kind: 'login', login: await authenticator.plain(user, answer, context) };
    },
  };
}

/** A refusal is told twice: in a challenge for the client's library, then to the client. */
function tokenExchange(
  read: (message: Uint8Array) => BearerMessage,
  { authenticator, context }: SaslOptions,
): SaslExchange {
  let refused: Login | null = null;
  return {
    async next(message) {
      // RFC 7628 §3.2.3: the client answers the challenge with %x01, or with nothing.
      if (refused !== null) return { kind: 'login', login: refused };
      if (message === null) return { kind: 'challenge', data: nothing };
      const { user, token } = read(message);
      if (authenticator.token === undefined) throw new Error('tokens are not on offer');
      const login = await authenticator.token(user, token, context);
      if (login.ok) return { kind: 'login', login };
      refused = login;
      return { kind: 'challenge', data: writeBearerError() };
    },
  };
}

function scramExchange(mechanism: ScramMechanism, options: SaslOptions): SaslExchange {
  const { authenticator, context, wire, offered } = options;
  const server = createScramServer({
    crypto: scramCrypto,
    mechanism,
    nonce: randomBytes(18).toString('base64'),
    plusOffered: offered.includes('SCRAM-SHA-256-PLUS'),
    channelBinding: (type) =>
      type === 'tls-exporter' || type === 'tls-server-end-point' ? wire.channelBinding(type) : null,
  });
  let attempt: ScramLogin | null = null;
  let login: Login | null = null;
  return {
    async next(message) {
      // RFC 4954 §4: the server's last message is a challenge, which the client answers with
      // nothing.
      if (login !== null) return { kind: 'login', login };
      if (message === null) return { kind: 'challenge', data: nothing };
      if (attempt === null) {
        const { user, authzid } = server.first(message);
        checkIdentity(authzid, user);
        const started = await authenticator.scram(user, context);
        if ('ok' in started) return { kind: 'login', login: started };
        attempt = started;
        return { kind: 'challenge', data: server.challenge(attempt.verifier) };
      }
      const final = await server.final(message);
      login = await attempt.settle(final.ok);
      if (!final.ok || !login.ok) return { kind: 'login', login };
      return { kind: 'challenge', data: final.message };
    },
  };
}

/** Nobody may act as another. */
function checkIdentity(authzid: string, user: string): void {
  if (authzid === '' || authzid === user) return;
  if (normalAddress(authzid) === normalAddress(user)) return;
  throw new SyntaxFault('sasl.authzid', 'an identity other than the user is not possible');
}
