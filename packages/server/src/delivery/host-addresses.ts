/** The addresses of a host, IPv6 and IPv4 by turns. RFC 8305 §4. */

import { isIP } from 'node:net';
import type { DnsAnswer, World } from '../world.ts';
import { deliveryLimits } from './limits.ts';

export type HostAddresses =
  | {
      readonly kind: 'addresses';
      readonly addresses: readonly string[];
      /** Every answer was signed, aliases on the way included. */
      readonly authenticated: boolean;
      /** The name that its alias leads to; the host's own without one. */
      readonly expanded: string;
    }
  /** There is no such host, or it has no address. */
  | { readonly kind: 'none' }
  | { readonly kind: 'unknown'; readonly reason: (DnsAnswer & { kind: 'error' })['reason'] };

export async function findAddresses(
  world: Pick<World, 'dns'>,
  host: string,
): Promise<HostAddresses> {
  if (isIP(host) !== 0) {
    return { kind: 'addresses', addresses: [host], authenticated: false, expanded: host };
  }
  const [six, four] = await Promise.all([
    world.dns.query(host, 'AAAA'),
    world.dns.query(host, 'A'),
  ]);
  const addresses = byTurns(addressesIn(six), addressesIn(four));
  if (addresses.length > 0) {
    return {
      kind: 'addresses',
      addresses: addresses.slice(0, deliveryLimits.addressesMax),
      // A family that gives no answer gives no address that would have to be believed.
      authenticated: [six, four].every((one) => one.kind === 'error' || one.authenticated),
      expanded: aliasIn(six) ?? aliasIn(four) ?? host,
    };
  }
  // One family failing and the other empty is no proof that there is nothing.
  if (four.kind === 'error') return { kind: 'unknown', reason: four.reason };
  if (six.kind === 'error') return { kind: 'unknown', reason: six.reason };
  return { kind: 'none' };
}

function addressesIn(answer: DnsAnswer): string[] {
  if (answer.kind !== 'records') return [];
  return answer.records.flatMap((record) => ('address' in record ? [record.address] : []));
}

const aliasIn = (answer: DnsAnswer): string | undefined =>
  answer.kind === 'records' ? answer.aliases.at(-1) : undefined;

function byTurns(first: readonly string[], second: readonly string[]): string[] {
  const longest = Math.max(first.length, second.length);
  return Array.from({ length: longest }, (_, i) => [first[i], second[i]])
    .flat()
    .filter((address) => address !== undefined);
}
