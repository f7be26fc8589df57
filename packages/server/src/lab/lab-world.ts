/**
 * The world of the lab: names are asked of the lab's own DNS, and a connection to port 25 of an
 * address that stands for a lab server goes to the port where that server really listens. Nothing
 * leaves the machine: any address that is not loopback cannot be reached.
 */

import type { DialTarget, Resolver, World } from '../world.ts';

export interface LabPort {
  /** As in the DNS. */
  readonly address: string;
  readonly port: number;
  /** Where the server really is; null: switched off by the fault `down`. */
  real(): { readonly address: string; readonly port: number } | null;
}

export function createLabWorld(real: World, dns: Resolver, ports: readonly LabPort[]): World {
  return {
    nowMs: () => real.nowMs(),
    nowUs: () => real.nowUs(),
    randomBytes: (count) => real.randomBytes(count),
    random: () => real.random(),
    dns,
    dial(target) {
      const known = ports.find((one) => one.address === target.address && one.port === target.port);
      if (known !== undefined) {
        const place = known.real();
        return place === null ? refuse(target, 'ECONNREFUSED') : real.dial({ ...target, ...place });
      }
      const isLocal = target.address === '::1' || target.address.startsWith('127.');
      return isLocal ? real.dial(target) : refuse(target, 'ENETUNREACH');
    },
  };
}

function refuse(target: DialTarget, code: string): Promise<never> {
  const error = new Error(`connect ${code} ${target.address}:${target.port}`);
  return Promise.reject(Object.assign(error, { code }));
}
