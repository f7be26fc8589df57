/** Which mailboxes ESEARCH means. RFC 7377 §2.2; RFC 5465 §6. */

import { levelSeparator } from '@merpati/formats/imap/mailbox-name.ts';
import type { MailboxFilter } from '@merpati/formats/imap/search-key.ts';
import { mayDo } from '../access/rights.ts';
import { type Place, listPlaces } from '../mailboxes/find.ts';
import type { Session } from '../session.ts';

/**
 * Those that may be read, each once, own ones first. What is named and is not there is passed over:
 * a search finds nothing in it.
 */
export async function findSources(
  session: Session,
  filters: readonly MailboxFilter[],
): Promise<readonly Place[]> {
  const places = await listPlaces(session);
  const isSubscribed = filters.some(({ filter }) => filter === 'subscribed')
    ? new Set(await session.store.subscriptions(session.account))
    : new Set<string>();
  return places.filter(
    (place) =>
      place.status.role !== 'downloaded' &&
      mayDo(place.rights, 'r') &&
      filters.some((filter) => isMeant(session, filter, { place, isSubscribed })),
  );
}

interface Candidate {
  readonly place: Place;
  readonly isSubscribed: ReadonlySet<string>;
}

function isMeant(session: Session, filter: MailboxFilter, { place, isSubscribed }: Candidate) {
  switch (filter.filter) {
    case 'selected':
    case 'selected-delayed': {
      const { selected } = session;
      return selected?.owner === place.owner && selected.mailbox === place.status.id;
    }
    case 'personal':
      return place.owner === session.account;
    case 'inboxes':
      return place.owner === session.account && place.status.role === 'inbox';
    case 'subscribed':
      return isSubscribed.has(place.name);
    case 'mailboxes':
      return filter.mailboxes.includes(place.name);
    case 'subtree':
      return filter.mailboxes.some(
        (name) => name === place.name || place.name.startsWith(`${name}${levelSeparator}`),
      );
    case 'subtree-one':
      return filter.mailboxes.some((name) => isOneBelow(name, place.name));
  }
  return filter satisfies never;
}

/** The mailbox itself, and those right below it. */
function isOneBelow(name: string, candidate: string): boolean {
  if (candidate === name) return true;
  const start = `${name}${levelSeparator}`;
  return candidate.startsWith(start) && !candidate.slice(start.length).includes(levelSeparator);
}
