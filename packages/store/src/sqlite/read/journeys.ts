/**
 * Reading journeys. Searches run over the newest first, in slices, so that a long one starves
 * nobody.
 */

import { setImmediate } from 'node:timers/promises';
import type { JourneySearch } from '../../contract.ts';
import { journeyId, type AccountId, type JourneyId } from '../../ids.ts';
import {
  firstJourneyIdAt,
  type JourneyEvent,
  type JourneyHead,
  type RecordedEvent,
} from '../../journey.ts';
import type { Database } from '../database.ts';
import { partsOfJourney } from '../journey-parts.ts';
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
      `SELECT first_seq, events FROM journey_part WHERE ${partsOfJourney} ORDER BY part_id`,
      id,
    );
    const events = parts.flatMap((part) => readEvents(id, part.first_seq, part.events));
    return { head: journeyHead(head), events };
  });
}

export async function searchJourneys(
  db: Database,
  search: JourneySearch,
): Promise<readonly JourneyHead[]> {
  const found: JourneyHead[] = [];
  const isFiltered = search.text !== undefined || search.messageId !== undefined;
  const limit = isFiltered ? sliceMax : Math.min(sliceMax, search.limit);
  let before = Number.MAX_SAFE_INTEGER;
  while (found.length < search.limit) {
    const slice = readSlice(db, search, { before, limit });
    for (const row of slice) if (matches(row, search)) found.push(journeyHead(row));
    const last = slice.at(-1);
    if (last === undefined || slice.length < limit) break;
    before = last.journey_id;
    await setImmediate();
  }
  return found.slice(0, search.limit);
}

function readSlice(
  db: Database,
  search: JourneySearch,
  { before, limit }: { readonly before: number; readonly limit: number },
): HeadColumns[] {
  const since = search.sinceMs === undefined ? 0 : firstJourneyIdAt(search.sinceMs);
  if (search.account === undefined) {
    return db.all<HeadColumns>(
      `SELECT * FROM journey WHERE journey_id < ? AND journey_id >= ?
       ORDER BY journey_id DESC LIMIT ?`,
      before,
      since,
      limit,
    );
  }
  return db.all<HeadColumns>(
    `SELECT j.* FROM journey_account a JOIN journey j USING (journey_id)
     WHERE a.account_id = ? AND a.journey_id < ? AND a.journey_id >= ?
     ORDER BY a.journey_id DESC LIMIT ?`,
    search.account,
    before,
    since,
    limit,
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
    'SELECT 1 FROM journey_account WHERE account_id = ? AND journey_id = ?',
    account,
    journey,
  );
  return row !== undefined;
}
