/**
 * The hosts that take mail for a domain, in the order to try them. RFC 5321 §5.1; null MX RFC 7505
 * §3; our own place among them ends the list, or the mail would come back to us.
 */

import { isHostName } from '@merpati/formats/dns/name.ts';
import { isIP } from 'node:net';
import type { DnsAnswer, World } from '../world.ts';

export interface Exchanger {
  readonly name: string;
  readonly preference: number;
}

export type Exchangers =
  | {
      readonly kind: 'hosts';
      readonly hosts: readonly Exchanger[];
      /** The domain itself, for want of MX records. */
      readonly implicit: boolean;
      readonly ttlSeconds: number;
      readonly authenticated: boolean;
      /** The name that the domain's alias leads to; the domain itself without one. */
      readonly expanded: string;
      /** As the DNS has them, for the journey: `10 mx1.example`. */
      readonly listed: readonly string[];
    }
  | { readonly kind: 'null-mx' | 'no-domain' | 'loop' | 'unusable' }
  | { readonly kind: 'unknown'; readonly reason: (DnsAnswer & { kind: 'error' })['reason'] };

export async function findExchangers(
  world: Pick<World, 'dns' | 'random'>,
  domain: string,
  ownNames: readonly string[],
): Promise<Exchangers> {
  const answer = await world.dns.query(domain, 'MX');
  switch (answer.kind) {
    case 'error':
      return { kind: 'unknown', reason: answer.reason };
    case 'nxdomain':
      return { kind: 'no-domain' };
    case 'nodata': {
      const { ttlSeconds, authenticated } = answer;
      const hosts = [{ name: domain, preference: 0 }];
      if (ownNames.includes(domain)) return { kind: 'loop' };
      return {
        kind: 'hosts',
        hosts,
        implicit: true,
        ttlSeconds,
        authenticated,
        expanded: domain,
        listed: [],
      };
    }
    case 'records':
      return choose(world, { ...answer, domain }, ownNames);
    default:
      return answer satisfies never;
  }
}

function choose(
  world: Pick<World, 'random'>,
  answer: DnsAnswer & { kind: 'records' } & { readonly domain: string },
  ownNames: readonly string[],
): Exchangers {
  const all = answer.records.filter((record) => record.type === 'MX');
  const [only] = all;
  // RFC 7505 §3: one record, and its host is the root.
  if (all.length === 1 && only?.exchange === '') return { kind: 'null-mx' };
  const usable = all
    .filter(({ exchange }) => isHostName(exchange) && isIP(exchange) === 0)
    .map(({ exchange, preference }) => ({ name: exchange, preference }));
  if (usable.length === 0) return { kind: 'unusable' };
  const own = usable.filter(({ name }) => ownNames.includes(name));
  const ownBest = Math.min(...own.map(({ preference }) => preference));
  const before = usable.filter(({ preference }) => preference < ownBest);
  if (before.length === 0) return { kind: 'loop' };
  const { ttlSeconds, authenticated } = answer;
  const listed = all
    .toSorted((a, b) => a.preference - b.preference)
    .map(({ preference, exchange }) => `${preference} ${exchange === '' ? '.' : exchange}`);
  const hosts = inOrder(before, world);
  const expanded = answer.aliases.at(-1) ?? answer.domain;
  return { kind: 'hosts', hosts, implicit: false, ttlSeconds, authenticated, expanded, listed };
}

/** By preference; among equals by chance, so that the load spreads. RFC 5321 §5.1. */
function inOrder(hosts: readonly Exchanger[], world: Pick<World, 'random'>): Exchanger[] {
  return hosts
    .map((host) => ({ host, chance: world.random() }))
    .sort((a, b) => a.host.preference - b.host.preference || a.chance - b.chance)
    .map(({ host }) => host);
}
