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
import { writeName } from './write.ts';

/** `* STATUS …` with its CRLF. */
export function writeStatusOf(
  session: Session,
  place: Place,
  items: readonly StatusItem[],
): Uint8Array {
  const name = writeName(session, place.name);
  const appendMax = session.home.config.limits.message_bytes_max;
  const facts = items.map((item) => `${item.toUpperCase()} ${factOf(place, item, appendMax)}`);
  return joinPieces(['* STATUS ', name, ` (${facts.join(' ')})\r\n`]);
}

function factOf(place: Place, item: StatusItem, appendMax: number): string | number {
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
    case 'recent':
      // QUIRK: nothing is recent here. RFC 9051 has given it up, and no client shows it.
      return 0;
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
