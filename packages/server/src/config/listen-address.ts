/** Where a service listens: `0.0.0.0:25`, `[::1]:25`, `:25` (everywhere, both families), `25`. */

import { isIP } from 'node:net';

export interface ListenAddress {
  /** null: every address of the machine, IPv6 and IPv4. */
  readonly address: string | null;
  readonly port: number;
}

/** null when it cannot be read so. Port 0 (any free one) is for tests. */
export function readListenAddress(text: string): ListenAddress | null {
  const match = /^(?:(?:\[(?<six>[^\]]+)\]|(?<four>[0-9.]+)|\*)?:)?(?<port>\d{1,5})$/.exec(text);
  if (match?.groups === undefined) return null;
  const port = Number(match.groups['port']);
  if (port > 65_535) return null;
  const { six, four } = match.groups;
  if (six !== undefined) return isIP(six) === 6 ? { address: six, port } : null;
  if (four !== undefined) return isIP(four) === 4 ? { address: four, port } : null;
  return { address: null, port };
}

/** Of a configuration that was checked. Throws RangeError. */
export function checkedListenAddress(text: string): ListenAddress {
  const read = readListenAddress(text);
  if (read === null) throw new RangeError(`"${text}" is no address to listen on`);
  return read;
}

export function writeListenAddress(listen: ListenAddress): string {
  if (listen.address === null) return `:${listen.port}`;
  return listen.address.includes(':')
    ? `[${listen.address}]:${listen.port}`
    : `${listen.address}:${listen.port}`;
}
