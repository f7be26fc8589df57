/**
 * The world of the lab: names are asked of the lab's own DNS, and a connection to port 25 of an
 * address that stands for a lab server goes to the port where that server really listens. Nothing
 * leaves the machine: any address that is not loopback cannot be reached.
 */

import type { Socket } from 'node:net';
import type { DialTarget, Resolver, World } from '../world.ts';

export interface LabPort {
  /** As in the DNS. */
  readonly address: string;
  readonly port: number;
  /** Where the server really is; null: switched off by the fault `down`. */
  real(): { readonly address: string; readonly port: number } | null;
}

export interface LabWorld extends World {
  /** Breaks what is open to or from that address: a fault must be felt at once. */
  cut(address: string): void;
  /** For one server: what it opens comes from its own address. */
  dialFrom(address: () => string): World['dial'];
}

export function createLabWorld(
  real: World,
  newResolver: () => Resolver,
  ports: readonly LabPort[],
): LabWorld {
  const open = new Map<string, Set<Socket>>();
  const keep = (address: string, socket: Socket): Socket => {
    const sockets = open.get(address) ?? new Set();
    open.set(address, sockets.add(socket));
    socket.once('close', () => sockets.delete(socket));
    return socket;
  };
  const dial = async (target: DialTarget): Promise<Socket> => {
    const known = ports.find((one) => one.address === target.address && one.port === target.port);
    if (known !== undefined) {
      const place = known.real();
      if (place === null) return refuse(target, 'ECONNREFUSED');
      return keep(target.address, await dialOn(real, { ...target, ...place }));
    }
    const isLocal = target.address === '::1' || target.address.startsWith('127.');
    return isLocal ? dialOn(real, target) : refuse(target, 'ENETUNREACH');
  };
  return {
    dialFrom: (address) => async (target) => {
      const localAddress = address();
      const isIpv4 = target.address !== '::1';
      const socket = await dial(isIpv4 ? { ...target, localAddress } : target);
      return keep(localAddress, socket);
    },
    cut(address) {
      for (const socket of open.get(address) ?? []) socket.destroy();
    },
    nowMs: () => real.nowMs(),
    nowUs: () => real.nowUs(),
    randomBytes: (count) => real.randomBytes(count),
    random: () => real.random(),
    dns: newResolver(),
    // The lab has one, whatever its address.
    nameServer: newResolver,
    dial,
  };
}

/** Linux has all of 127.0.0.0/8. Elsewhere it comes from 127.0.0.1, and is not judged. */
async function dialOn(real: World, target: DialTarget): Promise<Socket> {
  try {
    return await real.dial(target);
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'EADDRNOTAVAIL';
    if (!isMissing || target.localAddress === undefined) throw error;
    const { localAddress: _, ...rest } = target;
    return real.dial(rest);
  }
}

function refuse(target: DialTarget, code: string): Promise<never> {
  const error = new Error(`connect ${code} ${target.address}:${target.port}`);
  return Promise.reject(Object.assign(error, { code }));
}
