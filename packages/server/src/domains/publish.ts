/** Puts the records of a domain into its zone, where the configuration says how. RFC 2136. */

import { canUpdate, updateTarget } from '../certificates/update-target.ts';
import { updateZone } from '../dns/update.ts';
import { ZoneAsker } from '../dns/zone-servers.ts';
import type { Home } from '../home.ts';
import { zoneChanges } from './changes.ts';
import { domainFacts } from './facts.ts';
import { domainRecords } from './records.ts';

export type Published =
  | { readonly kind: 'done'; readonly zone: string; readonly changes: number }
  /** No server and no key are configured. */
  | { readonly kind: 'off' }
  | { readonly kind: 'no-zone' }
  | { readonly kind: 'failed'; readonly zone: string; readonly why: string };

export async function publishRecords(home: Home, domain: string): Promise<Published> {
  const { config, world } = home;
  if (!canUpdate(config)) return { kind: 'off' };
  const target = updateTarget(config);
  const zone = target.zone ?? (await new ZoneAsker(world).zoneOf(domain))?.name ?? null;
  if (zone === null) return { kind: 'no-zone' };
  const changes = zoneChanges(domainRecords(await domainFacts(home, domain)), zone);
  const updated = await updateZone(world, { ...target, zone }, changes);
  return updated.kind === 'done'
    ? { kind: 'done', zone, changes: changes.length }
    : { kind: 'failed', zone, why: updated.why };
}
