/**
 * What STATUS tells of a mailbox; all of it is counted already. RFC 9051 §6.3.11; RFC 3501 §6.3.10
 * (RECENT); RFC 7162 §3.1.7; RFC 7889 §3 (APPENDLIMIT); RFC 8438 (SIZE); RFC 8474 §4.3; RFC 9208
 * §5.
 */

import type { StatusItem } from '@merpati/formats/imap/command.ts';
import { joinPieces } from '@merpati/formats/imap/response-writer.ts';
import type { Session } from '../session.ts';
import type { Place } from './find.ts';
import { writeMailboxId } from '../object-ids.ts';
import { countUntold } from '../recent.ts';
import { writeName } from './write.ts';

/** `* STATUS …` with its CRLF; of RECENT the number that `countRecentOf` found. */
export function writeStatusOf(
  session: Session,
  place: Place,
  items: readonly StatusItem[],
  recent = 0,
): Uint8Array {
  const name = writeName(session, place.name);
  const appendMax = session.home.config.limits.message_bytes_max;
  const facts = items.map((item) => {
    const fact = item === 'recent' ? recent : factOf(place, item, appendMax);
    return `${item.toUpperCase()} ${fact}`;
  });
  return joinPieces(['* STATUS ', name, ` (${facts.join(' ')})\r\n`]);
}

/** What a session that selects it would be told (RFC 3501 §2.3.2); 0 when nobody asks. */
export async function countRecentOf(
  session: Session,
  { owner, status }: Place,
  items: readonly StatusItem[],
): Promise<number> {
  if (!items.includes('recent')) return 0;
  return countUntold(session, { owner, mailbox: status.id, uidNext: status.uidNext });
}

function factOf(
  place: Place,
  item: Exclude<StatusItem, 'recent'>,
  appendMax: number,
): string | number {
  const { status } = place;
  switch (item) {
    case 'appendlimit':
      return appendMax;
    case 'deleted':
      return status.deleted;
    case 'deleted-storage':
      return status.deletedBytes;
    case 'highestmodseq':
      return status.modseq;
    case 'mailboxid':
      return `(${writeMailboxId(place.owner, status.id)})`;
    case 'messages':
      return status.total;
    case 'size':
      return status.sizeBytes;
    case 'uidnext':
      return status.uidNext;
    case 'uidvalidity':
      return status.uidValidity;
    case 'unseen':
      return status.unseen;
    default:
      return item satisfies never;
  }
}
