/** One journey, gathered from all servers of this process that saw the message. */

import { z } from 'zod';
import { gatherJourney, restrict, type JourneyView } from '../../journey/view.ts';
import { findJourney, lastJourney, readEyes, viewerOf } from '../journey-place.ts';
import { AdminFault, operation } from '../operation.ts';

export const journeyShow = operation({
  input: z.strictObject({
    /** The first letters of its id; null: the latest message. */
    id: z.string().max(200).nullable().default(null),
    /** The account whose view it is. */
    as: z.string().optional(),
  }),
  async run(context, input): Promise<JourneyView> {
    const eyes = await readEyes(context, input.as);
    const place =
      input.id === null
        ? await lastJourney(context, eyes)
        : await findJourney(context, input.id, eyes);
    const homes = eyes === null ? context.homes : [eyes.home];
    const view = await gatherJourney(homes, place);
    if (view === null) throw new AdminFault('journey.unknown', { id: input.id ?? '' });
    if (eyes === null && context.lab !== null) return view;
    return restrict(view, await viewerOf(eyes, place));
  },
});
