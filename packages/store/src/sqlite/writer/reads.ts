/** Journeys hear of who has fetched a message: once for each reader and device. */

import type { ReadNote } from '../../contract.ts';
import { partsOfJourney } from '../journey-parts.ts';
import type { WriterContext } from './context.ts';
import { findMessage, findRoom } from './messages.ts';

const code = 'read.imap';

export function noteRead(context: WriterContext, note: ReadNote): null {
  const room = findRoom(context, note.account, note.mailbox);
  if (room === null) return null;
  const { device, address, reader } = note;
  for (const each of new Set(note.uids)) {
    const message = findMessage(context, room, each);
    if (message === undefined || isKnown(context, message.journey_id, note)) continue;
    context.journal.appendEvent(message.journey_id, {
      atUs: note.nowMs * 1000,
      stage: 'read',
      state: 'ok',
      code,
      args: { reader, device, address },
      rcpt: reader,
    });
  }
  return null;
}

/** The same device from another place is no news. */
function isKnown({ db }: WriterContext, journey: number, note: ReadNote): boolean {
  const rows = db.all<{ is: number }>(
    `SELECT 1 AS "is" FROM journey_part, json_each('[' || events || ']') e
     WHERE ${partsOfJourney} AND instr(events, ?2) > 0
       AND e.value ->> 'code' = ?2 AND e.value ->> 'rcpt' = ?3
       AND e.value ->> '$.args.device' = ?4 LIMIT 1`,
    journey,
    code,
    note.reader,
    note.device,
  );
  return rows.length > 0;
}
