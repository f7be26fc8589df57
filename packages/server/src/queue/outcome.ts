/**
 * From what came of a recipient to what becomes of his place in the queue, and to what the sender
 * must be told. RFC 3461 §5.2 (what to report), RFC 5321 §4.5.4.1 (how long to try).
 */

import type { Outcome, QueueItem } from '@merpati/store/contract.ts';
import type { JourneyEvent } from '@merpati/store/journey.ts';
import type { Config } from '../config/schema.ts';
import type { Failure, Verdict } from '../delivery/verdict.ts';
import type { World } from '../world.ts';
import { nextAttemptMs } from './retry-curve.ts';

export interface Decision {
  readonly item: QueueItem;
  readonly outcome: Outcome;
  /** For this recipient's lane. */
  readonly events: readonly JourneyEvent[];
  /** What the sender may have to be told; whether he is, the notices decide. */
  readonly report: Report | null;
}

export interface Report {
  readonly kind: 'failure' | 'delay' | 'relayed';
  readonly status: string;
  readonly text: string;
  readonly isReply: boolean;
  readonly remote: string | null;
  readonly willRetryUntilMs: number | null;
}

interface Context {
  readonly config: Pick<Config, 'queue'>;
  readonly world: Pick<World, 'nowMs' | 'nowUs' | 'random'>;
}

export function decide(context: Context, item: QueueItem, verdict: Verdict): Decision {
  if (verdict.kind === 'delivered') return delivered(item, verdict);
  return verdict.again === 'never'
    ? gaveUp(context, item, verdict)
    : postponed(context, item, verdict);
}

function delivered(item: QueueItem, verdict: Verdict & { kind: 'delivered' }): Decision {
  // RFC 3461 §5.2.2: a server that knows DSN reports by itself; for any other we say "relayed".
  const mustReport = item.notify.includes('success') && !verdict.reportsItself;
  const { status, text, remote } = verdict;
  const report: Report = {
    kind: 'relayed',
    status: status.replace(/^2\.0\.0$/, '2.1.9'),
    text,
    isReply: true,
    remote: remote?.host ?? null,
    willRetryUntilMs: null,
  };
  return { item, outcome: { kind: 'done' }, events: [], report: mustReport ? report : null };
}

function gaveUp({ world }: Context, item: QueueItem, verdict: Failure): Decision {
  const { status, text, isReply, remote } = verdict;
  return {
    item,
    outcome: { kind: 'failed', reply: text },
    events: [
      {
        atUs: world.nowUs(),
        stage: 'bounce',
        state: 'fail',
        code: 'queue.failed',
        args: { reply: text, status },
        rcpt: item.recipient,
        attempt: item.attempts + 1,
      },
    ],
    report: {
      kind: 'failure',
      status,
      text,
      isReply,
      remote: remote?.host ?? null,
      willRetryUntilMs: null,
    },
  };
}

/** The time is over; nothing was tried any more. */
export function expired({ world }: Pick<Context, 'world'>, item: QueueItem): Decision {
  const { status, text } = lastWord(item.lastReply ?? 'it was not tried in time');
  const args = { reply: text, attempts: item.attempts };
  const event = { stage: 'bounce', state: 'fail', code: 'queue.expired', args } as const;
  return {
    item,
    outcome: { kind: 'failed', reply: text },
    events: [{ atUs: world.nowUs(), ...event, rcpt: item.recipient }],
    // The last reply says why, if it was one.
    report: {
      kind: 'failure',
      status,
      text,
      isReply: /^[45][0-9]{2} /.test(text),
      remote: null,
      willRetryUntilMs: null,
    },
  };
}

/** RFC 3463 §3.5: X.4.7 when the time is over. What was not safe enough to the end is X.7.n. */
function lastWord(lastReply: string): { readonly status: string; readonly text: string } {
  const [, detail, text] = /^4(\.7\.[0-9]{1,3}) (.+)$/s.exec(lastReply) ?? [];
  if (detail === undefined || text === undefined) return { status: '4.4.7', text: lastReply };
  return { status: `5${detail}`, text };
}

/** What the queue keeps of it: of our own words about safety the status too, for the end. */
function keptReply({ status, text, isReply }: Failure): string {
  return !isReply && status.startsWith('4.7.') ? `${status} ${text}` : text;
}

function postponed(context: Context, item: QueueItem, verdict: Failure): Decision {
  const { config, world } = context;
  const nowMs = world.nowMs();
  const attempts = item.attempts + 1;
  const { expiresMs } = item;
  const curve = config.queue.retry_after_s;
  const chance = world.random();
  const dueMs = nextAttemptMs({ attempts, nowMs, expiresMs, curve, chance });
  if (dueMs === null) {
    return expired(context, { ...item, attempts, lastReply: keptReply(verdict) });
  }
  const isLate = nowMs - item.createdMs >= config.queue.delay_notice_after_s * 1000;
  const mustTell = isLate && !item.delayNoticeSent;
  const { status, text, isReply, remote } = verdict;
  const report: Report = {
    kind: 'delay',
    status,
    text,
    isReply,
    remote: remote?.host ?? null,
    willRetryUntilMs: expiresMs,
  };
  return {
    item,
    outcome: {
      kind: 'later',
      dueMs,
      reply: keptReply(verdict),
      delayNoticeSent: item.delayNoticeSent || mustTell,
    },
    events: [
      {
        atUs: world.nowUs(),
        stage: 'queue',
        state: 'warn',
        code: 'queue.later',
        args: { reply: text, status, dueMs, expiresMs },
        rcpt: item.recipient,
        attempt: attempts,
      },
    ],
    report: mustTell ? report : null,
  };
}
