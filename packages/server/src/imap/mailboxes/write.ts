/**
 * Untagged answers about mailboxes: LIST, LSUB, MYRIGHTS. RFC 9051 §7.3.1; RFC 3501 §7.2.3; RFC
 * 5258 §6 (CHILDINFO); RFC 4314 §3.8.
 */

import { levelSeparator } from '@merpati/formats/imap/mailbox-name.ts';
import { type Piece, joinPieces, writeMailbox } from '@merpati/formats/imap/response-writer.ts';
import { writeRights } from '../access/rights.ts';
import { hasUtf8Names } from '../modes.ts';
import type { Session } from '../session.ts';
import type { Place } from './find.ts';

/** A name as this client reads it. */
export function writeName(session: Session, name: string): Piece {
  return writeMailbox(name, { utf8: hasUtf8Names(session.modes) });
}

export interface ListLine {
  readonly attributes: readonly string[];
  readonly name: string;
  /** Which selections hold below; empty: nothing is said of it. */
  readonly childInfo: readonly string[];
  /** What it was called before it was renamed. RFC 9051 §6.3.9.7. */
  readonly oldName?: string;
}

export function writeListLine(
  session: Session,
  word: 'LIST' | 'LSUB',
  { attributes, name, childInfo, oldName }: ListLine,
): Uint8Array {
  const below = childInfo.map((option) => `"${option}"`).join(' ');
  return joinPieces([
    `* ${word} (${attributes.join(' ')}) "${levelSeparator}" `,
    writeName(session, name),
    below === '' ? '' : ` ("CHILDINFO" (${below}))`,
    ...(oldName === undefined ? [] : [' ("OLDNAME" (', writeName(session, oldName), '))']),
    '\r\n',
  ]);
}

export function writeMyRights(session: Session, { name, rights }: Place): Uint8Array {
  return joinPieces(['* MYRIGHTS ', writeName(session, name), ` ${writeRights(rights)}\r\n`]);
}
