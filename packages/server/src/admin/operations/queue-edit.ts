/** Hold, release, retry now, reroute, cancel, give up: for everything a filter matches. */

import type { JourneyEvent } from '@merpati/store/journey.ts';
import type { QueueEdit } from '@merpati/store/contract.ts';
import { z } from 'zod';
import type { Home } from '../../home.ts';
import { operation } from '../operation.ts';
import { queueFilterInput, queueFilters, viewQueueRow, type QueueView } from '../queue-place.ts';

export interface QueueEdited {
  /** As they were before. */
  readonly rows: readonly QueueView[];
  readonly changed: number;
}

const verbs = ['hold', 'release', 'retry', 'reroute', 'cancel', 'bounce'] as const;

export const queueEdit = operation({
  input: z.strictObject({
    ...queueFilterInput,
    verb: z.enum(verbs),
    /** For `reroute`: a host, `host:port`; null goes back to the configuration. */
    route: z.string().nullable().default(null),
    dryRun: z.boolean().default(false),
  }),
  async run(context, { verb, route, dryRun, ...input }): Promise<QueueEdited> {
    const rows: QueueView[] = [];
    let changed = 0;
    for (const { home, filter } of queueFilters(context, input)) {
      const found = await home.store.queue(filter, 10_000);
      rows.push(...found.map((row) => viewQueueRow(context, home, row)));
      if (dryRun || found.length === 0) continue;
      const nowMs = home.world.nowMs();
      const events = [eventOf(home, verb, route)];
      changed += (await home.store.editQueue(filter, editOf(verb, route, nowMs), events)).length;
      home.wakeQueue('person');
    }
    return { rows, changed };
  },
});

function editOf(verb: (typeof verbs)[number], route: string | null, nowMs: number): QueueEdit {
  switch (verb) {
    case 'hold':
    case 'release':
    case 'cancel':
      return { kind: verb };
    case 'retry':
    case 'bounce':
      return { kind: verb, nowMs };
    case 'reroute':
      return { kind: verb, route };
    default:
      return verb satisfies never;
  }
}

const codes = {
  hold: 'queue.held',
  release: 'queue.released',
  retry: 'queue.retried',
  reroute: 'queue.rerouted',
  cancel: 'queue.cancelled',
  bounce: 'queue.given-up',
} as const;

function eventOf(home: Home, verb: (typeof verbs)[number], route: string | null): JourneyEvent {
  return {
    atUs: home.world.nowUs(),
    stage: 'queue',
    state: verb === 'cancel' || verb === 'bounce' ? 'warn' : 'info',
    code: codes[verb],
    ...(verb === 'reroute' ? { args: { route: route ?? 'MX' } } : {}),
  };
}
