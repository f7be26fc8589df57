/** Accepting in the model: on a copy of nothing, checked first, then done. */

import type { Acceptance, Accepted, Delivery, Stored } from '../contract.ts';
import { emailId, mailboxId, modSeq, queueId, uid, type QueueId } from '../ids.ts';
import type { JourneyEvent } from '../journey.ts';
import { admitted, inMailbox } from './model-mailboxes.ts';
import { mailboxOf, usedBytes, type ModelAccount, type ModelState } from './model-state.ts';

export function acceptInModel(state: ModelState, acceptance: Acceptance): Accepted {
  const refusal = checkSending(state, acceptance) ?? checkDeliveries(state, acceptance);
  if (refusal !== null) return refusal;
  count(state, acceptance);
  const stored = acceptance.deliveries.map((each) => deliver(state, acceptance, each));
  const queued = enqueue(state, acceptance);
  tell(state, acceptance, { stored, queued });
  return { ok: true, stored, queued };
}

function bytesOf(acceptance: Acceptance): Uint8Array {
  const { source } = acceptance.body;
  if ('spool' in source) throw new Error('the model keeps bodies in memory');
  return source.bytes;
}

function newTo(state: ModelState, sending: NonNullable<Acceptance['sending']>): string[] {
  const known = state.accounts.get(sending.account)?.known;
  const asked = new Set(sending.recipients.map((address) => address.toLowerCase()));
  return [...asked].filter((address) => known?.has(address) !== true);
}

function checkSending(state: ModelState, { sending }: Acceptance): Accepted | null {
  if (sending === null) return null;
  const account = state.accounts.get(sending.account);
  if (account === undefined) return { ok: false, code: 'no-account', what: `${sending.account}` };
  const sent = account.sent.get(sending.day) ?? { messages: 0, newRecipients: 0 };
  const isOver =
    sent.messages >= sending.limits.messagesPerDay ||
    sent.newRecipients + newTo(state, sending).length > sending.limits.newRecipientsPerDay;
  return isOver ? { ok: false, code: 'over-limit', what: account.address } : null;
}

function checkDeliveries(state: ModelState, acceptance: Acceptance): Accepted | null {
  const more = new Map<number, number>();
  for (const delivery of acceptance.deliveries) {
    const what = delivery.recipient;
    const account = state.accounts.get(delivery.account);
    if (account === undefined) return { ok: false, code: 'no-account', what };
    const mailbox = roomFor(account, delivery.mailbox);
    if (mailbox === undefined || mailbox.role === 'downloaded') {
      return { ok: false, code: 'no-mailbox', what };
    }
    if (account.keys.has(delivery.key) || account.settings.quotaBytes === null) continue;
    const size = delivery.prefix.length + acceptance.body.size;
    const sum = (more.get(account.id) ?? 0) + size;
    if (usedBytes(account) + sum > account.settings.quotaBytes) {
      return { ok: false, code: 'over-quota', what };
    }
    more.set(account.id, sum);
  }
  return null;
}

/** The inbox stands in for a role that no mailbox has. */
function roomFor(account: ModelAccount, wanted: Delivery['mailbox']) {
  const found = mailboxOf(account, wanted);
  return found === undefined && typeof wanted === 'string' ? mailboxOf(account, 'inbox') : found;
}

function count(state: ModelState, { sending }: Acceptance): void {
  const account = sending === null ? undefined : state.accounts.get(sending.account);
  if (sending === null || account === undefined) return;
  const added = newTo(state, sending);
  for (const address of added) account.known.add(address);
  const sent = account.sent.get(sending.day) ?? { messages: 0, newRecipients: 0 };
  account.sent.set(sending.day, {
    messages: sent.messages + 1,
    newRecipients: sent.newRecipients + added.length,
  });
}

function deliver(state: ModelState, acceptance: Acceptance, delivery: Delivery): Stored {
  const account = state.accounts.get(delivery.account);
  const mailbox = account && roomFor(account, delivery.mailbox);
  if (!account || !mailbox) throw new Error('checked before');
  const { recipient, key } = delivery;
  const first = account.keys.get(key);
  if (first !== undefined) {
    return {
      recipient,
      account: delivery.account,
      mailbox: mailboxId(first.mailbox),
      uid: uid(first.uid),
      modseq: modSeq(first.modseq),
      email: emailId(first.email),
      duplicate: true,
    };
  }
  account.modseq += 1;
  const place = {
    mailbox: mailbox.id,
    uid: mailbox.uidNext,
    modseq: account.modseq,
    email: account.nextEmail,
  };
  account.keys.set(key, place);
  account.messages.push({
    ...place,
    content: account.nextContent,
    prefix: delivery.prefix,
    bytes: bytesOf(acceptance),
    flags: delivery.flags,
    keywords: admitted(inMailbox(account, mailbox.id), delivery.keywords),
    internalDateMs: delivery.internalDateMs,
    savedMs: acceptance.nowMs,
    journey: acceptance.head.id,
    summary: delivery.summary,
    downloaded: null,
  });
  account.nextEmail += 1;
  account.nextContent += 1;
  mailbox.uidNext += 1;
  mailbox.modseq = account.modseq;
  return {
    recipient,
    account: delivery.account,
    mailbox: mailboxId(place.mailbox),
    uid: uid(place.uid),
    modseq: modSeq(place.modseq),
    email: emailId(place.email),
    duplicate: false,
  };
}

function enqueue(state: ModelState, acceptance: Acceptance): QueueId[] {
  const { queue } = acceptance;
  if (queue === null) return [];
  return queue.recipients.map((recipient) => {
    const id = state.nextQueue;
    state.nextQueue += 1;
    state.queue.push({
      ...recipient,
      id,
      journey: acceptance.head.id,
      createdMs: acceptance.nowMs,
      message: queue.message,
      hash: acceptance.body.hash,
      bytes: bytesOf(acceptance),
      state: 'waiting',
      attempts: 0,
      lastReply: null,
      route: null,
      delayNoticeSent: false,
      token: null,
      leasedUntilMs: null,
    });
    return queueId(id);
  });
}

function tell(
  state: ModelState,
  acceptance: Acceptance,
  result: { readonly stored: readonly Stored[]; readonly queued: readonly QueueId[] },
): void {
  const { head, events, nowMs, queue } = acceptance;
  const journey = state.journeys.get(head.id) ?? { head, accounts: new Set(), events: [] };
  state.journeys.set(head.id, journey);
  for (const copy of result.stored) journey.accounts.add(copy.account);
  if (head.submittedBy !== null) journey.accounts.add(head.submittedBy);
  const atUs = Math.max(nowMs * 1000, events.at(-1)?.atUs ?? 0);
  const stored = result.stored.map((copy): JourneyEvent => {
    const account = state.accounts.get(copy.account);
    return {
      atUs,
      stage: 'store',
      state: copy.duplicate ? 'info' : 'ok',
      code: copy.duplicate ? 'store.duplicate' : 'store.stored',
      args: {
        account: account?.address ?? '',
        mailbox: (account && roomFor(account, copy.mailbox)?.name) ?? '',
        uid: copy.uid,
        email: copy.email,
      },
      ...(copy.recipient === '' ? {} : { rcpt: copy.recipient }),
    };
  });
  const queued = (queue?.recipients ?? []).map(
    ({ recipient, domain, dueMs }, index): JourneyEvent => ({
      atUs,
      stage: 'queue',
      state: 'ok',
      code: dueMs * 1000 > atUs ? 'queue.scheduled' : 'queue.queued',
      args: { id: result.queued[index] ?? 0, domain, due: dueMs },
      rcpt: recipient,
    }),
  );
  journey.events.push(...events, ...stored, ...queued);
}
