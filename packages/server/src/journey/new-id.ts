/**
 * Ids of new journeys: never the same twice within a process, however fast messages come, and
 * whichever of its threads takes them: each thread has every nth id.
 */

import type { JourneyId } from '@merpati/store/ids.ts';
import { journeyId } from '@merpati/store/ids.ts';
import { makeJourneyId } from '@merpati/store/journey.ts';
import type { World } from '../world.ts';

let last = 0;
let lane = { number: 0, of: 1 };

/** Before the first id of this thread is made. */
export function takeLane(own: { readonly number: number; readonly of: number }): void {
  lane = own;
}

export function newJourneyId(world: Pick<World, 'nowMs' | 'random'>): JourneyId {
  const made = makeJourneyId(world.nowMs(), Math.floor(world.random() * 4096));
  const least = Math.max(made, last + 1);
  last = least + ((lane.number - (least % lane.of) + lane.of) % lane.of);
  return journeyId(last);
}
