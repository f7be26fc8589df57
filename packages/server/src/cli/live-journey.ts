/** Shows a journey while it happens, and answers where it has come to. */

import { setTimeout as delay } from 'node:timers/promises';
import { renderEvent, type RenderOptions } from '../journey/render.ts';
import { lanesOf, verdictOf, type Verdict } from '../journey/verdict.ts';
import type { JourneyView, ShownEvent } from '../journey/view.ts';

export interface LiveJourney {
  readonly recipients: readonly string[];
  /** Events of the journey from its first one on; ends when told to. */
  readonly events: AsyncIterable<ShownEvent>;
  readonly options: RenderOptions;
  readonly print: (line: string) => void;
}

/** What follows a last word (a notice, the other server's side of it) comes within this. */
const afterwordMs = 300;

/**
 * Ends with the first verdict that nothing is expected to change; null when the events end before.
 */
export async function showLive(live: LiveJourney): Promise<Verdict | null> {
  const events: ShownEvent[] = [];
  const show = createShow(live);
  const iterator = live.events[Symbol.asyncIterator]();
  let verdict: Verdict | null = null;
  for (;;) {
    const next = await withinAfterword(iterator.next(), verdict !== null);
    if (next === null || next.done === true) break;
    show(next.value);
    events.push(next.value);
    const view = { head: headOf(live, events), events };
    if (isFinal(view)) verdict = verdictOf(view);
  }
  void iterator.return?.();
  return verdict;
}

async function withinAfterword<T>(next: Promise<T>, isOver: boolean): Promise<T | null> {
  if (!isOver) return next;
  const gone = new AbortController();
  const late = delay(afterwordMs, null, { signal: gone.signal }).catch(() => null);
  const first = await Promise.race([next, late]);
  gone.abort();
  return first;
}

function createShow(live: LiveJourney): (event: ShownEvent) => void {
  let previousUs: number | null = null;
  let server = '';
  return (event) => {
    if (event.server !== server) live.print(`  ${live.options.paint.bold(event.server)}`);
    server = event.server;
    const place = { named: false, previousUs, tellsRcpt: live.recipients.length > 1 };
    for (const line of renderEvent(event, place, live.options)) live.print(line);
    previousUs = event.atUs;
  };
}

function headOf(live: LiveJourney, events: readonly ShownEvent[]) {
  return {
    id: '',
    server: '',
    startedUs: events.find((event) => event.state !== 'claimed')?.atUs ?? 0,
    direction: 'out' as const,
    sender: '',
    recipients: live.recipients,
    messageId: null,
    subject: null,
    size: 0,
  };
}

const lastWords: ReadonlySet<string> = new Set([
  'inbox',
  'filed',
  'kept',
  'accepted',
  'failed',
  'cancelled',
  'expanded',
]);

/** Every recipient has its last word. A server of the lab that accepted shows its inbox at once. */
const isFinal = (view: JourneyView): boolean =>
  lanesOf(view).every(({ verdict }) => lastWords.has(verdict.kind));
