/**
 * Puts the records of keys into the zone, and takes those of revoked ones away, where the
 * configuration says how: then keys rotate without anybody. RFC 2136.
 */

import type { ZoneChange } from '@merpati/formats/dns/update.ts';
import { canUpdate, updateTarget } from '../certificates/update-target.ts';
import { updateZone } from '../dns/update.ts';
import { ZoneAsker } from '../dns/zone-servers.ts';
import type { Home } from '../home.ts';
import { keyRecordText, type Generation } from './keys.ts';

/** false: it is not configured, or could not be done; the log says why. */
export async function publishKeys(
  home: Home,
  domain: string,
  generations: readonly Generation[],
): Promise<boolean> {
  const { config, world, log } = home;
  if (!canUpdate(config) || generations.length === 0) return false;
  const target = updateTarget(config);
  const zone = target.zone ?? (await new ZoneAsker(world).zoneOf(domain))?.name ?? null;
  if (zone === null) return false;
  const changes = generations.flatMap((one) => changesOf(home, domain, one));
  const updated = await updateZone(world, { ...target, zone }, changes);
  if (updated.kind === 'done') log.info({ event: 'dkim.published', domain, zone });
  else log.warn({ event: 'dkim.published', domain, zone, why: updated.why });
  return updated.kind === 'done';
}

function changesOf(home: Home, domain: string, { keys, state }: Generation): ZoneChange[] {
  return keys.flatMap((key): ZoneChange[] => {
    const name = `${key.selector}._domainkey.${domain}`;
    const clear = { kind: 'clear', name, type: 'TXT' } as const;
    if (state === 'revoked') return [clear];
    const octets = Buffer.from(keyRecordText(key, false));
    // An RSA key of 2048 bits needs two strings of at most 255 octets.
    const strings = [octets.subarray(0, 255), octets.subarray(255)].filter(({ length }) => length);
    const ttlSeconds = home.config.publish.ttl_s;
    return [clear, { kind: 'add', name, ttlSeconds, data: { type: 'TXT', strings } }];
  });
}
