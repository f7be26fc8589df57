/** What the configured lists of addresses say of the client. RFC 5782. */

import type { Listing } from '../incoming/evidence.ts';
import { Refusal } from '../refusal.ts';
import type { Check, Finding } from './check.ts';
import { shown } from './limits.ts';

export const dnsLists: Check = {
  kinds: ['smtp'],
  async run(_home, { evidence, session }) {
    if (evidence === null) return null;
    const ip = session.peer?.address ?? '';
    const listings = await evidence.lists;
    return listings.flatMap((listing) => findingOf(listing, ip) ?? []);
  },
};

function findingOf({ list, isListed, fault, answers, text }: Listing, ip: string): Finding | null {
  const { zone, kind, weight } = list;
  const what = { ip, list: zone, answers: answers.slice(0, 5).map(shown) };
  if (fault !== null) {
    const args = { ...what, why: shown(fault) };
    return { code: 'dnsbl.fault', state: 'warn', weight: 0, args, refusal: null };
  }
  if (!isListed) return null;
  const args = { ...what, text: text === null ? null : shown(text) };
  return kind === 'block'
    ? { code: 'dnsbl.listed', state: 'fail', weight, args, refusal: null }
    : { code: 'dnsbl.allowed', state: 'ok', weight: -weight, args, refusal: null };
}

/** Why nothing is taken from this client; null: because of no list. */
export function listRefusal(listings: readonly Listing[], ip: string): Refusal | null {
  const found = listings.find(({ list, isListed }) => list.refuse && isListed);
  if (found === undefined || listings.some(isGood)) return null;
  const text = found.text === null ? '' : `: ${shown(found.text)}`;
  return new Refusal('client-listed', `${ip} is on the list ${found.zone}${text}`);
}

export function isGood({ list, isListed }: Listing): boolean {
  return list.kind === 'allow' && isListed;
}
