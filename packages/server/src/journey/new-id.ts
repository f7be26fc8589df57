/** Ids of new journeys: never the same twice within a process, however fast messages come. */

import type { JourneyId } from '@merpati/store/ids.ts';
import { journeyId } from '@merpati/store/ids.ts';
import { makeJourneyId } from '@merpati/store/journey.ts';
import type { World } from '../world.ts';

let last = 0;

export function newJourneyId(world: Pick<World, 'nowMs' | 'random'>): JourneyId {
  const made = makeJourneyId(world.nowMs(), Math.floor(world.random() * 4096));
  last = Math.max(made, last + 1);
  return journeyId(last);
}
