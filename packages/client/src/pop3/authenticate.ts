/**
 * Logging in: the strongest mechanism that both sides have, and never a weaker one after a
 * failure, which is what somebody in the middle would want. RFC 5034; RFC 5802 and RFC 7677
 * (SCRAM); RFC 1939 §7 (USER).
 */

import { createHash, createHmac, pbkdf2, randomBytes } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { encodeBase64, utf8 } from '@merpati/formats/bytes.ts';
import type { Pop3Command } from '@merpati/formats/pop3/command.ts';
import { commandOctetsMax } from '@merpati/formats/pop3/limits.ts';
import type { Capabilities, Pop3Reply } from '@merpati/formats/pop3/reply.ts';
import { loginAnswers } from '@merpati/formats/sasl/login.ts';
import { writePlain } from '@merpati/formats/sasl/plain.ts';
import {
  type ChannelBinding,
  type ScramCrypto,
  type ScramMechanism,
  createScramClient,
} from '@merpati/formats/sasl/scram.ts';
import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import { Pop3Fault, faultOf } from './fault.ts';

/** From strong to weak. `USER` stands for USER and PASS. */
export const mechanisms = [
  'SCRAM-SHA-256-PLUS',
  'SCRAM-SHA-256',
  'PLAIN',
  'LOGIN',
  'USER',
] as const;
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
    const exchange = createExchange(mechanism, { credentials, port });
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

/** The client's side of a mechanism. */
interface Exchange {
  /** The client speaks first; null: it waits for a challenge. */
  readonly initial: Uint8Array | null;
  /** Throws `SyntaxFault` when the server is not who it should be. */
  answer(challenge: Uint8Array): Uint8Array | Promise<Uint8Array>;
  /** Asked at +OK. */
  isProven(): boolean;
}

function createExchange(
  mechanism: Exclude<Mechanism, 'USER'>,
  parts: { readonly credentials: Credentials; readonly port: AuthenticationPort },
): Exchange {
  const { user, password } = parts.credentials;
  switch (mechanism) {
    case 'PLAIN':
      return {
        initial: writePlain({ authzid: '', user, password }),
        answer: refuseChallenge,
        isProven: () => true,
      };
    case 'LOGIN': {
      const answers = loginAnswers(user, password).values();
      return {
        initial: null,
        answer: (challenge) => answers.next().value ?? refuseChallenge(challenge),
        isProven: () => true,
      };
    }
    case 'SCRAM-SHA-256':
    case 'SCRAM-SHA-256-PLUS':
      return scramExchange(mechanism, parts);
  }
  return mechanism satisfies never;
}

function refuseChallenge(_challenge: Uint8Array): never {
  throw new SyntaxFault('pop3.bad-reply', 'one challenge too many');
}

function scramExchange(
  mechanism: ScramMechanism,
  parts: { readonly credentials: Credentials; readonly port: AuthenticationPort },
): Exchange {
  const offersPlus = parts.port.capabilities.get('SASL')?.includes('SCRAM-SHA-256-PLUS') === true;
  const client = createScramClient({
    crypto: scramCrypto,
    mechanism,
    user: parts.credentials.user,
    password: parts.credentials.password,
    nonce: randomBytes(18).toString('base64'),
    // Where -PLUS is offered and another mechanism was asked for, the binding is kept quiet: to
    // name it would mean "you do not offer it", which a server takes for an attack. RFC 5802 §6.
    channelBinding:
      mechanism === 'SCRAM-SHA-256' && offersPlus ? null : readChannelBinding(parts.port.tls),
  });
  let step: 'first' | 'final' | 'verified' = 'first';
  return {
    initial: client.first(),
    async answer(challenge) {
      if (step === 'first') {
        step = 'final';
        return client.final(challenge);
      }
      if (step === 'verified' || !client.verify(challenge)) {
        throw new SyntaxFault('sasl.scram', 'the server does not know the password');
      }
      step = 'verified';
      return new Uint8Array(0);
    },
    isProven: () => step === 'verified',
  };
}

/** RFC 9266 under TLS 1.3, else RFC 5929 §4; null without TLS. */
function readChannelBinding(tls: TLSSocket | null): ChannelBinding | null {
  if (tls === null) return null;
  if (tls.getProtocol() === 'TLSv1.3') {
    const data = tls.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0));
    return { type: 'tls-exporter', data };
  }
  const certificate = tls.getPeerX509Certificate();
  if (certificate === undefined) return null;
  const named = certificate.signatureAlgorithm?.toLowerCase() ?? '';
  const hash = /sha(?:384|512)/.exec(named)?.[0] ?? 'sha256';
  return {
    type: 'tls-server-end-point',
    data: createHash(hash).update(certificate.raw).digest(),
  };
}

async function runExchange(
  mechanism: Mechanism,
  parts: { readonly exchange: Exchange; readonly port: AuthenticationPort },
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

const derive = promisify(pbkdf2);

const scramCrypto: ScramCrypto = {
  hmac: (key, data) => createHmac('sha256', key).update(data).digest(),
  hash: (data) => createHash('sha256').update(data).digest(),
  pbkdf2: (password, salt, iterations) => derive(password, salt, iterations, 32, 'sha256'),
};
