/**
 * A world for tests: names come from a zone by way of a real DNS server, and `address:port` pairs
 * lead to the ports where test servers really listen. Other addresses refuse.
 */

import { connect, type Socket } from 'node:net';
import { createResolver } from '../dns/resolver.ts';
import type { DialTarget, World } from '../world.ts';
import { answersFrom, startScriptedDns, type ScriptedDns, type Zone } from './scripted-dns.ts';

export interface TestWorld extends World, AsyncDisposable {
  readonly scriptedDns: ScriptedDns;
  /** `127.0.1.1` or `127.0.1.1:587` → where it really is, or how it fails. */
  readonly places: Map<string, number | 'refuse' | 'silent'>;
  /** Every `address:port` that was dialled. */
  readonly dialled: string[];
  /** Ports of name servers, by address; others are those of the zone. */
  readonly nameServers: Map<string, number>;
  /** Added to the clock. */
  aheadMs: number;
}

export async function createTestWorld(
  zone: Zone,
  over: {
    readonly trust?: readonly string[];
    readonly random?: () => number;
    readonly dnsTimeoutMs?: number;
    /** All answers count as validated. */
    readonly signed?: boolean;
  } = {},
): Promise<TestWorld> {
  const scriptedDns = await startScriptedDns(answersFrom(zone, { signed: over.signed ?? false }));
  const randomBytes = (count: number) => crypto.getRandomValues(new Uint8Array(count));
  const world: TestWorld = {
    scriptedDns,
    places: new Map(),
    dialled: [],
    nameServers: new Map(),
    aheadMs: 0,
    nowMs: () => Date.now() + world.aheadMs,
    nowUs: () => Math.round((performance.timeOrigin + performance.now() + world.aheadMs) * 1000),
    randomBytes,
    random: over.random ?? (() => Math.random()),
    dns: createResolver({
      servers: [scriptedDns.server],
      timeoutMs: over.dnsTimeoutMs ?? 10_000,
      nowMs: () => world.nowMs(),
      randomBytes,
    }),
    nameServer: (address) =>
      createResolver({
        servers: [{ address: '127.0.0.1', port: portOf(world, address) }],
        timeoutMs: over.dnsTimeoutMs ?? 10_000,
        nowMs: () => world.nowMs(),
        randomBytes,
      }),
    ...(over.trust === undefined ? {} : { trust: over.trust }),
    dial: (target) => dial(world, target),
    [Symbol.asyncDispose]: () => scriptedDns[Symbol.asyncDispose](),
  };
  return world;
}

const portOf = (world: TestWorld, address: string): number =>
  world.nameServers.get(address) ?? world.scriptedDns.server.port;

function dial(world: TestWorld, target: DialTarget): Promise<Socket> {
  const { address, port, timeoutMs, signal } = target;
  world.dialled.push(`${address}:${port}`);
  const place =
    world.places.get(`${address}:${port}`) ?? (port === 25 ? world.places.get(address) : undefined);
  return new Promise((resolve, reject) => {
    const fail = (code: string) => reject(Object.assign(new Error(code), { code }));
    if (signal?.aborted === true) return fail('ABORT_ERR');
    signal?.addEventListener('abort', () => fail('ABORT_ERR'), { once: true });
    if (place === 'silent') return void setTimeout(() => fail('ETIMEDOUT'), timeoutMs).unref();
    if (typeof place !== 'number') return fail('ECONNREFUSED');
    const socket = connect({ host: '127.0.0.1', port: place, noDelay: true });
    socket.once('connect', () => resolve(socket));
    socket.once('error', (error: NodeJS.ErrnoException) => fail(error.code ?? 'EIO'));
  });
}
