/** Finding journeys in the model. */

import type { JourneySearch } from '../contract.ts';
import { firstJourneyIdAt, type JourneyHead } from '../journey.ts';
import type { ModelState } from './model-state.ts';

/** Newest id first. */
export function findJourneys(state: ModelState, search: JourneySearch): JourneyHead[] {
  const text = search.text?.toLowerCase();
  const since = search.sinceMs === undefined ? 0 : firstJourneyIdAt(search.sinceMs);
  return [...state.journeys.values()]
    .filter(({ accounts }) => search.account === undefined || accounts.has(search.account))
    .map(({ head }) => head)
    .filter((head) => search.messageId === undefined || head.messageId === search.messageId)
    .filter((head) => {
      const texts = [head.sender, head.messageId ?? '', ...head.recipients];
      return text === undefined || texts.some((each) => each.toLowerCase().includes(text));
    })
    .filter((head) => head.id >= since)
    .sort((a, b) => b.id - a.id)
    .slice(0, search.limit);
}
