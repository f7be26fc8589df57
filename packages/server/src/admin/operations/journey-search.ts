/** The latest journeys, by sender, recipient or message id. */

import { z } from 'zod';
import { gatherJourney, restrict, type JourneyView } from '../../journey/view.ts';
import { readEyes, viewerOf } from '../journey-place.ts';
import { operation } from '../operation.ts';

export const journeySearch = operation({
  input: z.strictObject({
    text: z.string().max(320).optional(),
    as: z.string().optional(),
    sinceMs: z.int().optional(),
    limit: z.int().min(1).max(1000).default(20),
  }),
  async run(context, input): Promise<readonly JourneyView[]> {
    const eyes = await readEyes(context, input.as);
    const views: JourneyView[] = [];
    for (const home of eyes === null ? context.homes : [eyes.home]) {
      const heads = await home.store.journeys({
        ...(eyes === null ? {} : { account: eyes.viewer.account.id }),
        ...(input.text === undefined ? {} : { text: input.text }),
        ...(input.sinceMs === undefined ? {} : { sinceMs: input.sinceMs }),
        limit: input.limit,
      });
      for (const { id } of heads) {
        const view = await gatherJourney(eyes === null ? context.homes : [home], { home, id });
        if (view === null) continue;
        const open = eyes === null && context.lab !== null;
        views.push(open ? view : restrict(view, await viewerOf(eyes, { home, id })));
      }
    }
    return withoutContinuations(views)
      .sort((a, b) => b.head.startedUs - a.head.startedUs)
      .slice(0, input.limit);
  },
});

/** What another server of this process took over is told with the journey that led there. */
function withoutContinuations(views: readonly JourneyView[]): JourneyView[] {
  const led = new Set(
    views.flatMap((view) =>
      view.events.flatMap((event) => (event.journey === view.head.id ? [] : [event.journey])),
    ),
  );
  return views.filter((view) => !led.has(view.head.id));
}
