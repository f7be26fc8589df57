/**
 * The PROXY protocol header that load balancers put in front of a connection, versions 1 and 2.
 * https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt §2.1, §2.2.
 */

import { isIP } from 'node:net';
import type { Peer } from './wire.ts';

export type ProxyHeader =
  | { readonly kind: 'more' }
  /** `source` is null for connections of the balancer itself (LOCAL, UNKNOWN). */
  | { readonly kind: 'header'; readonly length: number; readonly source: Peer | null }
  | { readonly kind: 'bad'; readonly why: string };

export const proxyLimits = {
  /** §2.1: the longest version 1 line. */
  v1OctetsMax: 107,
  /** Version 2 may carry 64 KiB of TLVs; nobody sends more than certificates' names. */
  v2OctetsMax: 4096,
} as const;

const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');

/** Looks at what has arrived so far. */
export function readProxyHeader(bytes: Uint8Array): ProxyHeader {
  const seen = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (seen.length === 0) return { kind: 'more' };
  if (seen[0] === 13) return readV2(seen);
  const start = seen.toString('latin1', 0, Math.min(seen.length, 6));
  if (!'PROXY '.startsWith(start)) return bad('no PROXY header');
  return readV1(seen);
}

function readV1(seen: Buffer): ProxyHeader {
  const end = seen.indexOf('\r\n');
  if (end < 0 && seen.length < proxyLimits.v1OctetsMax) return { kind: 'more' };
  if (end < 0 || end > proxyLimits.v1OctetsMax - 2) return bad('the line is too long');
  const length = end + 2;
  const [, family, source = '', target = '', sourcePort, targetPort, ...others] = seen
    .toString('latin1', 0, end)
    .split(' ');
  if (family === 'UNKNOWN') return { kind: 'header', length, source: null };
  const version = family === 'TCP4' ? 4 : family === 'TCP6' ? 6 : 0;
  const port = readPort(sourcePort);
  const isWhole = others.length === 0 && port !== null && readPort(targetPort) !== null;
  if (version === 0 || isIP(source) !== version || isIP(target) !== version || !isWhole) {
    return bad('malformed version 1 header');
  }
  return { kind: 'header', length, source: { address: source, port } };
}

function readV2(seen: Buffer): ProxyHeader {
  const known = Math.min(seen.length, signature.length);
  if (!seen.subarray(0, known).equals(signature.subarray(0, known))) return bad('no PROXY header');
  if (seen.length < 16) return { kind: 'more' };
  const versionAndCommand = seen[12] ?? 0;
  const family = seen[13] ?? 0;
  const length = 16 + seen.readUInt16BE(14);
  if (versionAndCommand >> 4 !== 2) return bad('unknown version');
  if (length > proxyLimits.v2OctetsMax) return bad('the header is too long');
  if (seen.length < length) return { kind: 'more' };
  const command = versionAndCommand & 15;
  if (command === 0) return { kind: 'header', length, source: null };
  if (command !== 1) return bad('unknown command');
  if (family >> 4 === 1 && length >= 28) {
    return { kind: 'header', length, source: { address: ipv4(seen), port: seen.readUInt16BE(24) } };
  }
  if (family >> 4 === 2 && length >= 52) {
    return { kind: 'header', length, source: { address: ipv6(seen), port: seen.readUInt16BE(48) } };
  }
  // §2.2: AF_UNSPEC and AF_UNIX tell no address we could use.
  if (family >> 4 === 0 || family >> 4 === 3) return { kind: 'header', length, source: null };
  return bad('malformed version 2 header');
}

function ipv4(seen: Buffer): string {
  return seen.subarray(16, 20).join('.');
}

/** In the form that the system gives addresses of sockets. RFC 5952 §4. */
function ipv6(seen: Buffer): string {
  const groups: string[] = [];
  for (let at = 16; at < 32; at += 2) groups.push(seen.readUInt16BE(at).toString(16));
  const host = new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(host);
  return mapped === null ? host : [...seen.subarray(28, 32)].join('.');
}

function readPort(text: string | undefined): number | null {
  if (text === undefined || !/^[0-9]{1,5}$/.test(text) || Number(text) > 65_535) return null;
  return Number(text);
}

function bad(why: string): ProxyHeader {
  return { kind: 'bad', why };
}
