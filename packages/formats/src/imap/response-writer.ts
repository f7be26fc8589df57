/**
 * What servers write: strings, names, flags, dates. RFC 9051 §4.3, §9; RFC 3501 §9. An answer is
 * put together from pieces, texts (sent as UTF-8) and octets, and joined once at the end.
 */

import { concat, latin1, utf8 } from '../bytes.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import type { Section } from './fetch-item.ts';
import { encodeMailboxName } from './mailbox-name.ts';
import type { FlagList, SystemFlag } from './search-key.ts';

/** Text is UTF-8 on the wire. */
export type Piece = string | Uint8Array;

/** RFC 9051 §4.3 leaves it open; lines of a response stay short for old clients this way. */
const quotedOctetsMax = 1000;

/** @example joinPieces(['* ', '1 EXISTS\r\n']) */
export function joinPieces(pieces: readonly Piece[]): Uint8Array {
  if (pieces.every((piece) => typeof piece === 'string')) return utf8(pieces.join(''));
  return concat(pieces.map((piece) => (typeof piece === 'string' ? utf8(piece) : piece)));
}

/**
 * A quoted string. Throws `SyntaxFault` `imap.not-quotable` for text that has no such form: with
 * NUL, CR or LF.
 *
 * @example quoted('a "b"') // '"a \\"b\\""'
 */
export function quoted(text: string): string {
  if (/[\0\r\n]/.test(text)) throw new SyntaxFault('imap.not-quotable', 'Not a quoted string');
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}

/** A synchronising literal, as servers write them: `{5}`, CRLF, octets. */
export function writeLiteral(octets: Uint8Array): Uint8Array {
  return concat([utf8(`{${octets.length}}\r\n`), octets]);
}

/** A literal that may hold NUL: `~{5}`. RFC 3516 §4.2. */
export function writeLiteral8(octets: Uint8Array): Uint8Array {
  return concat([utf8(`~{${octets.length}}\r\n`), octets]);
}

/**
 * A string: quoted when it is short US-ASCII, otherwise a literal, which every client understands
 * whatever the octets. Octets with NUL have no form as a string: see `writeLiteral8`.
 */
export function writeString(value: string | Uint8Array): Piece {
  const text = typeof value === 'string' ? value : latin1(value);
  if (text.length <= quotedOctetsMax && /^[\x20-\x7e\t]*$/.test(text)) return quoted(text);
  return writeLiteral(typeof value === 'string' ? utf8(value) : value);
}

/** A string, or NIL for null. */
export function writeNstring(value: string | Uint8Array | null): Piece {
  return value === null ? 'NIL' : writeString(value);
}

/** An atom where that is possible, otherwise a string. RFC 9051 §9 (astring). */
export function writeAstring(value: string | Uint8Array): Piece {
  const text = typeof value === 'string' ? value : latin1(value);
  // NIL would be read as nothing where an nstring may stand.
  if (/^[!#$&'+,\-./0-9:;<=>?@A-Z[\]^_`a-z|}~]{1,255}$/.test(text) && !/^nil$/i.test(text)) {
    return text;
  }
  return writeString(value);
}

/** A mailbox name: modified UTF-7, or UTF-8 for clients that have asked for it. */
export function writeMailbox(name: string, options: { readonly utf8: boolean }): Piece {
  if (!options.utf8) return writeAstring(encodeMailboxName(name));
  return /^[\x20-\x7e]*$/.test(name) ? writeAstring(name) : quoted(name);
}

const flagNames = {
  answered: '\\Answered',
  deleted: '\\Deleted',
  draft: '\\Draft',
  flagged: '\\Flagged',
  seen: '\\Seen',
} as const satisfies Record<SystemFlag, string>;

/** @example flagName('seen') // '\\Seen' */
export function flagName(flag: SystemFlag): string {
  return flagNames[flag];
}

/** @example writeFlags({ system: ['seen'], keywords: ['$Junk'] }) // '(\\Seen $Junk)' */
export function writeFlags(flags: FlagList): string {
  return `(${[...flags.system.map(flagName), ...flags.keywords].join(' ')})`;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** A date-time, in UTC and quoted. @example writeDateTime(0) // '" 1-Jan-1970 00:00:00 +0000"' */
export function writeDateTime(ms: number): string {
  const at = new Date(ms);
  const two = (number: number) => `${number}`.padStart(2, '0');
  const day = `${at.getUTCDate()}`.padStart(2, ' ');
  const year = `${at.getUTCFullYear()}`.padStart(4, '0');
  const time = `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`;
  return `"${day}-${months[at.getUTCMonth()]}-${year} ${time} +0000"`;
}

/** What stands between the brackets of `BODY[…]`. RFC 9051 §7.5.2. */
export function writeSection({ part, text, fields }: Section): Piece {
  const number = part.join('.');
  if (text === null) return number;
  const spec = number === '' ? text.toUpperCase() : `${number}.${text.toUpperCase()}`;
  if (text !== 'header.fields' && text !== 'header.fields.not') return spec;
  const names = fields.flatMap((field, at) =>
    at === 0 ? [writeAstring(field)] : [' ', writeAstring(field)],
  );
  return joinPieces([`${spec} (`, ...names, ')']);
}
