/** Journey events as they happen: of all messages, or of one from its beginning on. */

import type { Change } from '@merpati/store/contract.ts';
import { z } from 'zod';
import { gatherJourney, restrict, shown, type ShownEvent } from '../../journey/view.ts';
import { findJourney, readEyes, viewerOf, type Eyes } from '../journey-place.ts';
import { streamOperation, type AdminContext } from '../operation.ts';

/** A reader that is slower than the mail loses the oldest events, and the journey itself keeps them. */
const waitingMax = 10_000;

export const journeyTail = streamOperation({
  input: z.strictObject({
    /** One journey, replayed first. */
    id: z.string().min(1).max(10).optional(),
    /** Only events of lanes that contain this. */
    rcpt: z.string().max(320).optional(),
    as: z.string().optional(),
  }),
  async *stream(context, input, signal): AsyncIterable<ShownEvent> {
    const eyes = await readEyes(context, input.as);
    const live = listen(context, eyes, signal);
    const followed = new Set<string>();
    const given = new Set<string>();
    if (input.id !== undefined) {
      const place = await findJourney(context, input.id, eyes);
      const homes = eyes === null ? context.homes : [eyes.home];
      const view = await gatherJourney(homes, place);
      const viewer = await viewerOf(eyes, place);
      for (const event of (view === null ? null : restrict(view, viewer))?.events ?? []) {
        follow(followed, event);
        given.add(`${event.journey} ${event.seq}`);
        yield event;
      }
    }
    for await (const event of live) {
      if (input.id !== undefined && !followed.has(event.journey)) continue;
      if (input.id !== undefined) follow(followed, event);
      if (given.has(`${event.journey} ${event.seq}`)) continue;
      if (input.rcpt !== undefined && !(event.rcpt ?? '').includes(input.rcpt)) continue;
      yield event;
    }
  },
});

function follow(followed: Set<string>, event: ShownEvent): void {
  followed.add(event.journey);
  const next = event.args?.['remoteJourney'];
  if (typeof next === 'string') followed.add(next);
}

/** Subscribes at once (nothing is missed while a replay is read) and yields until the asker has gone. */
function listen(
  context: AdminContext,
  eyes: Eyes,
  signal: AbortSignal,
): AsyncGenerator<ShownEvent> {
  const waiting: ShownEvent[] = [];
  let wake = () => {};
  const hear = (home: AdminContext['homes'][0]) => (changes: readonly Change[]) => {
    for (const change of changes) {
      if (change.kind !== 'journey') continue;
      waiting.push(...change.events.map((event) => shown(home, event)));
    }
    if (waiting.length > waitingMax) waiting.splice(0, waiting.length - waitingMax);
    wake();
  };
  const stops = context.homes.map((home) => home.store.subscribe(hear(home)));
  signal.addEventListener('abort', () => wake(), { once: true });
  return drain();

  async function* drain() {
    try {
      while (!signal.aborted) {
        const event = waiting.shift();
        if (event === undefined) {
          await new Promise<void>((resolve) => (wake = resolve));
        } else if (await allowed(event)) {
          yield event;
        }
      }
    } finally {
      for (const stop of stops) stop();
    }
  }

  async function allowed(event: ShownEvent): Promise<boolean> {
    if (eyes === null) return true;
    if (event.server !== eyes.home.config.hostname) return false;
    const [id] = await eyes.home.store.journeysByPrefix(event.journey);
    if (id === undefined || !(await eyes.home.store.mayRead(eyes.viewer.account.id, id)))
      return false;
    const viewer = await viewerOf(eyes, { home: eyes.home, id });
    if (viewer?.submitted === true) return true;
    return event.rcpt !== undefined && eyes.viewer.addresses.has(event.rcpt.toLowerCase());
  }
}
