/** The queue of the model. */

import type {
  Claim,
  QueueEdit,
  QueueFilter,
  QueueItem,
  QueueRow,
  Settled,
  Settlement,
} from '../contract.ts';
import { journeyId, queueId } from '../ids.ts';
import { acceptInModel } from './model-accept.ts';
import { tellJourney, type ModelQueueRow, type ModelState } from './model-state.ts';

export function claimFromModel(state: ModelState, claim: Claim): QueueItem[] {
  return state.queue
    .filter((row) => readyMs(row) <= claim.nowMs && !claim.skipDomains.includes(row.domain))
    .sort((a, b) => readyMs(a) - readyMs(b) || a.id - b.id)
    .slice(0, claim.itemsMax)
    .map((row): QueueItem => {
      if (row.token !== null) tellInterrupted(state, row, claim.nowMs);
      row.token = state.nextToken;
      row.leasedUntilMs = claim.nowMs + claim.leaseMs;
      state.nextToken += 1;
      const { token, message } = row;
      return { ...queueRow(row), token, message, bodyHash: row.hash };
    });
}

function tellInterrupted(state: ModelState, row: ModelQueueRow, nowMs: number): void {
  tellJourney(state, row.journey, {
    atUs: nowMs * 1000,
    stage: 'queue',
    state: 'warn',
    code: 'queue.interrupted',
    attempt: row.attempts + 1,
    rcpt: row.recipient,
  });
}

export function settleInModel(state: ModelState, settlement: Settlement): Settled {
  const items = settlement.items.map(({ id, token, outcome }) => {
    const row = state.queue.find((each) => each.id === id);
    if (row === undefined || row.token !== token) return 'lost' as const;
    row.token = null;
    row.leasedUntilMs = null;
    if (outcome.kind === 'done' || outcome.kind === 'failed') drop(state, row);
    else if (outcome.kind === 'later') {
      row.attempts += 1;
      row.dueMs = outcome.dueMs;
      row.lastReply = outcome.reply;
      row.delayNoticeSent = outcome.delayNoticeSent;
    }
    return 'ok' as const;
  });
  for (const { journey, events } of settlement.events) {
    for (const event of events) tellJourney(state, journey, event);
  }
  const notices = settlement.notices.map((notice) => acceptInModel(state, notice));
  return { items, notices };
}

function drop(state: ModelState, row: ModelQueueRow): void {
  state.queue = state.queue.filter((each) => each !== row);
}

export function queued(state: ModelState, filter: QueueFilter): ModelQueueRow[] {
  const is = (asked: string | undefined, value: string) =>
    asked === undefined || asked.toLowerCase() === value.toLowerCase();
  return state.queue.filter(
    (row) =>
      (filter.ids === undefined || filter.ids.includes(queueId(row.id))) &&
      (filter.journey === undefined || filter.journey === row.journey) &&
      is(filter.toDomain, row.domain) &&
      is(filter.sender, row.message.sender) &&
      is(filter.recipient, row.recipient) &&
      (filter.submittedBy === undefined || filter.submittedBy === row.message.submittedBy) &&
      (filter.olderThanMs === undefined || row.createdMs < filter.olderThanMs) &&
      (filter.state === undefined || filter.state === row.state),
  );
}

export function editRow(state: ModelState, row: ModelQueueRow, edit: QueueEdit): void {
  if (edit.kind === 'hold') row.state = 'held';
  else if (edit.kind === 'release') row.state = 'waiting';
  else if (edit.kind === 'reroute') row.route = edit.route;
  else if (edit.kind === 'cancel') drop(state, row);
  else {
    row.dueMs = edit.nowMs;
    if (edit.kind === 'bounce') Object.assign(row, { expiresMs: edit.nowMs, state: 'waiting' });
  }
}

export function readyMs(row: ModelQueueRow): number {
  if (row.state === 'held') return Infinity;
  return row.leasedUntilMs ?? row.dueMs;
}

export function queueRow(row: ModelQueueRow): QueueRow {
  const { message, hash, bytes, token, ...rest } = row;
  void [hash, token];
  return {
    ...rest,
    id: queueId(row.id),
    journey: journeyId(row.journey),
    sender: message.sender,
    size: message.prefix.length + bytes.length,
  };
}
