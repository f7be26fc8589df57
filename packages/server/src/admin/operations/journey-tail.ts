/** Journey events as they happen: of all messages, or of one from its beginning on. */

import { readJourneyId } from '@merpati/store/journey.ts';
import { z } from 'zod';
import { gatherJourney, restrict, shown, shownHead, type ShownEvent } from '../../journey/view.ts';
import { findJourney, readEyes, viewerOf, type Eyes, type Place } from '../journey-place.ts';
import { streamOperation, type AdminContext } from '../operation.ts';

/**
 * A reader that is slower than the mail loses the oldest events, and the journey itself keeps them.
 */
const waitingMax = 10_000;

export const journeyTail = streamOperation({
  input: z.strictObject({
    /** One journey, replayed first. */
    id: z.string().max(200).optional(),
    /** Only events of lanes that contain this. */
    rcpt: z.string().max(320).optional(),
    as: z.string().optional(),
  }),
  async *stream(context, input, signal): AsyncIterable<ShownEvent> {
    const eyes = await readEyes(context, input.as);
    const live = listen(context, signal);
    const follower = new Follower(context, eyes);
    if (input.id !== undefined) yield* await follower.start(input.id);
    for await (const batch of live) {
      const events =
        input.id === undefined ? await onlyAllowed(eyes, batch) : await follower.take(batch);
      for (const event of events) {
        if (input.rcpt === undefined || (event.rcpt ?? '').includes(input.rcpt)) yield event;
      }
    }
  },
});

/** Follows one message, also to where another server of this process has taken it. */
class Follower {
  readonly #context: AdminContext;
  readonly #eyes: Eyes;
  #place: Place | null = null;
  readonly #given = new Set<string>();
  readonly #journeys = new Set<string>();

  constructor(context: AdminContext, eyes: Eyes) {
    this.#context = context;
    this.#eyes = eyes;
  }

  async start(id: string): Promise<ShownEvent[]> {
    this.#place = await findJourney(this.#context, id, this.#eyes);
    return this.#fresh();
  }

  /** Events come in the order of their commits; what is new is told in the order it happened. */
  async take(batch: readonly ShownEvent[]): Promise<ShownEvent[]> {
    return batch.some((event) => this.#journeys.has(event.journey)) ? this.#fresh() : [];
  }

  async #fresh(): Promise<ShownEvent[]> {
    const eyes = this.#eyes;
    if (this.#place === null) return [];
    const homes = eyes === null ? this.#context.homes : [eyes.home];
    const view = await gatherJourney(homes, this.#place);
    if (view === null) return [];
    const shownToAll = eyes === null && this.#context.lab !== null;
    const seen = shownToAll ? view : restrict(view, await viewerOf(eyes, this.#place));
    for (const event of view.events) this.#journeys.add(event.journey);
    const fresh = seen.events.filter((one) => !this.#given.has(`${one.journey} ${one.seq}`));
    for (const one of fresh) this.#given.add(`${one.journey} ${one.seq}`);
    return fresh;
  }
}

/**
 * Subscribes at once (nothing is missed while a replay is read) and yields until the asker has
 * gone.
 */
function listen(context: AdminContext, signal: AbortSignal): AsyncGenerator<ShownEvent[]> {
  const waiting: ShownEvent[] = [];
  const bell = { ring: () => {} };
  const stops = context.homes.map((home) =>
    home.store.subscribe((changes) => {
      for (const change of changes) {
        if (change.kind !== 'journey') continue;
        waiting.push(...change.events.map((event) => shown(home, event)));
      }
      if (waiting.length > waitingMax) waiting.splice(0, waiting.length - waitingMax);
      bell.ring();
    }),
  );
  signal.addEventListener('abort', () => bell.ring(), { once: true });
  return drain();

  async function* drain() {
    try {
      while (!signal.aborted) {
        if (waiting.length > 0) yield waiting.splice(0);
        else await new Promise<void>((resolve) => (bell.ring = resolve));
      }
    } finally {
      for (const stop of stops) stop();
    }
  }
}

/** Of everything that happens, what this account may see. */
async function onlyAllowed(eyes: Eyes, batch: readonly ShownEvent[]): Promise<ShownEvent[]> {
  if (eyes === null) return [...batch];
  const { home, viewer } = eyes;
  const allowed: ShownEvent[] = [];
  for (const event of batch) {
    if (event.server !== home.config.hostname) continue;
    const id = readJourneyId(event.journey);
    if (id === null || !(await home.store.mayRead(viewer.account.id, id))) continue;
    const full = await viewerOf(eyes, { home, id });
    const head = (await home.store.journey(id))?.head;
    if (full === null || head === undefined) continue;
    const view = { head: shownHead(home, head), events: [event] };
    allowed.push(...restrict(view, full).events);
  }
  return allowed;
}
