/**
 * FETCH as values. RFC 9051 §7.5.2; RFC 3516 §7 (BINARY); RFC 7162 §3.1.4.2 (MODSEQ); RFC 8474 §5
 * (EMAILID, THREADID); RFC 8514 §4 (SAVEDATE); RFC 8970 §3 (PREVIEW).
 */

import {
  badResponse,
  listOf,
  numberOf,
  octetsOf,
  readNumber,
  textOf,
  wordOf,
  type ResponseValue,
  type ValueCursor,
} from './response-value.ts';
import {
  readReceivedEnvelope,
  readReceivedStructure,
  type ReceivedEnvelope,
  type ReceivedStructure,
} from './response-structure.ts';

/** What a FETCH told; null: it did not. */
export interface FetchedAttributes {
  readonly uid: number | null;
  readonly flags: readonly string[] | null;
  readonly modseq: number | null;
  readonly internalDateMs: number | null;
  readonly size: number | null;
  readonly envelope: ReceivedEnvelope | null;
  readonly structure: ReceivedStructure | null;
  readonly emailId: string | null;
  readonly threadId: string | null;
  readonly saveDateMs: number | null;
  readonly preview: string | null;
  /**
   * By the name that the server gave, in capitals: `BODY[]`, `BODY[1.MIME]`, `BODY[]<0>`,
   * `BINARY[1]`, `RFC822.HEADER`; null: there is no such part.
   */
  readonly sections: ReadonlyMap<string, Uint8Array | null>;
  /** By part: `1.2`. RFC 3516 §4.3. */
  readonly binarySizes: ReadonlyMap<string, number>;
}

type Draft = {
  -readonly [Key in keyof FetchedAttributes]: FetchedAttributes[Key];
};

const space = 0x20;
const open = 0x28;
const close = 0x29;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openAngle = 0x3c;
const closeAngle = 0x3e;

/** From the opening parenthesis on. Throws `SyntaxFault` `imap.bad-response`. */
export function readFetched(cursor: ValueCursor): FetchedAttributes {
  const sections = new Map<string, Uint8Array | null>();
  const binarySizes = new Map<string, number>();
  const draft: Draft = { ...nothing, sections, binarySizes };
  cursor.skipSpaces();
  if (!cursor.takes(open)) throw badResponse('FETCH without a list');
  for (;;) {
    cursor.skipSpaces();
    if (cursor.takes(close)) return draft;
    const name = readName(cursor);
    cursor.skipSpaces();
    const value = cursor.value();
    const size = /^BINARY\.SIZE\[([0-9.]*)\]$/.exec(name);
    if (size) binarySizes.set(size[1] ?? '', numberOf(value));
    else if (isSection.test(name)) sections.set(name, octetsOf(value));
    else putAttribute(draft, name, value);
  }
}

const isSection = /^(?:(?:BODY|BINARY)\[|RFC822(?:\.HEADER|\.TEXT)?$)/;

const nothing = {
  uid: null,
  flags: null,
  modseq: null,
  internalDateMs: null,
  size: null,
  envelope: null,
  structure: null,
  emailId: null,
  threadId: null,
  saveDateMs: null,
  preview: null,
};

/** `BODY[HEADER.FIELDS (Subject "To")]<0>` is one name, spaces and all. */
function readName(cursor: ValueCursor): string {
  let name = cursor.until(space, open, close, openBracket);
  if (name === '') throw badResponse('The name of an item is missing');
  if (cursor.takes(openBracket)) {
    name += `[${cursor.until(closeBracket)}]`;
    if (!cursor.takes(closeBracket)) throw badResponse('A section has no end');
    if (cursor.takes(openAngle)) {
      name += `<${cursor.until(closeAngle)}>`;
      if (!cursor.takes(closeAngle)) throw badResponse('A partial has no end');
    }
  }
  return name.toUpperCase().replaceAll('"', '');
}

function putAttribute(draft: Draft, name: string, value: ResponseValue): void {
  switch (name) {
    case 'UID':
      draft.uid = numberOf(value);
      return;
    case 'FLAGS':
      draft.flags = listOf(value).map(wordOf);
      return;
    case 'MODSEQ':
      draft.modseq = numberOf(listOf(value)[0]);
      return;
    case 'INTERNALDATE':
      draft.internalDateMs = readWhen(value);
      return;
    case 'RFC822.SIZE':
      draft.size = numberOf(value);
      return;
    case 'ENVELOPE':
      draft.envelope = readReceivedEnvelope(value);
      return;
    case 'BODY':
    case 'BODYSTRUCTURE':
      draft.structure = readReceivedStructure(value);
      return;
    case 'EMAILID':
      draft.emailId = wordOf(listOf(value)[0]);
      return;
    case 'THREADID':
      draft.threadId = value === null ? null : wordOf(listOf(value)[0]);
      return;
    case 'SAVEDATE':
      draft.saveDateMs = value === null ? null : readWhen(value);
      return;
    case 'PREVIEW':
      draft.preview = textOf(value);
      return;
    default: // An extension that we did not ask for.
  }
}

const months = 'JanFebMarAprMayJunJulAugSepOctNovDec';

/** `" 7-Feb-2026 12:34:56 +0700"`. RFC 9051 §9 (date-time). */
function readWhen(value: ResponseValue): number {
  const found = /^ ?(\d{1,2})-([A-Za-z]{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)$/.exec(
    wordOf(value),
  );
  const month = months.toLowerCase().indexOf(found?.[2]?.toLowerCase() ?? '-');
  if (found === null || month < 0 || month % 3 !== 0) throw badResponse('Not a date');
  const [day, year, hour, minute, second] = [1, 3, 4, 5, 6].map((at) =>
    readNumber(found[at] ?? ''),
  );
  const zone = readNumber(found[8] ?? '') * 60 + readNumber(found[9] ?? '');
  const local = Date.UTC(year ?? 0, month / 3, day, hour, minute, second);
  return local - (found[7] === '-' ? -zone : zone) * 60_000;
}
