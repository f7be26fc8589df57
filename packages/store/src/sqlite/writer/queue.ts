/**
 * The queue: claim under a lease, settle with its token. Only rows that are due are looked at; a
 * row's `ready_ms` is its due time, the end of its lease while somebody is at it, and null while it
 * is held.
 */

import { CorruptBlob } from '../../contract.ts';
import type {
  Accepted,
  Claim,
  Outcome,
  QueueEdit,
  QueueFilter,
  QueueItem,
  Settled,
} from '../../contract.ts';
import { journeyId, queueId, type QueueId } from '../../ids.ts';
import type { JourneyEvent } from '../../journey.ts';
import type { PackedEvents, PackedSettlement } from '../operations.ts';
import {
  queueCondition,
  queueItem,
  type QueueColumns,
  type QueueMessageColumns,
} from '../queue-rows.ts';
import { accept } from './accept.ts';
import type { PlacedBody } from './blobs.ts';
import type { WriterContext } from './context.ts';

/** Rows of busy domains passed over before the other domains are asked one by one. */
const passedOverMax = 512;
/** Domains asked one by one in a claim; the next claim goes on where this one stopped. */
const domainsMax = 1000;

const cursors = new WeakMap<WriterContext, string>();

export function claim(context: WriterContext, wanted: Claim): readonly QueueItem[] {
  const busy = new Set(wanted.skipDomains);
  const looked = wanted.itemsMax + (busy.size === 0 ? 0 : passedOverMax);
  const rows = context.db.all<Due & { domain: string }>(
    `SELECT queue_id, token, domain FROM queue WHERE ready_ms <= ? ORDER BY ready_ms LIMIT ?`,
    wanted.nowMs,
    looked,
  );
  const due = rows.filter((row) => !busy.has(row.domain));
  due.length = Math.min(due.length, wanted.itemsMax);
  if (due.length < wanted.itemsMax && rows.length === looked) {
    const found = new Map(due.map((row) => [row.queue_id, row]));
    claimByDomain(context, wanted, { busy, found });
    return lease(context, wanted, [...found.values()]);
  }
  return lease(context, wanted, due);
}

/** A row whose time has come; with a token, because the lease of somebody else is over. */
type Due = Pick<QueueColumns, 'queue_id' | 'token'>;

/** The front of the queue belongs to domains at their limit: what is due for others? */
function claimByDomain(
  context: WriterContext,
  wanted: Claim,
  state: { readonly busy: ReadonlySet<string>; readonly found: Map<number, Due> },
): void {
  let domain = cursors.get(context) ?? '';
  for (let asked = 0; asked < domainsMax && state.found.size < wanted.itemsMax; asked += 1) {
    const next = context.db.get<{ domain: string }>(
      `SELECT domain FROM queue WHERE domain > ? AND ready_ms IS NOT NULL ORDER BY domain LIMIT 1`,
      domain,
    );
    domain = next?.domain ?? '';
    if (next === undefined) break;
    if (state.busy.has(domain)) continue;
    const rows = context.db.all<Due>(
      `SELECT queue_id, token FROM queue WHERE domain = ? AND ready_ms <= ?
       ORDER BY ready_ms LIMIT ?`,
      domain,
      wanted.nowMs,
      wanted.itemsMax - state.found.size,
    );
    for (const row of rows) state.found.set(row.queue_id, row);
  }
  cursors.set(context, domain);
}

function lease(context: WriterContext, wanted: Claim, due: readonly Due[]): readonly QueueItem[] {
  noteInterrupted(context, due, wanted.nowMs);
  const until = wanted.nowMs + wanted.leaseMs;
  const messages = new Map<number, QueueMessageColumns>();
  return due.flatMap(({ queue_id: id }) => {
    const row = context.db.get<QueueColumns>(
      `UPDATE queue SET token = ?, leased_until_ms = ?, ready_ms = ? WHERE queue_id = ?
       RETURNING *`,
      context.sequences.take('token'),
      until,
      until,
      id,
    );
    if (row === undefined) return [];
    const message = messages.get(row.first_id) ?? findMessage(context, row.first_id);
    messages.set(row.first_id, message);
    try {
      return [queueItem(row, message)];
    } catch (error) {
      if (!(error instanceof CorruptBlob)) throw error;
      holdDamaged(context, row, { message, why: error.message, atMs: wanted.nowMs });
      return [];
    }
  });
}

/**
 * One damaged row must not stop the others: it is held, with the reason, for a person to look at.
 */
function holdDamaged(
  context: WriterContext,
  row: QueueColumns,
  damage: { readonly message: QueueMessageColumns; readonly why: string; readonly atMs: number },
): void {
  context.db.run(
    `UPDATE queue SET state = 'held', ready_ms = NULL, token = NULL, leased_until_ms = NULL,
       last_reply = ? WHERE queue_id = ?`,
    damage.why,
    row.queue_id,
  );
  context.journal.appendEvent(damage.message.journey_id, {
    atUs: damage.atMs * 1000,
    stage: 'queue',
    state: 'fail',
    code: 'queue.damaged',
    args: { why: damage.why },
    rcpt: row.recipient,
  });
}

function findMessage(context: WriterContext, firstId: number): QueueMessageColumns {
  const row = context.db.get<QueueMessageColumns>(
    'SELECT * FROM queue_message WHERE first_id = ?',
    firstId,
  );
  if (row === undefined) throw new Error(`queue rows of ${firstId} without their message`);
  return row;
}

export function renew(
  context: WriterContext,
  what: { readonly ids: readonly { id: QueueId; token: number }[]; readonly untilMs: number },
): null {
  for (const { id, token } of what.ids) {
    context.db.run(
      `UPDATE queue SET leased_until_ms = ?1,
         ready_ms = CASE WHEN ready_ms IS NULL THEN NULL ELSE ?1 END
       WHERE queue_id = ?2 AND token = ?3`,
      what.untilMs,
      id,
      token,
    );
  }
  return null;
}

export function settle(
  context: WriterContext,
  settlement: PackedSettlement,
  bodies: readonly PlacedBody[],
): Settled {
  const items = settlement.items.map(({ id, token, outcome }) => {
    const row = context.db.get<QueueColumns>('SELECT * FROM queue WHERE queue_id = ?', id);
    if (row === undefined || row.token !== token) return 'lost';
    settleRow(context, row, outcome);
    return 'ok';
  });
  for (const { journey, events } of settlement.events) context.journal.append(journey, events);
  const notices = settlement.notices.map((notice, index): Accepted => {
    const body = bodies[index];
    if (body === undefined) throw new Error('a notice without a body');
    return accept(context, notice, body);
  });
  return { items, notices };
}

function settleRow(context: WriterContext, row: QueueColumns, outcome: Outcome): void {
  switch (outcome.kind) {
    case 'done':
    case 'failed':
      removeRow(context, row);
      return;
    case 'later':
      context.db.run(
        `UPDATE queue SET token = NULL, leased_until_ms = NULL, attempts = attempts + 1,
           due_ms = ?, ready_ms = ?, last_reply = ?, delay_notice_sent = ? WHERE queue_id = ?`,
        outcome.dueMs,
        row.state === 'held' ? null : outcome.dueMs,
        outcome.reply,
        outcome.delayNoticeSent ? 1 : 0,
        row.queue_id,
      );
      announce(context, row.domain, row.state === 'held' ? null : outcome.dueMs);
      return;
    case 'untried':
      unlease(context, row);
      return;
    default:
      outcome satisfies never;
  }
}

function unlease(context: WriterContext, row: QueueColumns): void {
  const ready = row.state === 'held' ? null : row.due_ms;
  context.db.run(
    'UPDATE queue SET token = NULL, leased_until_ms = NULL, ready_ms = ? WHERE queue_id = ?',
    ready,
    row.queue_id,
  );
  announce(context, row.domain, ready);
}

function removeRow(context: WriterContext, row: Pick<QueueColumns, 'queue_id' | 'first_id'>): void {
  context.db.run('DELETE FROM queue WHERE queue_id = ?', row.queue_id);
  const message = context.db.get<{ rows_left: number; blob_hash: Uint8Array }>(
    `UPDATE queue_message SET rows_left = rows_left - 1 WHERE first_id = ?
     RETURNING rows_left, blob_hash`,
    row.first_id,
  );
  if (message === undefined || message.rows_left > 0) return;
  context.db.run('DELETE FROM queue_message WHERE first_id = ?', row.first_id);
  context.blobs.release(message.blob_hash);
}

function announce(context: WriterContext, domain: string, dueMs: number | null): void {
  context.changes.push({ kind: 'queue-changed', dueMs, domain });
}

export function editQueue(
  context: WriterContext,
  what: { readonly filter: QueueFilter; readonly edit: QueueEdit; readonly events: PackedEvents },
): readonly QueueId[] {
  const { sql, values } = queueCondition(what.filter);
  const rows = context.db.all<QueueColumns & { journey_id: number }>(
    `SELECT q.*, m.journey_id FROM queue q JOIN queue_message m USING (first_id)
     WHERE ${sql} ORDER BY q.queue_id`,
    ...values,
  );
  for (const row of rows) editRow(context, row, what.edit);
  for (const id of new Set(rows.map((row) => row.journey_id))) {
    context.journal.append(journeyId(id), what.events);
  }
  return rows.map((row) => queueId(row.queue_id));
}

function editRow(context: WriterContext, row: QueueColumns, edit: QueueEdit): void {
  const { db } = context;
  const isLeased = row.token !== null;
  switch (edit.kind) {
    case 'hold':
      db.run("UPDATE queue SET state = 'held', ready_ms = NULL WHERE queue_id = ?", row.queue_id);
      announce(context, row.domain, null);
      return;
    case 'release': {
      const ready = isLeased ? row.leased_until_ms : row.due_ms;
      db.run(
        "UPDATE queue SET state = 'waiting', ready_ms = ? WHERE queue_id = ?",
        ready,
        row.queue_id,
      );
      announce(context, row.domain, row.due_ms);
      return;
    }
    case 'retry':
    case 'bounce': {
      const isHeld = row.state === 'held' && edit.kind === 'retry';
      const ready = isLeased ? row.leased_until_ms : edit.nowMs;
      db.run(
        'UPDATE queue SET state = ?, due_ms = ?, ready_ms = ?, expires_ms = ? WHERE queue_id = ?',
        isHeld ? 'held' : 'waiting',
        edit.nowMs,
        isHeld ? null : ready,
        edit.kind === 'bounce' ? edit.nowMs : row.expires_ms,
        row.queue_id,
      );
      announce(context, row.domain, isHeld ? null : edit.nowMs);
      return;
    }
    case 'reroute':
      db.run('UPDATE queue SET route = ? WHERE queue_id = ?', edit.route, row.queue_id);
      announce(context, row.domain, row.due_ms);
      return;
    case 'cancel':
      removeRow(context, row);
      announce(context, row.domain, null);
      return;
    default:
      edit satisfies never;
  }
}

/** Nobody but this process can hold a lease: after a crash all of them are void. */
export function voidLeases(context: WriterContext, nowMs: number): void {
  const rows = context.db.all<QueueColumns>('SELECT * FROM queue WHERE token IS NOT NULL');
  noteInterrupted(context, rows, nowMs);
  for (const row of rows) unlease(context, row);
  context.changes.length = 0;
}

/**
 * Whoever had these rows in hand never told what came of it: each recipient's journey says so,
 * since the message may have gone out.
 */
function noteInterrupted(context: WriterContext, rows: readonly Due[], nowMs: number): void {
  const leased = rows.filter(({ token }) => token !== null).map((row) => row.queue_id);
  if (leased.length === 0) return;
  const attempts = context.db.all<{ journey_id: number; recipient: string; attempts: number }>(
    `SELECT m.journey_id, q.recipient, q.attempts FROM queue q JOIN queue_message m USING (first_id)
     WHERE q.queue_id IN (SELECT value FROM json_each(?)) ORDER BY q.queue_id`,
    JSON.stringify(leased),
  );
  for (const [id, lanes] of Map.groupBy(attempts, (row) => row.journey_id)) {
    const events = lanes.map((row): JourneyEvent => ({
      atUs: nowMs * 1000,
      stage: 'queue',
      state: 'warn',
      code: 'queue.interrupted',
      attempt: row.attempts + 1,
      rcpt: row.recipient,
    }));
    const text = events.map((event) => JSON.stringify(event)).join(',');
    context.journal.append(journeyId(id), [text, events.length]);
  }
}
