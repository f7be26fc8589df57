/**
 * Records as changes of a zone. Sets of records that are ours alone are replaced; where others have
 * records of that type at that name too, ours are added, and what is there stays. RFC 2136 §2.5.
 */

import type { ZoneChange } from '@merpati/formats/dns/update.ts';
import { isWithin, type Purpose, type ZoneRecord } from './records.ts';

const shared: ReadonlySet<Purpose> = new Set<Purpose>(['mx', 'address', 'spf', 'caa']);

/** What lies outside of the zone is left out. */
export function zoneChanges(records: readonly ZoneRecord[], zone: string): ZoneChange[] {
  const changes: ZoneChange[] = [];
  const replaced = new Set<string>();
  for (const { name, ttlSeconds, data, purpose } of records) {
    if (!isWithin(name, zone)) continue;
    const set = `${name} ${data.type}`;
    if (!shared.has(purpose) && !replaced.has(set)) {
      replaced.add(set);
      changes.push({ kind: 'clear', name, type: data.type });
    }
    changes.push({ kind: 'add', name, ttlSeconds, data });
  }
  return changes;
}
