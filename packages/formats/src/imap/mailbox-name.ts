/**
 * Mailbox names on the wire: modified UTF-7 (RFC 3501 §5.1.3, RFC 9051 appendix A.1) and UTF-8 (RFC
 * 9051 §5.1, RFC 6855 §3), and which names may be. Strict both ways: one name has one form.
 */

import { ascii, base64Values, latin1, readUtf8, utf8, writeBase64 } from '../bytes.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import { imapLimits } from './limits.ts';

/** Between the levels of a name. */
export const levelSeparator = '/';

/**
 * Writes a name in modified UTF-7. Throws `SyntaxFault` `imap.bad-mailbox` for a lone surrogate.
 *
 * @example encodeMailboxName('Sampah & déjà') // 'Sampah &- d&AOk-j&AOA-'
 */
export function encodeMailboxName(name: string): string {
  if (!name.isWellFormed()) throw badName('Half a character');
  return name.replaceAll(/&|[^\x20-\x7e]+/g, (run) => (run === '&' ? '&-' : `&${shifted(run)}-`));
}

/** UTF-16 in base64, with `,` for `/` and without padding. */
function shifted(run: string): string {
  const units = new Uint8Array(run.length * 2);
  for (let at = 0; at < run.length; at += 1) {
    const unit = run.charCodeAt(at);
    units[at * 2] = unit >> 8;
    units[at * 2 + 1] = unit & 255;
  }
  const digits = new Uint8Array(Math.ceil(units.length / 3) * 4);
  writeBase64(units, digits, 0);
  return latin1(digits).replaceAll('=', '').replaceAll('/', ',');
}

/**
 * Reads modified UTF-7; null for anything that `encodeMailboxName` would not have written: 8-bit
 * octets, an open shift, printable US-ASCII or half a character in base64, bits left over, two
 * shifts where one would do.
 *
 * @example decodeMailboxName('&U,BTFw-') // '台北'
 */
export function decodeMailboxName(text: string): string | null {
  let name = '';
  for (let at = 0; at < text.length;) {
    const shift = text.indexOf('&', at);
    const end = shift < 0 ? text.length : shift;
    name += text.slice(at, end);
    if (shift < 0) break;
    const close = text.indexOf('-', shift);
    if (close < 0) return null;
    const run = close === shift + 1 ? '&' : unshifted(text.slice(shift + 1, close));
    if (run === null) return null;
    name += run;
    at = close + 1;
  }
  // What is not the one form of the name is no form of it.
  return name.isWellFormed() && encodeMailboxName(name) === text ? name : null;
}

function unshifted(digits: string): string | null {
  let run = '';
  let group = 0;
  let bits = 0;
  for (let at = 0; at < digits.length; at += 1) {
    const code = digits.charCodeAt(at);
    const value = code === 0x2c ? 63 : code === 0x2f || code > 127 ? 255 : base64Values[code]!;
    if (value === 255) return null;
    group = ((group << 6) | value) & 0x3f_ffff;
    bits += 6;
    if (bits < 16) continue;
    bits -= 16;
    run += String.fromCharCode((group >> bits) & 0xffff);
  }
  return run;
}

/**
 * Reads the name of a mailbox in a command: decoded, composed (NFC), `INBOX` in capitals whatever
 * its case, also as the first level. Throws `SyntaxFault` `imap.bad-mailbox`; see
 * `checkMailboxName`.
 *
 * @example readMailboxName(ascii('inbox/Verg&APw-tung'), { utf8: false }) // 'INBOX/Vergütung'
 */
export function readMailboxName(octets: Uint8Array, options: { readonly utf8: boolean }): string {
  const name = decodeName(octets, options);
  if (name === null) throw badName(options.utf8 ? 'Not UTF-8' : 'Not modified UTF-7');
  checkMailboxName(name);
  return name;
}

/**
 * As `readMailboxName`, for what need not be a whole name: references and patterns of LIST. null:
 * neither modified UTF-7 nor, where that is spoken, UTF-8.
 */
export function decodeName(octets: Uint8Array, options: { readonly utf8: boolean }): string | null {
  const name = options.utf8 ? readUtf8(octets) : decodeMailboxName(latin1(octets));
  return name?.normalize('NFC').replace(/^inbox(?=\/|$)/i, 'INBOX') ?? null;
}

/**
 * Whether a mailbox may be called so: 1 to 64 levels, none of them empty, `.` or `..`, or longer
 * than 255 octets of UTF-8; no control characters, nothing that turns the direction of what
 * follows, no wildcards of LIST. Throws `SyntaxFault` `imap.bad-mailbox`.
 */
export function checkMailboxName(name: string): void {
  if (utf8Length(name) > imapLimits.mailboxOctetsMax) throw badName('The name is too long');
  if (!name.isWellFormed()) throw badName('Half a character');
  if (/[\p{Cc}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}\u202a-\u202e\u2066-\u2069]/u.test(name)) {
    throw badName('A character that a name may not have');
  }
  if (/[*%]/.test(name)) throw badName('* and % are for searching names');
  const levels = name.split(levelSeparator);
  if (levels.length > imapLimits.mailboxLevelsMax) throw badName('Too many levels');
  for (const level of levels) {
    if (level === '') throw badName('A level without a name');
    if (level === '.' || level === '..') throw badName('. and .. name nothing here');
    if (utf8Length(level) > imapLimits.mailboxLevelOctetsMax) throw badName('A name is too long');
  }
}

function utf8Length(text: string): number {
  return text.length > imapLimits.mailboxOctetsMax ? text.length : utf8(text).length;
}

function badName(message: string): SyntaxFault {
  return new SyntaxFault('imap.bad-mailbox', message);
}

/** A name as a client sends it. */
export function writeMailboxName(name: string, options: { readonly utf8: boolean }): Uint8Array {
  return options.utf8 ? utf8(name) : ascii(encodeMailboxName(name));
}
