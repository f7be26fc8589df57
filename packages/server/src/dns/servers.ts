/** Which resolvers to ask: those of the configuration, else those of /etc/resolv.conf. */

import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';

export interface NameServer {
  readonly address: string;
  readonly port: number;
}

/** More would only make a failing question last longer. */
const serversMax = 4;

/** `127.0.0.1`, `127.0.0.1:5353`, `::1`, `[::1]:5353`; null for anything else. */
export function readNameServer(text: string): NameServer | null {
  if (isIP(text) !== 0) return { address: text, port: 53 };
  const match = /^(?:\[(?<v6>[0-9a-f:.]+)\]|(?<v4>[0-9.]+))(?::(?<port>[0-9]{1,5}))?$/i.exec(text);
  const address = match?.groups?.v6 ?? match?.groups?.v4 ?? '';
  const port = Number(match?.groups?.port ?? 53);
  return isIP(address) !== 0 && port > 0 && port < 65_536 ? { address, port } : null;
}

/** The `nameserver` lines; `search` and `options` are of no interest to a mail server. */
export function readResolvConf(text: string): NameServer[] {
  return text
    .split('\n')
    .map((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1])
    .map((address) => (address === undefined ? null : readNameServer(address)))
    .filter((server) => server !== null)
    .slice(0, serversMax);
}

/** Unreadable or empty: the resolver of this machine, as resolv.conf(5) has it. */
export function nameServers(
  configured: readonly string[],
  resolvConf = '/etc/resolv.conf',
): NameServer[] {
  const chosen = configured.map(readNameServer).filter((server) => server !== null);
  if (chosen.length > 0) return chosen.slice(0, serversMax);
  let found: NameServer[] = [];
  try {
    found = readResolvConf(readFileSync(resolvConf, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return found.length > 0 ? found : [{ address: '127.0.0.1', port: 53 }];
}

/**
 * Whose AD bit may be believed: what a server on this machine says has not been touched on the way,
 * and of others those that the configuration names. RFC 7672 §2.1.3; see decision 017.
 */
export function trustOf(named: readonly string[]): (server: NameServer) => boolean {
  return ({ address }) => named.includes(address) || isOnThisMachine(address);
}

function isOnThisMachine(address: string): boolean {
  const v4 = address.replace(/^::ffff:/, '');
  // QUIRK: in containers of Docker this one looks like the machine's own and only passes on what
  // somebody else says, AD bit included.
  return address === '::1' || (v4.startsWith('127.') && v4 !== '127.0.0.11');
}
