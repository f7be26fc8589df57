/**
 * The client's side of SASL, apart from any protocol: RFC 4616 (PLAIN), LOGIN, RFC 5802 and RFC
 * 7677 (SCRAM-SHA-256, and -PLUS bound to the TLS channel by RFC 9266 or RFC 5929 §4).
 */

import { createHash, createHmac, pbkdf2, randomBytes } from 'node:crypto';
import { TLSSocket } from 'node:tls';
import type { Socket } from 'node:net';
import { promisify } from 'node:util';
import { loginAnswers } from '@merpati/formats/sasl/login.ts';
import { writePlain } from '@merpati/formats/sasl/plain.ts';
import {
  createScramClient,
  type ChannelBinding,
  type ScramCrypto,
  type ScramMechanism,
} from '@merpati/formats/sasl/scram.ts';
import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';

/** From strong to weak. */
export const saslMechanisms = ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256', 'PLAIN', 'LOGIN'] as const;
export type SaslMechanism = (typeof saslMechanisms)[number];

export interface SaslExchange {
  /** What the client says first; null when it waits for a challenge. */
  readonly initial: Uint8Array | null;
  /** Throws SyntaxFault when the server is not who it should be, or asks once too often. */
  answer(challenge: Uint8Array): Uint8Array | Promise<Uint8Array>;
  /** Asked when the server says yes: has it shown that it knows the password too? RFC 5802 §5. */
  isProven(): boolean;
}

export interface SaslFacts {
  readonly user: string;
  readonly password: string;
  /** null: there is no TLS to bind to. */
  readonly socket: Socket | null;
  /** The server offers SCRAM-SHA-256-PLUS, whichever mechanism was chosen. */
  readonly isPlusOffered?: boolean;
}

export function createSaslExchange(mechanism: SaslMechanism, given: SaslFacts): SaslExchange {
  const { user, password } = given;
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
      return createScramExchange(mechanism, given);
    default:
      return mechanism satisfies never;
  }
}

function refuseChallenge(_challenge: Uint8Array): never {
  throw new SyntaxFault('sasl.challenge', 'the server asks for more than the mechanism has');
}

function createScramExchange(mechanism: ScramMechanism, given: SaslFacts): SaslExchange {
  // Where -PLUS is offered and another mechanism was asked for, the binding is kept quiet: to name
  // it would mean "you do not offer it", which a server takes for an attack. RFC 5802 §6.
  const isQuiet = mechanism === 'SCRAM-SHA-256' && given.isPlusOffered === true;
  const client = createScramClient({
    crypto: scramCrypto,
    mechanism,
    user: given.user,
    password: given.password,
    nonce: randomBytes(18).toString('base64'),
    channelBinding: isQuiet ? null : readChannelBinding(given.socket),
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

/** RFC 9266 under TLS 1.3, else the hash of the certificate; null without TLS. */
export function readChannelBinding(socket: Socket | null): ChannelBinding | null {
  if (!(socket instanceof TLSSocket)) return null;
  if (socket.getProtocol() === 'TLSv1.3') {
    const data = socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0));
    return { type: 'tls-exporter', data };
  }
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return null;
  // RFC 5929 §4.1: the hash of the certificate's signature, SHA-256 in place of MD5 and SHA-1.
  const signature = certificate.signatureAlgorithm?.toLowerCase() ?? '';
  const hash = /sha(?:384|512)/.exec(signature)?.[0] ?? 'sha256';
  const data = createHash(hash).update(certificate.raw).digest();
  return { type: 'tls-server-end-point', data };
}

const derive = promisify(pbkdf2);

const scramCrypto: ScramCrypto = {
  hmac: (key, data) => createHmac('sha256', key).update(data).digest(),
  hash: (data) => createHash('sha256').update(data).digest(),
  pbkdf2: (password, salt, iterations) => derive(password, salt, iterations, 32, 'sha256'),
};
