/** The way to a server that reads mail out: a TCP connection in time, and TLS on top of it. */

import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';

export interface DialOptions {
  readonly host: string;
  readonly port: number;
  /** Longest silence of the server, and longest wait for the connection. */
  readonly timeoutMs: number;
  /** Ends the conversation at once. */
  readonly signal?: AbortSignal;
  /** Another way to a connected socket (a proxy, a lab). */
  readonly dial?: (target: { host: string; port: number; timeoutMs: number }) => Promise<Socket>;
}

/** What may be said about trust; the rest is Node's defaults: system roots, TLS 1.2 and up. */
export type TlsTrust = Pick<ConnectionOptions, 'ca' | 'servername' | 'rejectUnauthorized'>;

/** Nobody answered in time. */
export class DialTimeout extends Error {
  override readonly name = 'DialTimeout';
}

/** Rejects with `DialTimeout`, or with what the system says. */
export async function dial(options: DialOptions): Promise<Socket> {
  const socket = await (options.dial ?? dialTcp)(options);
  return socket.setNoDelay(true);
}

function dialTcp(target: { host: string; port: number; timeoutMs: number }): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host: target.host, port: target.port });
    socket.setTimeout(target.timeoutMs, () => {
      socket.destroy();
      reject(new DialTimeout(`${target.host}:${target.port}: no connection in time`));
    });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.removeAllListeners();
      socket.setTimeout(0);
      resolve(socket);
    });
  });
}

/** The handshake has begun when this returns; `secureConnect` ends it. */
export function beginTls(plain: Socket, host: string, trust: TlsTrust): TLSSocket {
  const name = trust.servername ?? (isIP(host) === 0 ? host : '');
  return connectTls({
    ...trust,
    socket: plain,
    host,
    ...(name === '' ? {} : { servername: name }),
    minVersion: 'TLSv1.2',
  });
}

export function isLoopback(socket: Socket): boolean {
  const address = socket.remoteAddress ?? '';
  return address === '::1' || /^(::ffff:)?127\./.test(address);
}
