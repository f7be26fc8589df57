/** Finding the journey that somebody names by its first letters, and who is looking. */

import type { JourneyId } from '@merpati/store/ids.ts';
import { formatJourneyId } from '@merpati/store/journey.ts';
import type { Home } from '../home.ts';
import type { Viewer } from '../journey/view.ts';
import { originOf } from '../journey/view.ts';
import { AdminFault, type AdminContext } from './operation.ts';
import { findAccount } from './places.ts';

export interface Place {
  readonly home: Home;
  readonly id: JourneyId;
}

/**
 * Whose eyes: null for the owner of the machine. In a lab nothing is private, so subjects are
 * shown.
 */
export type Eyes = { readonly home: Home; readonly viewer: Omit<Viewer, 'submitted'> } | null;

export async function readEyes(context: AdminContext, as: string | undefined): Promise<Eyes> {
  if (as === undefined) return null;
  const { home, account } = await findAccount(context, as);
  const aliases = await home.store.aliases();
  const leading = aliases.filter((one) => one.targets.includes(account.address));
  const addresses = new Set([account.address, ...leading.map((one) => one.address)]);
  return { home, viewer: { home, account, addresses } };
}

export async function viewerOf(eyes: Eyes, place: Place): Promise<Viewer | null> {
  if (eyes === null) return null;
  const found = await eyes.home.store.journey(place.id);
  const submitted = found?.head.submittedBy === eyes.viewer.account.id;
  return { ...eyes.viewer, submitted };
}

/** By unique first letters; the same answer for what is not there and what is not theirs. */
export async function findJourney(context: AdminContext, text: string, eyes: Eyes): Promise<Place> {
  if (!/^[0-9a-z]{1,10}$/i.test(text)) throw new AdminFault('journey.id', { id: text });
  const places: Place[] = [];
  for (const home of eyes === null ? context.homes : [eyes.home]) {
    for (const id of await home.store.journeysByPrefix(text.toLowerCase())) {
      if (await mayRead(eyes, id)) places.push({ home, id });
    }
  }
  const [found, ...others] = places;
  if (found === undefined) throw new AdminFault('journey.unknown', { id: text });
  if (others.length === 0) return found;
  const several = places.map((one) => formatJourneyId(one.id)).join(', ');
  throw new AdminFault('journey.ambiguous', { id: text, several });
}

async function mayRead(eyes: Eyes, id: JourneyId): Promise<boolean> {
  return eyes === null || eyes.home.store.mayRead(eyes.viewer.account.id, id);
}

/** The latest message; a notice about another message is not what people mean by it. */
export async function lastJourney(context: AdminContext, eyes: Eyes): Promise<Place> {
  const account = eyes === null ? {} : { account: eyes.viewer.account.id };
  const heads = [];
  for (const home of eyes === null ? context.homes : [eyes.home]) {
    const found = await home.store.journeys({ ...account, limit: 10 });
    heads.push(...found.map((head) => ({ home, head })));
  }
  heads.sort((a, b) => b.head.startedUs - a.head.startedUs);
  const last = heads.find((one) => one.head.sender !== '') ?? heads[0];
  if (last === undefined) throw new AdminFault('journey.none');
  const origin = eyes === null ? await originOf(context.homes, last) : null;
  return origin ?? { home: last.home, id: last.head.id };
}
