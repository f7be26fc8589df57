/** Aliases that lead back to themselves: no harm to mail, but seldom what was meant. */

import { normalLocal, splitAddress } from '@merpati/formats/smtp/path.ts';
import type { Store } from '@merpati/store/contract.ts';
import { findDomain, resolveLimits } from './resolve.ts';

/** The way from an alias back to itself, both ends included; null when there is none. */
export async function findCircle(store: Store, alias: string): Promise<string[] | null> {
  const ways = [[alias]];
  const seen = new Set<string>();
  for (const way of ways) {
    const found = await findAlias(store, way.at(-1) ?? alias);
    if (found === null) continue;
    if (way.length > 1 && found.address === alias) return [...way.slice(0, -1), alias];
    if (seen.has(found.address)) continue;
    seen.add(found.address);
    const room = Math.max(resolveLimits.targetsMax - ways.length, 0);
    ways.push(...found.targets.slice(0, room).map((target) => [...way, target]));
  }
  return null;
}

/** The alias of ours that an address leads to, domain aliases and a +tag looked through. */
async function findAlias(
  store: Store,
  address: string,
): Promise<{ address: string; targets: readonly string[] } | null> {
  const parts = splitAddress(address);
  const domain = parts === null ? null : await findDomain(store, parts.domain);
  if (parts === null || domain === null) return null;
  const whole = normalLocal(parts.local);
  for (const local of [whole, whole.replace(/(?<=.)\+.*$/s, '')]) {
    const own = `${local}@${domain.name}`;
    const target = await store.findAddress(own);
    if (target === null) continue;
    return target.kind === 'alias' ? { address: own, targets: target.targets } : null;
  }
  return null;
}
