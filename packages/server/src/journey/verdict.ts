/**
 * Where a message is, in one word for each recipient and one for all of them. Pure: reads the
 * events and nothing else.
 */

import type { JourneyView, ShownEvent } from './view.ts';

export type LaneVerdict =
  /** In a mailbox that we know of. */
  | { readonly kind: 'inbox'; readonly account: string }
  /** In another one than the inbox: Junk. */
  | { readonly kind: 'filed'; readonly account: string; readonly mailbox: string }
  /** Put into a mailbox by its owner: a draft, a copy of what was sent, an import. */
  | { readonly kind: 'kept'; readonly account: string; readonly mailbox: string }
  /** Another server has taken it over; what it does with it is beyond our view. */
  | { readonly kind: 'accepted'; readonly host: string; readonly reply: string }
  /** An alias: its targets have lanes of their own. */
  | { readonly kind: 'expanded' }
  | { readonly kind: 'failed'; readonly reply: string }
  /** By this server, at the end of the message: whoever sent it has it still. */
  | { readonly kind: 'refused'; readonly by: string; readonly reply: string }
  | { readonly kind: 'delayed'; readonly reply: string; readonly dueMs: number | null }
  | { readonly kind: 'held'; readonly untilMs: number | null }
  | { readonly kind: 'queued' }
  | { readonly kind: 'working' }
  | { readonly kind: 'cancelled' };

export interface Lane {
  readonly rcpt: string;
  readonly verdict: LaneVerdict;
  /** When it became so. */
  readonly atUs: number;
}

/** One for each recipient, in the order of the envelope; those that aliases led to come after. */
export function lanesOf(view: JourneyView): Lane[] {
  const names = new Map<string, string>();
  for (const rcpt of view.head.recipients) names.set(rcpt.toLowerCase(), rcpt);
  for (const { rcpt } of view.events) {
    if (rcpt !== undefined && !names.has(rcpt.toLowerCase())) names.set(rcpt.toLowerCase(), rcpt);
  }
  return [...names].map(([key, rcpt]) => {
    const lane = view.events.filter(
      (event) => event.rcpt === undefined || event.rcpt.toLowerCase() === key,
    );
    return { rcpt, ...fold(lane, view.head.startedUs) };
  });
}

function fold(events: readonly ShownEvent[], startedUs: number): Omit<Lane, 'rcpt'> {
  let verdict: LaneVerdict = { kind: 'working' };
  let atUs = startedUs;
  for (const event of events) {
    const next = step(verdict, event);
    if (next === null) continue;
    verdict = next;
    atUs = event.atUs;
  }
  return { verdict, atUs };
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const number = (value: unknown): number | null => (typeof value === 'number' ? value : null);

/** null: the event changes nothing about where the message is. */
function step(before: LaneVerdict, event: ShownEvent): LaneVerdict | null {
  const { stage, code, args = {} } = event;
  if (code === 'store.stored' || code === 'store.duplicate') {
    const account = text(args['account']);
    const mailbox = text(args['mailbox']);
    const isInbox = mailbox === '' || mailbox === 'INBOX';
    return isInbox ? { kind: 'inbox', account } : { kind: 'filed', account, mailbox };
  }
  if (code === 'store.appended') {
    return { kind: 'kept', account: text(args['account']), mailbox: text(args['mailbox']) };
  }
  // Nothing takes it out again.
  if (before.kind === 'inbox' || before.kind === 'filed' || before.kind === 'kept') return null;
  switch (code) {
    case 'route.alias':
    case 'route.forwarded':
      return { kind: 'expanded' };
    case 'queue.queued':
      return { kind: 'queued' };
    case 'queue.scheduled':
      return { kind: 'held', untilMs: number(args['due']) };
    case 'queue.held':
      return { kind: 'held', untilMs: null };
    case 'queue.released':
    case 'queue.retried':
      return { kind: 'queued' };
    case 'queue.cancelled':
      return { kind: 'cancelled' };
    case 'accept.refused':
      return { kind: 'refused', by: text(args['by']), reply: text(args['reply']) };
    case 'queue.later':
      return { kind: 'delayed', reply: text(args['reply']), dueMs: number(args['dueMs']) };
    case 'queue.failed':
    case 'queue.expired':
      return { kind: 'failed', reply: text(args['reply']) };
    case 'smtp.accepted':
      return { kind: 'accepted', host: text(args['host']), reply: text(args['reply']) };
    default:
      return isUnderWay(before, stage) ? { kind: 'working' } : null;
  }
}

/** An attempt has begun for what was only waiting. */
function isUnderWay(before: LaneVerdict, stage: ShownEvent['stage']): boolean {
  return before.kind === 'queued' && (stage === 'connect' || stage === 'dialogue');
}

/** The worst first: what needs somebody's attention is never hidden behind what went well. */
const order = [
  'failed',
  'refused',
  'delayed',
  'cancelled',
  'held',
  'working',
  'queued',
  'accepted',
  'filed',
  'inbox',
  'kept',
  'expanded',
] as const satisfies readonly LaneVerdict['kind'][];

export interface Verdict {
  readonly kind: LaneVerdict['kind'];
  /** Those that are so. */
  readonly lanes: readonly Lane[];
  /** Of all that count (aliases do not, their targets do). */
  readonly total: number;
  readonly startedUs: number;
}

export function verdictOf(view: JourneyView): Verdict {
  const all = lanesOf(view);
  const real = all.filter((lane) => lane.verdict.kind !== 'expanded');
  const lanes = real.length > 0 ? real : all;
  const kind = order.find((one) => lanes.some((lane) => lane.verdict.kind === one)) ?? 'working';
  return {
    kind,
    lanes: lanes.filter((lane) => lane.verdict.kind === kind),
    total: lanes.length,
    startedUs: startOf(view),
  };
}

/** When the user pressed Send, if the program told us; else when we first heard of it. */
export function startOf(view: JourneyView): number {
  const click = view.events.find((event) => event.code === 'click.told');
  return click === undefined ? view.head.startedUs : Math.min(click.atUs, view.head.startedUs);
}
