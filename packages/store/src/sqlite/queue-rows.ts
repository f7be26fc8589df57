/** Rows of the queue as SQL and as values; the writer and the readers share it. */

import type { SQLInputValue } from 'node:sqlite';
import { CorruptBlob, type QueueFilter, type QueueItem, type QueueRow } from '../contract.ts';
import type { AccountId } from '../ids.ts';
import { journeyId, queueId } from '../ids.ts';
import { queueMessageCrc } from './checksums.ts';
import { queueSeal } from './seals.ts';

export interface QueueColumns {
  readonly queue_id: number;
  readonly first_id: number;
  readonly recipient: string;
  readonly domain: string;
  readonly state: 'waiting' | 'held';
  readonly due_ms: number;
  readonly expires_ms: number;
  readonly notify: string;
  readonly orcpt: string | null;
  readonly attempts: number;
  readonly last_reply: string | null;
  readonly route: string | null;
  readonly delay_notice_sent: number;
  readonly token: number | null;
  readonly leased_until_ms: number | null;
  readonly crc: number;
}

export interface QueueMessageColumns {
  readonly journey_id: number;
  readonly submitted_by: number | null;
  readonly created_ms: number;
  readonly blob_hash: Uint8Array;
  readonly size: number;
  readonly crc: number;
  readonly sender: string;
  readonly envid: string | null;
  readonly ret: 'full' | 'hdrs' | null;
  readonly body_type: '7bit' | '8bitmime' | 'binarymime';
  readonly smtputf8: number;
  readonly require_tls: number;
  readonly prefix: Uint8Array;
}

export type QueueJoin = QueueColumns &
  Pick<QueueMessageColumns, 'journey_id' | 'created_ms' | 'sender' | 'size'>;

export const queueJoin = `
  SELECT q.*, m.journey_id, m.created_ms, m.sender, m.size
  FROM queue q JOIN queue_message m USING (first_id)`;

export function queueRow(row: QueueJoin): QueueRow {
  return {
    id: queueId(row.queue_id),
    journey: journeyId(row.journey_id),
    recipient: row.recipient,
    domain: row.domain,
    dueMs: row.due_ms,
    expiresMs: row.expires_ms,
    notify: row.notify === '' ? [] : (row.notify.split(' ') as QueueRow['notify']),
    orcpt: row.orcpt,
    state: row.state,
    attempts: row.attempts,
    createdMs: row.created_ms,
    lastReply: row.last_reply,
    route: row.route,
    delayNoticeSent: row.delay_notice_sent !== 0,
    leasedUntilMs: row.leased_until_ms,
    sender: row.sender,
    size: row.size,
  };
}

export function queueItem(row: QueueColumns, message: QueueMessageColumns): QueueItem {
  const prefix = Uint8Array.from(message.prefix);
  const bodyHash = Uint8Array.from(message.blob_hash);
  if (queueSeal(row) !== row.crc) {
    throw new CorruptBlob(`queue ${row.queue_id}`, 'its CRC does not fit');
  }
  if (queueMessageCrc({ hash: bodyHash, prefix }) !== message.crc) {
    throw new CorruptBlob(`queue ${row.queue_id}`, 'the CRC of its message does not fit');
  }
  return {
    ...queueRow({ ...row, ...message }),
    token: row.token ?? 0,
    bodyHash,
    message: {
      sender: message.sender,
      prefix,
      envid: message.envid,
      ret: message.ret,
      bodyType: message.body_type,
      smtputf8: message.smtputf8 !== 0,
      requireTls: message.require_tls !== 0,
      submittedBy: message.submitted_by as AccountId | null,
    },
  };
}

/** The conditions of a filter as SQL behind `WHERE`, and their values. */
export function queueCondition(filter: QueueFilter): { sql: string; values: SQLInputValue[] } {
  const parts: string[] = ['1'];
  const values: SQLInputValue[] = [];
  const add = (sql: string, value: SQLInputValue | undefined) => {
    if (value === undefined) return;
    parts.push(sql);
    values.push(value);
  };
  if (filter.ids !== undefined) {
    add('q.queue_id IN (SELECT value FROM json_each(?))', JSON.stringify(filter.ids));
  }
  add('m.journey_id = ?', filter.journey);
  add('q.domain = lower(?)', filter.toDomain);
  add('lower(m.sender) = lower(?)', filter.sender);
  add('lower(q.recipient) = lower(?)', filter.recipient);
  add('m.submitted_by = ?', filter.submittedBy);
  add('m.created_ms < ?', filter.olderThanMs);
  add('q.state = ?', filter.state);
  return { sql: parts.join(' AND '), values };
}
