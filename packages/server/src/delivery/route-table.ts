/** Ways out that the configuration or a person has set: which one is for a domain. */

import { isIP } from 'node:net';
import type { Route } from '../config/schema.ts';

/**
 * The most particular one: the domain itself, then the longest `.suffix` it lies under, then `*`.
 * Of two that are alike the first.
 */
export function matchRoute(routes: readonly Route[], domain: string): Route | null {
  let best: Route | null = null;
  let bestRank = -1;
  for (const route of routes) {
    const pattern = route.domain.toLowerCase();
    const rank = rankOf(pattern, domain);
    if (rank > bestRank) {
      best = route;
      bestRank = rank;
    }
  }
  return best;
}

function rankOf(pattern: string, domain: string): number {
  if (pattern === domain) return 1000;
  if (pattern.startsWith('.') && domain.endsWith(pattern)) return pattern.length;
  return pattern === '*' ? 0 : -1;
}

const literalOrName = String.raw`(?:\[(?:IPv6:)?(?<literal>[0-9a-f:.]+)\]|(?<host>[^\s[\]:]+))`;
const nextHop = new RegExp(String.raw`^\s*${literalOrName}(?::(?<port>[0-9]{1,5}))?\s*$`, 'i');

/**
 * `host`, `host:port`, `192.0.2.1:2525`, `[2001:db8::1]:25`, `[192.0.2.1]`; null when it is none.
 */
export function readNextHop(text: string): { host: string; port: number } | null {
  const match = nextHop.exec(text);
  if (match === null && isIP(text.trim()) === 6) return { host: text.trim(), port: 25 };
  const { literal, host, port = '25' } = match?.groups ?? {};
  if (literal !== undefined && isIP(literal) === 0) return null;
  const name = (literal ?? host ?? '').toLowerCase();
  const number = Number(port);
  return name === '' || number < 1 || number > 65_535 ? null : { host: name, port: number };
}
