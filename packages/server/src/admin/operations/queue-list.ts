/** What waits to be sent on, the next first. */

import { z } from 'zod';
import { operation } from '../operation.ts';
import { queueFilterInput, queueFilters, viewQueueRow, type QueueView } from '../queue-place.ts';

export interface QueueListed {
  readonly rows: readonly QueueView[];
  readonly waiting: number;
  readonly held: number;
}

export const queueList = operation({
  input: z.strictObject({ ...queueFilterInput, limit: z.int().min(1).max(10_000).default(200) }),
  async run(context, { limit, ...input }): Promise<QueueListed> {
    const rows: QueueView[] = [];
    let waiting = 0;
    let held = 0;
    for (const { home, filter } of queueFilters(context, input)) {
      const found = await home.store.queue(filter, limit);
      rows.push(...found.map((row) => viewQueueRow(context, home, row)));
      const count = await home.store.queueCount();
      waiting += count.waiting;
      held += count.held;
    }
    rows.sort((a, b) => a.dueMs - b.dueMs);
    return { rows: rows.slice(0, limit), waiting, held };
  },
});
