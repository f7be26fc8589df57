/**
 * The way before us as the Received fields tell it: claims of others, written down as such. RFC
 * 5321 §4.4.
 */

import { readDate } from '@merpati/formats/message/date.ts';
import type { Head } from '@merpati/formats/message/head.ts';
import type { JourneyEvent } from '@merpati/store/journey.ts';

/** The newest ones; older ones are as easily invented as read. */
const hopsMax = 10;
/** A field longer than this is not looked at. */
const fieldLengthMax = 2000;

/** Oldest first. Fields without a readable date are left out. */
export function claimedHops(head: Head): JourneyEvent[] {
  const events: JourneyEvent[] = [];
  for (const field of head.fields) {
    if (field.key !== 'received' || events.length >= hopsMax) continue;
    const value = field.value();
    const semicolon = value.lastIndexOf(';');
    if (semicolon < 0 || value.length > fieldLengthMax) continue;
    const atMs = readDate(value.slice(semicolon + 1))?.ms ?? null;
    if (atMs === null) continue;
    const from = /^from\s+(\S{1,255})/i.exec(value)?.[1] ?? null;
    const by = /\bby\s+([^\s;]{1,255})/i.exec(value)?.[1] ?? null;
    events.push({
      atUs: atMs * 1000,
      stage: 'receive',
      state: 'claimed',
      code: 'hop.claimed',
      args: { from, by },
    });
  }
  return events.reverse();
}
