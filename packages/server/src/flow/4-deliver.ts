/**
 * Hands the message to the store: mailboxes here, queue rows for elsewhere, the journey, the
 * sender's count, all in one transaction. When it has resolved the message is durable.
 *
 * Exactly once is promised for a journey and account (the key of a Delivery). Two transactions that
 * carry the same octets are two messages: to drop the second one could lose mail that was meant,
 * and a sender that missed our 250 makes a duplicate at worst (RFC 5321 §4.5.3.2.6).
 */

import { summarise } from '@merpati/formats/message/summary.ts';
import { concat, utf8 } from '@merpati/formats/bytes.ts';
import { StoreUnavailable } from '@merpati/store/contract.ts';
import type {
  Acceptance,
  Accepted,
  Delivery,
  QueueRecipient,
  Stored,
} from '@merpati/store/contract.ts';
import type { Home } from '../home.ts';
import { acceptEvents, arrivalEvents } from '../incoming/arrival.ts';
import { sendingOf } from '../incoming/sending.ts';
import { Refusal, storeRefusal } from '../refusal.ts';
import type { Incoming } from '../incoming/incoming.ts';
import type { Signed } from '../signing/sign-message.ts';
import { traceAbove, type Trace } from '../incoming/trace.ts';
import { deliveredToField, returnPathField } from '../incoming/trace-fields.ts';
import type { Verdict } from '../checks/verdict.ts';
import type { Routed } from './3-route.ts';

export interface Decided {
  readonly verdict: Verdict;
  readonly routed: Routed;
  /** What is written here, is signed; the fields stand in every copy. */
  readonly signed: Signed;
}

/** What was stored, or why nothing was. */
export async function deliver(
  home: Home,
  incoming: Incoming,
  decided: Decided,
): Promise<readonly Stored[] | Refusal> {
  const startedMs = performance.now();
  try {
    const accepting = home.store.accept(acceptanceOf(home, incoming, decided));
    // Woken now, the queue claims in the same transaction; it hears of nothing before the commit.
    if (decided.routed.elsewhere.length > 0) home.wakeQueue();
    const accepted = await accepting;
    if (!accepted.ok) return refusalOf(accepted, home.world.nowMs());
    home.metrics.commitSeconds.observe((performance.now() - startedMs) / 1000);
    return accepted.stored;
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    home.log.error({ event: 'store.unavailable', reason: error.reason, err: error });
    return storeRefusal(error);
  }
}

/** Pure but for the clock: everything that will be true once the message is accepted. */
export function acceptanceOf(home: Home, incoming: Incoming, decided: Decided): Acceptance {
  const { envelope, session, body, added } = incoming;
  const { here, elsewhere } = decided.routed;
  const nowMs = home.world.nowMs();
  const headSummary = summarise(incoming.head);
  const summary = {
    ...headSummary,
    messageId: headSummary.messageId ?? added?.messageId ?? null,
    dateMs: headSummary.dateMs ?? added?.dateMs ?? null,
  };
  const { results, junk } = decided.verdict;
  const trace = traceAbove(home, incoming, { nowMs, results, signatures: decided.signed.fields });
  const returnPath = returnPathField(envelope.sender);
  const deliveries = here.map(({ account, address, mailbox, recipient }): Delivery => {
    const prefix = utf8(returnPath + deliveredToField(address) + trace.fields);
    return {
      account: account.id,
      mailbox: mailbox ?? (junk.has(recipient) ? 'junk' : 'inbox'),
      key: `${incoming.id} ${account.id}`,
      prefix: concat([prefix, trace.rest]),
      flags: 0,
      keywords: [],
      internalDateMs: nowMs,
      summary,
      recipient: address,
    };
  });
  return {
    head: {
      id: incoming.journey,
      startedUs: incoming.startedUs,
      direction: session.kind === 'smtp' ? 'in' : elsewhere.length > 0 ? 'out' : 'local',
      sender: envelope.sender,
      recipients: envelope.recipients.map((recipient) => recipient.address),
      messageId: summary.messageId,
      subject: summary.subject,
      size: body.size,
      submittedBy: session.account?.id ?? null,
    },
    events: [
      ...arrivalEvents(incoming, headSummary.dateMs),
      ...decided.verdict.events,
      ...decided.routed.events,
      ...decided.signed.events,
      ...acceptEvents(home, incoming),
    ],
    body,
    deliveries,
    queue: elsewhere.length === 0 ? null : queueOf(incoming, trace, decided),
    sending: sendingOf(home, incoming, nowMs),
    nowMs,
  };
}

function queueOf(
  { envelope, session }: Incoming,
  trace: Trace,
  { routed, verdict }: Decided,
): Acceptance['queue'] {
  return {
    message: {
      sender: envelope.sender,
      prefix: concat([utf8(trace.fields), trace.rest]),
      envid: envelope.envid,
      ret: envelope.ret,
      bodyType: envelope.body,
      smtputf8: envelope.smtputf8,
      requireTls: envelope.requireTls,
      submittedBy: session.account?.id ?? null,
    },
    recipients: verdict.isForged ? routed.elsewhere.map(untold) : routed.elsewhere,
  };
}

/** A forged sender hears nothing of what becomes of it. */
function untold(recipient: QueueRecipient): QueueRecipient {
  return { ...recipient, notify: ['never'] };
}

function refusalOf(accepted: Extract<Accepted, { ok: false }>, nowMs: number): Refusal {
  switch (accepted.code) {
    case 'over-quota':
      return new Refusal('recipient-over-quota', `The mailbox of ${accepted.what} is full`);
    case 'over-limit': {
      const retryAfterS = Math.ceil((86_400_000 - (nowMs % 86_400_000)) / 1000);
      const hours = Math.ceil(retryAfterS / 3600);
      const message = `You have sent as much as you may today, try again in ${hours} h (00:00 UTC)`;
      return new Refusal('over-sending-limit', message, { retryAfterS });
    }
    case 'no-account':
    case 'no-mailbox':
      // Removed since RCPT: at the next try that command tells.
      return new Refusal('store-unavailable', 'A recipient has just gone, please try again');
    default:
      throw new Error(`unhandled code ${String(accepted.code satisfies never)}`);
  }
}
