/**
 * Places in the queue as people name them: a number; in a lab with a letter in front for the
 * server.
 */

import { queueId } from '@merpati/store/ids.ts';
import type { QueueFilter, QueueRow } from '@merpati/store/contract.ts';
import { formatJourneyId } from '@merpati/store/journey.ts';
import { z } from 'zod';
import type { Home } from '../home.ts';
import { AdminFault, type AdminContext } from './operation.ts';
import { chooseHome, readDomain } from './places.ts';

export interface QueueView {
  /** `17`; `a17` where several servers run in one process. */
  readonly id: string;
  readonly server: string;
  readonly journey: string;
  readonly sender: string;
  readonly recipient: string;
  readonly domain: string;
  readonly state: 'waiting' | 'held';
  readonly attempts: number;
  readonly createdMs: number;
  readonly dueMs: number;
  readonly expiresMs: number;
  readonly lastReply: string | null;
  readonly route: string | null;
  /** Being delivered at this moment. */
  readonly busy: boolean;
  readonly size: number;
}

export function viewQueueRow(context: AdminContext, home: Home, row: QueueRow): QueueView {
  const { sender, recipient, domain, state, attempts, createdMs, dueMs, expiresMs } = row;
  const { lastReply, route, size } = row;
  return {
    id: `${letterOf(context, home)}${row.id}`,
    server: home.config.hostname,
    journey: formatJourneyId(row.journey),
    sender,
    recipient,
    domain,
    state,
    attempts,
    createdMs,
    dueMs,
    expiresMs,
    lastReply,
    route,
    size,
    busy: (row.leasedUntilMs ?? 0) > home.world.nowMs(),
  };
}

function letterOf(context: AdminContext, home: Home): string {
  if (context.homes.length === 1) return '';
  return String.fromCodePoint(97 + context.homes.indexOf(home));
}

/** The filter of every queue verb. All that is given must match. */
export const queueFilterInput = {
  ids: z.array(z.string()).max(10_000).optional(),
  toDomain: z.string().optional(),
  sender: z.string().optional(),
  recipient: z.string().optional(),
  state: z.enum(['waiting', 'held']).optional(),
  olderThanS: z.int().min(0).optional(),
  server: z.string().optional(),
};
const filterSchema = z.strictObject(queueFilterInput);
export type QueueFilterInput = z.output<typeof filterSchema>;

/** Which homes are meant, and what to ask each of them. */
export function queueFilters(
  context: AdminContext,
  input: QueueFilterInput,
): { readonly home: Home; readonly filter: QueueFilter }[] {
  const homes = input.server === undefined ? context.homes : [chooseHome(context, input.server)];
  return homes.flatMap((home) => {
    const ids = input.ids?.flatMap((text) => readId(context, home, text));
    if (ids !== undefined && ids.length === 0) return [];
    return [{ home, filter: { ...fixed(home, input), ...(ids === undefined ? {} : { ids }) } }];
  });
}

function fixed(home: Home, input: QueueFilterInput): QueueFilter {
  const { sender, recipient, state, toDomain, olderThanS } = input;
  return {
    ...(sender === undefined ? {} : { sender }),
    ...(recipient === undefined ? {} : { recipient }),
    ...(state === undefined ? {} : { state }),
    ...(toDomain === undefined ? {} : { toDomain: readDomain(toDomain) }),
    ...(olderThanS === undefined ? {} : { olderThanMs: home.world.nowMs() - olderThanS * 1000 }),
  };
}

/** Nothing when the id belongs to another home. */
function readId(context: AdminContext, home: Home, text: string) {
  const match = /^([a-z]?)(\d{1,15})$/.exec(text.toLowerCase());
  const letter = match?.[1] ?? '';
  const letters = context.homes.map((one) => letterOf(context, one));
  if (match === null || !letters.includes(letter)) throw new AdminFault('queue.id', { id: text });
  return letter === letterOf(context, home) ? [queueId(Number(match[2]))] : [];
}
