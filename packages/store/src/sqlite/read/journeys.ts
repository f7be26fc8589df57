/** Reading journeys. Searches run over the newest first, in slices, so that a long one starves nobody. */

import { setImmediate } from 'node:timers/promises';
import type { JourneySearch } from '../../contract.ts';
import { journeyId, type AccountId, type JourneyId } from '../../ids.ts';
import type { JourneyEvent, JourneyHead, RecordedEvent } from '../../journey.ts';
import type { Database } from '../database.ts';
import { sliceMax } from './slices.ts';

interface HeadColumns {
  readonly journey_id: number;
  readonly started_us: number;
  readonly direction: 'in' | 'out' | 'local';
  readonly sender: string;
  readonly recipients: string;
  readonly message_id: string | null;
  readonly subject: string | null;
  readonly size: number;
  readonly submitted_by: number | null;
}

function journeyHead(row: HeadColumns): JourneyHead {
  return {
    id: journeyId(row.journey_id),
    startedUs: row.started_us,
    direction: row.direction,
    sender: row.sender,
    recipients: JSON.parse(row.recipients) as string[],
    messageId: row.message_id,
    subject: row.subject,
    size: row.size,
    submittedBy: row.submitted_by,
  };
}

/** Events of one group as they were written, numbered from `firstSeq`. */
export function readEvents(journey: JourneyId, firstSeq: number, text: string): RecordedEvent[] {
  const events = JSON.parse(`[${text}]`) as JourneyEvent[];
  return events.map((event, index) => ({ ...event, journey, seq: firstSeq + index }));
}

export function readJourney(
  db: Database,
  id: JourneyId,
): { head: JourneyHead; events: readonly RecordedEvent[] } | null {
  return db.snapshot(() => {
    const head = db.get<HeadColumns>('SELECT * FROM journey WHERE journey_id = ?', id);
    if (head === undefined) return null;
    const parts = db.all<{ first_seq: number; events: string }>(
      'SELECT first_seq, events FROM journey_part WHERE journey_id = ? ORDER BY first_seq',
      id,
    );
    const events = parts.flatMap((part) => readEvents(id, part.first_seq, part.events));
    return { head: journeyHead(head), events };
  });
}

/** The place of a journey in the order newest first. */
interface Cursor {
  readonly started_us: number;
  readonly journey_id: number;
}

const newest: Cursor = {
  started_us: Number.MAX_SAFE_INTEGER,
  journey_id: Number.MAX_SAFE_INTEGER,
};

export async function searchJourneys(
  db: Database,
  search: JourneySearch,
): Promise<readonly JourneyHead[]> {
  const found: JourneyHead[] = [];
  let cursor = newest;
  while (found.length < search.limit) {
    const slice = readSlice(db, search, cursor);
    for (const row of slice) if (matches(row, search)) found.push(journeyHead(row));
    const last = slice.at(-1);
    if (last === undefined || slice.length < sliceMax) break;
    cursor = last;
    await setImmediate();
  }
  return found.slice(0, search.limit);
}

function readSlice(db: Database, search: JourneySearch, cursor: Cursor): HeadColumns[] {
  const sinceUs = search.sinceMs === undefined ? 0 : search.sinceMs * 1000;
  const place = [cursor.started_us, cursor.journey_id, sinceUs, sliceMax] as const;
  if (search.account === undefined) {
    return db.all<HeadColumns>(
      `SELECT * FROM journey WHERE (started_us, journey_id) < (?, ?) AND started_us >= ?
       ORDER BY started_us DESC, journey_id DESC LIMIT ?`,
      ...place,
    );
  }
  return db.all<HeadColumns>(
    `SELECT j.* FROM journey_account a JOIN journey j USING (journey_id)
     WHERE a.account_id = ? AND (a.started_us, a.journey_id) < (?, ?) AND a.started_us >= ?
     ORDER BY a.started_us DESC, a.journey_id DESC LIMIT ?`,
    search.account,
    ...place,
  );
}

function matches(row: HeadColumns, search: JourneySearch): boolean {
  if (search.messageId !== undefined && row.message_id !== search.messageId) return false;
  if (search.text === undefined) return true;
  const text = search.text.toLowerCase();
  if (row.sender.toLowerCase().includes(text)) return true;
  if (row.message_id?.toLowerCase().includes(text) === true) return true;
  const recipients = JSON.parse(row.recipients) as string[];
  return recipients.some((recipient) => recipient.toLowerCase().includes(text));
}

const prefixMatchesMax = 10;

export function journeysByPrefix(db: Database, prefix: string): readonly JourneyId[] {
  const from = prefix.toLowerCase();
  if (!/^[0-9a-z]{0,10}$/.test(from)) return [];
  const rows = db.all<{ journey_id: number }>(
    `SELECT journey_id FROM journey WHERE code >= ? AND code < ? ORDER BY journey_id DESC LIMIT ?`,
    from,
    `${from}~`, // behind every letter of the alphabet
    prefixMatchesMax,
  );
  return rows.map((row) => journeyId(row.journey_id));
}

export function mayRead(db: Database, account: AccountId, journey: JourneyId): boolean {
  const row = db.get(
    `SELECT 1 FROM journey j JOIN journey_account a USING (started_us, journey_id)
     WHERE j.journey_id = ? AND a.account_id = ?`,
    journey,
    account,
  );
  return row !== undefined;
}
