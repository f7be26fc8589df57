/**
 * AUTH, RFC 4954: the strongest mechanism that both sides have, and never a weaker one after a
 * failure, which is what somebody in the middle would want.
 */

import { isIP } from 'node:net';
import { decodeBase64, encodeBase64 } from '@merpati/formats/bytes.ts';
import { commandLimits } from '@merpati/formats/smtp/command.ts';
import type { Reply } from '@merpati/formats/smtp/reply.ts';
import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import { createSaslExchange, saslMechanisms, type SaslMechanism } from '../sasl-exchange.ts';
import type { Connection } from './connection.ts';
import { refused, SmtpFault } from './fault.ts';

export interface SmtpCredentials {
  readonly user: string;
  readonly password: string;
  /** This one and no other. */
  readonly mechanism?: SaslMechanism;
  /** Lets the password travel without TLS to other machines. */
  readonly cleartextAllowed?: boolean;
}

interface Port {
  readonly connection: Connection;
  /** As offered, in upper case. */
  readonly mechanisms: readonly string[];
  readonly timeoutMs: number;
}

/**
 * A command line must not exceed 512 octets; longer first answers wait for the challenge. RFC 4954
 * §4.
 */
const commandOctetsMax = 510;

export async function authenticate(credentials: SmtpCredentials, port: Port): Promise<void> {
  const { connection, timeoutMs } = port;
  const mechanism = chooseMechanism(credentials, port);
  const exchange = createSaslExchange(mechanism, { ...credentials, socket: connection.socket });
  const command = `AUTH ${mechanism}`;
  const initial = exchange.initial === null ? null : encodeBase64(exchange.initial) || '=';
  const fits = initial !== null && command.length + 1 + initial.length <= commandOctetsMax;
  connection.send(
    fits ? `${command} ${initial}\r\n` : `${command}\r\n`,
    fits ? `${command} [secret]` : command,
  );
  let unsent = fits ? null : exchange.initial;
  let reply = await connection.reply('auth', timeoutMs);
  while (reply.code === 334) {
    const challenge = decodeBase64(reply.lines[0] ?? '');
    let answer: Uint8Array;
    try {
      if (challenge === null) throw new SyntaxFault('sasl.base64', 'the challenge is no base64');
      answer = unsent ?? (await exchange.answer(challenge));
      unsent = null;
    } catch (error) {
      if (!(error instanceof SyntaxFault)) throw error;
      throw await cancel(port, `${mechanism}: ${error.message}`);
    }
    const line = encodeBase64(answer);
    if (line.length > commandLimits.authLineOctetsMax)
      throw await cancel(port, 'too long an answer');
    connection.send(`${line}\r\n`, '[secret]');
    reply = await connection.reply('auth', timeoutMs);
  }
  if (reply.code !== 235) throw refused('auth', reply);
  const isProven = exchange.isProven() || (await provesLate(exchange, reply));
  if (!isProven) {
    connection.destroy();
    const message = `${mechanism}: the server did not prove that it knows the password`;
    throw new SmtpFault('protocol', 'auth', { message });
  }
}

/** RFC 4954 §6 has no data in 235, but servers exist that put the last word of SCRAM there. */
async function provesLate(
  exchange: ReturnType<typeof createSaslExchange>,
  reply: Reply,
): Promise<boolean> {
  const data = decodeBase64(reply.lines[0] ?? '');
  if (data === null || data.length === 0) return false;
  try {
    await exchange.answer(data);
  } catch (error) {
    if (!(error instanceof SyntaxFault)) throw error;
  }
  return exchange.isProven();
}

async function cancel({ connection, timeoutMs }: Port, message: string): Promise<SmtpFault> {
  connection.send('*\r\n', '*');
  const reply = await connection.reply('auth', timeoutMs);
  return new SmtpFault('protocol', 'auth', { message, reply });
}

function chooseMechanism(credentials: SmtpCredentials, port: Port): SaslMechanism {
  const { connection } = port;
  const wanted = credentials.mechanism === undefined ? saslMechanisms : [credentials.mechanism];
  const isTls = connection.tls !== null;
  const known = wanted.filter((name) => port.mechanisms.includes(name));
  const usable = known.filter((name) => name !== 'SCRAM-SHA-256-PLUS' || isTls);
  const isPrivate = isTls || credentials.cleartextAllowed === true || isLoopback(connection);
  const chosen = usable.find((name) => isPrivate || name.startsWith('SCRAM'));
  if (chosen !== undefined) return chosen;
  const message =
    usable.length > 0
      ? 'the password would travel without TLS'
      : 'the server offers no way to log in that is known here';
  throw new SmtpFault('unsupported', 'auth', { message });
}

function isLoopback({ socket }: Connection): boolean {
  const address = socket.remoteAddress ?? '';
  return isIP(address) !== 0 && (address === '::1' || /^(?:::ffff:)?127\./.test(address));
}
