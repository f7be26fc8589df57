/** The world of production: clock, chance, names and connections as this machine has them. */

import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { createResolver } from './dns/resolver.ts';
import { nameServers, trustOf, type NameServer } from './dns/servers.ts';
import type { Config } from './config/schema.ts';
import type { DialTarget, World } from './world.ts';

/** Clock, chance, names and connections as this machine has them. */
export function realWorld(dns: Config['dns']): World {
  return worldWithDns(nameServers(dns.servers), dns.timeout_ms, trustOf(dns.trust_ad));
}

export function worldWithDns(
  servers: readonly NameServer[],
  timeoutMs: number,
  isTrusted: (server: NameServer) => boolean = trustOf([]),
): World {
  const nowUs = createClockUs();
  const octets = (count: number) => new Uint8Array(randomBytes(count));
  const nowMs = () => Date.now();
  const asking = { timeoutMs, nowMs, randomBytes: octets };
  return {
    nowMs,
    nowUs,
    randomBytes: octets,
    random: () => Math.random(),
    dns: createResolver({ ...asking, servers, isTrusted }),
    nameServer: (address) => createResolver({ ...asking, servers: [{ address, port: 53 }] }),
    dial,
  };
}

/** Further apart than this, the wall clock has been set, or the machine has slept. */
const skewMsMax = 50;

/**
 * The wall clock with the fineness of the monotonic one; it never goes back. All threads of the
 * process begin with the same: an event of one must not seem to come before its cause in another.
 */
export function createClockUs(
  wallMs: () => number = () => Date.now(),
  steadyMs: () => number = () => performance.timeOrigin + performance.now(),
): () => number {
  let offsetMs = 0;
  let lastUs = 0;
  return () => {
    const skewMs = wallMs() - (steadyMs() + offsetMs);
    if (Math.abs(skewMs) > skewMsMax) offsetMs += skewMs;
    lastUs = Math.max(lastUs, Math.round((steadyMs() + offsetMs) * 1000));
    return lastUs;
  };
}

function dial(target: DialTarget): Promise<Socket> {
  const { address, port, timeoutMs, signal, localAddress } = target;
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: address,
      port,
      noDelay: true,
      ...(localAddress === undefined ? {} : { localAddress }),
    });
    const fail = (error: Error) => {
      finish();
      socket.destroy();
      reject(error);
    };
    const late = () =>
      fail(Object.assign(new Error(`connect ETIMEDOUT ${address}:${port}`), { code: 'ETIMEDOUT' }));
    const aborted = () =>
      fail(Object.assign(new Error(`connect aborted ${address}:${port}`), { code: 'ABORT_ERR' }));
    const timer = setTimeout(late, timeoutMs);
    const finish = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', aborted);
      socket.off('error', fail);
    };
    socket.once('error', fail);
    socket.once('connect', () => {
      finish();
      resolve(socket);
    });
    if (signal?.aborted === true) aborted();
    else signal?.addEventListener('abort', aborted, { once: true });
  });
}
