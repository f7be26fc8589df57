/**
 * Logging in: the strongest mechanism that both sides have, and never a weaker one after a
 * failure, which is what somebody in the middle would want. RFC 5034; RFC 5802 and RFC 7677
 * (SCRAM); RFC 1939 §7 (USER).
 */

import type { TLSSocket } from 'node:tls';
import { encodeBase64, utf8 } from '@merpati/formats/bytes.ts';
import type { Pop3Command } from '@merpati/formats/pop3/command.ts';
import { commandOctetsMax } from '@merpati/formats/pop3/limits.ts';
import type { Capabilities, Pop3Reply } from '@merpati/formats/pop3/reply.ts';
import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import { createSaslExchange, saslMechanisms, type SaslExchange } from '../sasl-exchange.ts';
import { Pop3Fault, faultOf } from './fault.ts';

/** From strong to weak. `USER` stands for USER and PASS. */
export const mechanisms = [...saslMechanisms, 'USER'] as const;
export type Mechanism = (typeof mechanisms)[number];

export interface Credentials {
  readonly user: string;
  readonly password: string;
  /** This one and no other. */
  readonly mechanism?: Mechanism;
}

/** What an exchange needs of its session. */
export interface AuthenticationPort {
  readonly capabilities: Capabilities;
  readonly tls: TLSSocket | null;
  /** A password may be sent as it is. */
  readonly isPrivate: boolean;
  command(command: Pop3Command): Promise<Pop3Reply>;
  /** Sends a line of an exchange: base64, or `*`. */
  answer(line: Uint8Array): Promise<Pop3Reply>;
}

/** Throws `Pop3Fault`: `auth`, `insecure`, `unsupported`, or what the connection failed of. */
export async function authenticate(
  credentials: Credentials,
  port: AuthenticationPort,
): Promise<Mechanism> {
  const mechanism = chooseMechanism(credentials, port);
  if (mechanism === 'USER') await loginByUser(credentials, port);
  else {
    const { user, password } = credentials;
    const isPlusOffered = port.capabilities.get('SASL')?.includes('SCRAM-SHA-256-PLUS') === true;
    const facts = { user, password, socket: port.tls, isPlusOffered };
    const exchange = createSaslExchange(mechanism, facts);
    await runExchange(mechanism, { exchange, port });
  }
  return mechanism;
}

function chooseMechanism(credentials: Credentials, port: AuthenticationPort): Mechanism {
  const offered = new Set(port.capabilities.get('SASL')?.map((name) => name.toUpperCase()));
  if (port.capabilities.has('USER')) offered.add('USER');
  const wanted = credentials.mechanism === undefined ? mechanisms : [credentials.mechanism];
  const usable = wanted.filter(
    (name) => offered.has(name) && (name !== 'SCRAM-SHA-256-PLUS' || port.tls !== null),
  );
  const safe = usable.find((name) => port.isPrivate || name.startsWith('SCRAM'));
  if (safe !== undefined) return safe;
  if (usable.length > 0) {
    throw new Pop3Fault('insecure', 'the password would travel without TLS');
  }
  throw new Pop3Fault('unsupported', 'the server offers no way to log in that is known here');
}

/** Sent apart: the password leaves only when the name was not refused. */
async function loginByUser(credentials: Credentials, port: AuthenticationPort): Promise<void> {
  const user = await port.command({ name: 'USER', user: credentials.user });
  if (user.kind !== 'ok') throw authFault(user);
  const pass = await port.command({ name: 'PASS', password: credentials.password });
  if (pass.kind !== 'ok') throw authFault(pass);
}

async function runExchange(
  mechanism: Mechanism,
  parts: { readonly exchange: SaslExchange; readonly port: AuthenticationPort },
): Promise<void> {
  const { exchange, port } = parts;
  // RFC 5034 §4: an initial response that makes the line too long waits for its challenge.
  const fits = exchange.initial !== null && writtenLength(mechanism, exchange.initial) <= 255;
  let unsent = fits ? null : exchange.initial;
  let reply = await port.command({
    name: 'AUTH',
    mechanism,
    initial: fits ? exchange.initial : null,
  });
  while (reply.kind === 'continue') {
    let answer: Uint8Array;
    try {
      answer = unsent ?? (await exchange.answer(reply.challenge));
      unsent = null;
    } catch (error) {
      if (!(error instanceof SyntaxFault)) throw error;
      await port.answer(utf8('*\r\n'));
      throw new Pop3Fault('protocol', `${mechanism}: ${error.message}`, error);
    }
    const line = utf8(`${encodeBase64(answer)}\r\n`);
    if (line.length > commandOctetsMax) {
      throw new Pop3Fault('unsupported', `${mechanism}: the answer is too long`);
    }
    reply = await port.answer(line);
  }
  if (reply.kind === 'err') throw authFault(reply);
  // A server that says yes before it has proved itself could be anybody. RFC 5802 §5.
  if (!exchange.isProven()) {
    throw new Pop3Fault(
      'protocol',
      `${mechanism}: the server did not prove that it is the right one`,
    );
  }
}

function writtenLength(mechanism: Mechanism, initial: Uint8Array): number {
  return `AUTH ${mechanism} `.length + Math.ceil(initial.length / 3) * 4 + 2;
}

/** A server without AUTH-RESP-CODE says only -ERR, which after a password means: wrong. */
function authFault(reply: Pop3Reply): Pop3Fault {
  const fault = faultOf(reply, 'login');
  return fault.code === 'refused' ? new Pop3Fault('auth', fault.message) : fault;
}
