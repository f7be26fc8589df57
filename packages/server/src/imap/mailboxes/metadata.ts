/**
 * Annotations of mailboxes and of the server: what is stored, and what is known without. RFC 5464
 * §3.2, §6.2; RFC 6154 §4 (`/private/specialuse`).
 */

import { concat, utf8 } from '@merpati/formats/bytes.ts';
import {
  type Piece,
  joinPieces,
  writeAstring,
  writeLiteral8,
  writeNstring,
} from '@merpati/formats/imap/response-writer.ts';
import { splitAddress } from '@merpati/formats/smtp/path.ts';
import type { Annotation } from '@merpati/store/contract.ts';
import type { Session } from '../session.ts';
import type { Place } from './find.ts';
import { specialUseOf } from './listing.ts';
import { writeName } from './write.ts';

/** The entry that tells, and cannot set, the use of a mailbox. */
export const specialUseEntry = '/private/specialuse';

/** What concerns the user alone, in contrast to `/shared/…`. */
export function isPrivate(entry: string): boolean {
  return entry.startsWith('/private/');
}

/** All annotations that the user may read there; place null: those of the server. */
export async function annotationsOf(
  session: Session,
  place: Place | null,
): Promise<readonly Annotation[]> {
  const { store, account } = session;
  if (place === null) return [...(await store.annotations(account, null)), ...ofServer(session)];
  const all = await store.annotations(place.owner, place.status.id);
  if (place.owner !== account) return all.filter(({ entry }) => !isPrivate(entry));
  const use = specialUseOf(place);
  return use === null ? all : [...all, { entry: specialUseEntry, value: utf8(use) }];
}

/** RFC 5464 §6.2.1. */
function ofServer({ home, login }: Session): readonly Annotation[] {
  const { domain = '' } = splitAddress(login.account.address) ?? {};
  const host = home.config.hostname;
  return [
    { entry: '/shared/admin', value: utf8(`mailto:postmaster@${domain}`) },
    { entry: '/shared/comment', value: utf8(host === '' ? 'Merpati' : `Merpati at ${host}`) },
  ];
}

export interface Wanted {
  readonly entries: readonly string[];
  readonly depth: 0 | 1 | 'infinity';
  readonly maxSize: number | null;
}

export interface Answered {
  /** null: asked for by name, and not there. */
  readonly found: ReadonlyMap<string, Uint8Array | null>;
  /** Octets of the largest value that was left out; 0: none was. */
  readonly largestLeftOut: number;
}

/** RFC 5464 §4.2, §4.2.1 (MAXSIZE), §4.2.2 (DEPTH). */
export function selectEntries(all: readonly Annotation[], wanted: Wanted): Answered {
  const found = new Map<string, Uint8Array | null>();
  let largestLeftOut = 0;
  for (const entry of wanted.entries) {
    for (const annotation of all) {
      if (!isWithin(annotation.entry, entry, wanted.depth)) continue;
      const { length } = annotation.value;
      if (wanted.maxSize === null || length <= wanted.maxSize) {
        found.set(annotation.entry, annotation.value);
      } else largestLeftOut = Math.max(largestLeftOut, length);
    }
    const isThere = all.some((annotation) => annotation.entry === entry);
    if (wanted.depth === 0 && !isThere) found.set(entry, null);
  }
  return { found, largestLeftOut };
}

function isWithin(entry: string, above: string, depth: Wanted['depth']): boolean {
  if (entry === above) return true;
  if (depth === 0 || !entry.startsWith(`${above}/`)) return false;
  return depth === 'infinity' || !entry.slice(above.length + 1).includes('/');
}

/** `* METADATA …` with its CRLF. RFC 5464 §4.4.1. */
export function writeMetadata(
  session: Session,
  name: string,
  found: ReadonlyMap<string, Uint8Array | null>,
): Uint8Array {
  const facts: Piece[] = [];
  for (const [entry, value] of found) {
    facts.push(facts.length === 0 ? '' : ' ', writeAstring(entry), ' ', writeValue(value));
  }
  const where = name === '' ? '""' : writeName(session, name);
  return concat([joinPieces(['* METADATA ', where, ' (']), joinPieces([...facts, ')\r\n'])]);
}

function writeValue(value: Uint8Array | null): Piece {
  return value !== null && value.includes(0) ? writeLiteral8(value) : writeNstring(value);
}
