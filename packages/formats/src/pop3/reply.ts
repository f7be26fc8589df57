/**
 * POP3 replies: the first line, the listings behind it, and the incremental reader that clients
 * use. RFC 1939 §3, §5, §7; RFC 2449 §3, §5, §8 (response codes); RFC 3206 (SYS, AUTH); RFC 6856
 * §5 (UTF8).
 */

import { concat, encodeBase64, latin1, readUtf8, utf8 } from '../bytes.ts';
import { SyntaxFault } from '../syntax-fault.ts';
import { readSaslOctets } from './command.ts';
import {
  digitsMax,
  replyLineAcceptedMax,
  replyLineOctetsMax,
  uidlAcceptedMax,
  uidlOctetsMax,
} from './limits.ts';
import { DotUnstuffer } from './multiline.ts';

/** RFC 2449 §8.1; RFC 3206 §4, §5; RFC 6856 §5. */
export type ResponseCode = 'IN-USE' | 'LOGIN-DELAY' | 'SYS/TEMP' | 'SYS/PERM' | 'AUTH' | 'UTF8';

/** The first line of a reply. `code` is upper case as the server sent it, known to us or not. */
export type Pop3Reply =
  | { readonly kind: 'ok' | 'err'; readonly code: string | null; readonly text: string }
  /** A SASL challenge. RFC 5034 §4. */
  | { readonly kind: 'continue'; readonly challenge: Uint8Array };

/**
 * Reads the first line of a reply (without CRLF). Throws `SyntaxFault` with code `pop3.bad-reply`.
 *
 * @example
 * readPop3Reply(utf8('-ERR [in-use] Busy')) // { kind: 'err', code: 'IN-USE', text: 'Busy' }
 */
export function readPop3Reply(line: Uint8Array): Pop3Reply {
  const text = readUtf8(line) ?? latin1(line);
  const status = /^(\+OK|-ERR)(?: +(?:\[([^\]\s]{1,64})\] ?)?(.*))?$/is.exec(text);
  if (status !== null) {
    return {
      kind: status[1]?.startsWith('-') === true ? 'err' : 'ok',
      code: status[2]?.toUpperCase() ?? null,
      text: status[3] ?? '',
    };
  }
  if (text === '+' || text.startsWith('+ ')) {
    return { kind: 'continue', challenge: readSaslOctets(text.slice(2).trim()) };
  }
  throw new SyntaxFault('pop3.bad-reply', 'Neither +OK nor -ERR');
}

/**
 * Writes the first line of a reply with CRLF, cut to the 512 octets that RFC 2449 §4 allows. A text
 * that begins with `[` would be taken for a response code: `SyntaxFault`.
 */
export function writePop3Reply(reply: {
  readonly kind: 'ok' | 'err';
  readonly code?: ResponseCode | null;
  readonly text: string;
}): Uint8Array {
  if (/[\r\n\0]/.test(reply.text) || reply.text.startsWith('[')) {
    throw new SyntaxFault('pop3.bad-reply', 'No text for a reply line');
  }
  const code = reply.code === undefined || reply.code === null ? '' : ` [${reply.code}]`;
  const text = reply.text === '' ? '' : ` ${reply.text}`;
  const line = utf8(`${reply.kind === 'ok' ? '+OK' : '-ERR'}${code}${text}`);
  return concat([cutUtf8(line, replyLineOctetsMax - 2), utf8('\r\n')]);
}

/** `+ ` and base64: a challenge; the space stands even before no octets. RFC 5034 §4. */
export function writeChallenge(challenge: Uint8Array): Uint8Array {
  return utf8(`+ ${encodeBase64(challenge)}\r\n`);
}

/** The longest prefix of at most `max` octets that ends between two characters. */
function cutUtf8(octets: Uint8Array, max: number): Uint8Array {
  if (octets.length <= max) return octets;
  let end = max;
  while (end > 0 && ((octets[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return octets.subarray(0, end);
}

/** `+OK nn mm`: the drop listing of STAT. RFC 1939 §5. */
export function readDropListing(text: string): { messages: number; octets: number } {
  const found = /^([0-9]+) +([0-9]+)(?: |$)/.exec(text);
  return { messages: readCount(found?.[1]), octets: readCount(found?.[2]) };
}

/** `n octets`: a scan listing of LIST. RFC 1939 §5. */
export function readScanListing(text: string): { message: number; octets: number } {
  const found = /^([0-9]+) +([0-9]+)(?: |$)/.exec(text);
  return { message: readCount(found?.[1]), octets: readCount(found?.[2]) };
}

/** `n unique-id`: a line of UIDL. RFC 1939 §7. Longer ids than allowed are borne with. */
export function readUidListing(text: string): { message: number; uidl: string } {
  const found = /^([0-9]+) +([\x21-\x7e]+) *$/.exec(text);
  const uidl = found?.[2] ?? '';
  if (uidl === '' || uidl.length > uidlAcceptedMax) {
    throw new SyntaxFault('pop3.bad-listing', 'No unique-id');
  }
  return { message: readCount(found?.[1]), uidl };
}

/** Is this a unique-id as RFC 1939 §7 wants it? */
export function isUidl(text: string): boolean {
  return text.length <= uidlOctetsMax && /^[\x21-\x7e]+$/.test(text);
}

function readCount(digits: string | undefined): number {
  if (digits === undefined || digits.length > digitsMax) {
    throw new SyntaxFault('pop3.bad-listing', 'No number');
  }
  return Number(digits);
}

/** What a server can do: tag in upper case → its arguments. RFC 2449 §5. */
export type Capabilities = ReadonlyMap<string, readonly string[]>;

export function readCapabilities(lines: readonly string[]): Capabilities {
  const found = new Map<string, readonly string[]>();
  for (const line of lines) {
    const [tag, ...words] = line.split(' ').filter((word) => word !== '');
    if (tag !== undefined) found.set(tag.toUpperCase(), words);
  }
  return found;
}

/**
 * Takes what a server sends, in any chunks, and gives it out as lines or as the content of a
 * message. Holds at most one unfinished line beyond the chunk last pushed.
 *
 * @example
 * const reader = new ReplyReader();
 * reader.push(utf8('+OK\r\nhello\r\n..\r\n.\r\n'));
 * reader.readLine();    // '+OK'
 * reader.readContent(); // { octets: 'hello\r\n.\r\n', last: true }
 */
export class ReplyReader {
  #held: Uint8Array = new Uint8Array(0);
  #unstuffer: DotUnstuffer | null = null;
  readonly #lineOctetsMax: number;

  constructor(options: { readonly lineOctetsMax?: number } = {}) {
    this.#lineOctetsMax = options.lineOctetsMax ?? replyLineAcceptedMax;
  }

  /** The chunk must not be changed afterwards. */
  push(chunk: Uint8Array): void {
    this.#held = this.#held.length === 0 ? chunk : concat([this.#held, chunk]);
  }

  /** Octets not given out yet. */
  get pending(): number {
    return this.#held.length;
  }

  /**
   * The next line without its end; null: push more. A bare LF ends a line too: some servers write
   * it. Throws `SyntaxFault` with code `pop3.line-too-long`.
   */
  readLine(): Uint8Array | null {
    const end = this.#held.indexOf(0x0a);
    if ((end < 0 ? this.#held.length : end) > this.#lineOctetsMax) {
      throw new SyntaxFault('pop3.line-too-long', 'Reply line too long');
    }
    if (end < 0) return null;
    const line = this.#held.subarray(0, end > 0 && this.#held[end - 1] === 0x0d ? end - 1 : end);
    this.#held = this.#held.subarray(end + 1);
    return line;
  }

  /**
   * The next line of a listing with its dot unstuffed; `end` for the final dot; null: push more.
   */
  readListingLine(): Uint8Array | 'end' | null {
    const line = this.readLine();
    if (line === null || line[0] !== 0x2e) return line;
    return line.length === 1 ? 'end' : line.subarray(1);
  }

  /** The next piece of a message, unstuffed; null: push more. */
  readContent(): { readonly octets: Uint8Array; readonly last: boolean } | null {
    if (this.#held.length === 0) return null;
    this.#unstuffer ??= new DotUnstuffer();
    const { content, consumed, done } = this.#unstuffer.push(this.#held);
    this.#held = this.#held.subarray(consumed);
    if (done) this.#unstuffer = null;
    return { octets: content, last: done };
  }
}
