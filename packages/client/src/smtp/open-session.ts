/**
 * The usual ways to a server that is named: dial, TLS as told, log in. For submission and
 * smarthosts.
 */

import { connect as connectTcp, type Socket } from 'node:net';
import type { SmtpCredentials } from './authenticate.ts';
import { SmtpClient, type SmtpClientOptions } from './client.ts';
import { SmtpFault } from './fault.ts';

export interface SessionOptions extends SmtpClientOptions {
  readonly host: string;
  /** Default: 465 for `implicit`, else 587. */
  readonly port?: number;
  /**
   * `implicit` and `starttls` insist on TLS with a good certificate; `none` speaks in the clear.
   */
  readonly security: 'implicit' | 'starttls' | 'none';
  /** Trusted besides the roots that Node comes with; PEM. */
  readonly ca?: readonly string[];
  /** Takes any certificate; for tests and for people who know why. */
  readonly verify?: boolean;
  readonly credentials?: SmtpCredentials;
  readonly connectTimeoutMs?: number;
  /** Another way to a connected socket. */
  readonly dial?: (target: { host: string; port: number; timeoutMs: number }) => Promise<Socket>;
}

/**
 * A session ready to `send`. Throws SmtpFault.
 *
 * @example
 * await using client = await openSession({ host: 'mail.example', security: 'implicit', helloName:
 * 'laptop.example', credentials });
 */
export async function openSession(options: SessionOptions): Promise<SmtpClient> {
  const { host, security, ca } = options;
  const port = options.port ?? (security === 'implicit' ? 465 : 587);
  const timeoutMs = options.connectTimeoutMs ?? 30_000;
  let socket: Socket;
  try {
    socket = await (options.dial ?? dialTcp)({ host, port, timeoutMs });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new SmtpFault('connect', 'connect', { message: `${host}:${port}: ${why}`, cause });
  }
  const tls = { host, verify: options.verify ?? true, ...(ca === undefined ? {} : { ca }) };
  const client = await SmtpClient.greet(socket, {
    ...options,
    ...(security === 'implicit' ? { tls } : {}),
  });
  try {
    await client.hello();
    if (security === 'starttls') await client.startTls(tls);
    if (options.credentials) await client.authenticate(options.credentials);
    return client;
  } catch (error) {
    client.destroy();
    throw error;
  }
}

function dialTcp(target: { host: string; port: number; timeoutMs: number }): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host: target.host, port: target.port });
    const timer = setTimeout(() => {
      socket.destroy(new Error(`no connection within ${target.timeoutMs / 1000} s`));
    }, target.timeoutMs);
    socket.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}
