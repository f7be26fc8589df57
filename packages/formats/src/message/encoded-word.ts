/**
 * Encoded words: text of any script in the US-ASCII of header fields. Reading is lenient (old and
 * broken senders are read as most clients do), writing strict. RFC 2047; language tags RFC 2231
 * §5.
 */

import { base64Values, concat, encodeBase64, hexPair, utf8 } from '../bytes.ts';
import { decodeText, octetsAsSent } from './charset.ts';
import { noteFault } from './fault.ts';
import type { Fault } from './fault.ts';
import { lineLimits } from './limits.ts';

interface Word {
  readonly charset: string;
  readonly encoding: 'b' | 'q';
  readonly text: string;
  /** Offset behind the word. */
  readonly end: number;
}

/** Longer names of character sets do not exist. */
const charsetLengthMax = 60;

/**
 * Decodes the encoded words of an unfolded value. Words that only white space separates are put
 * together before their octets are decoded, so that a character cut in two by a broken sender is
 * whole again.
 *
 * @example
 * decodeWords('=?utf-8?Q?Sela?= =?utf-8?B?bWF0?= pagi'); // 'Selamat pagi'
 */
export function decodeWords(value: string, faults: Fault[] = []): string {
  let start = value.indexOf('=?');
  if (start < 0) return value;
  let text = '';
  let copied = 0;
  let run: { charset: string; pieces: Uint8Array[] } | null = null;
  const flush = (): void => {
    if (run !== null) text += decodeText(concat(run.pieces), run.charset, faults);
    run = null;
  };
  while (start >= 0) {
    const word = readWord(value, start);
    if (word === 'none') break;
    if (word === null) {
      start = value.indexOf('=?', start + 2);
      continue;
    }
    const between = value.slice(copied, start);
    if (run === null || !isWhiteSpace(between)) {
      flush();
      text += between;
    }
    const octets = word.encoding === 'b' ? decodeB(word.text, faults) : decodeQ(word, faults);
    if (run !== null && run.charset !== word.charset) flush();
    if (run === null) run = { charset: word.charset, pieces: [octets] };
    else run.pieces.push(octets);
    copied = word.end;
    start = value.indexOf('=?', word.end);
  }
  flush();
  return text + value.slice(copied);
}

function isWhiteSpace(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code !== 32 && code !== 9 && code !== 10 && code !== 13) return false;
  }
  return true;
}

/** The word that begins at `start`; null: none there; 'none': none there nor behind. */
function readWord(value: string, start: number): Word | 'none' | null {
  let at = start + 2;
  while (
    at < value.length &&
    at - start <= charsetLengthMax &&
    isCharsetChar(value.charCodeAt(at))
  ) {
    at += 1;
  }
  if (at === start + 2 || value.charCodeAt(at) !== 63 || value.charCodeAt(at + 2) !== 63)
    return null;
  const letter = value.charAt(at + 1).toLowerCase();
  if (letter !== 'b' && letter !== 'q') return null;
  const end = value.indexOf('?=', at + 3);
  if (end < 0) return 'none';
  const label = value.slice(start + 2, at).toLowerCase();
  const star = label.indexOf('*');
  return {
    charset: star < 0 ? label : label.slice(0, star),
    encoding: letter,
    text: value.slice(at + 3, end),
    end: end + 2,
  };
}

function isCharsetChar(code: number): boolean {
  return code > 32 && code < 127 && code !== 63 && code !== 61 && code !== 34;
}

/** Does an encoded word begin here, whole and within a line's length? Its end, else -1. */
export function findWordEnd(value: string, start: number): number {
  const word = readWord(value.slice(start, start + lineLimits.lineBytesMax), 0);
  return word === null || word === 'none' ? -1 : start + word.end;
}

function decodeB(text: string, faults: Fault[]): Uint8Array {
  const bytes = new Uint8Array(Math.ceil((text.length * 3) / 4));
  let group = 0;
  let bits = 0;
  let length = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    const value = code < 128 ? base64Values[code]! : 255;
    if (value === 255) {
      if (code !== 61 && code !== 32 && code !== 9) noteFault(faults, 'encoded-word-broken', at);
      continue;
    }
    group = ((group << 6) | value) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[length++] = (group >> bits) & 255;
  }
  if (bits === 6) noteFault(faults, 'encoded-word-broken', text.length);
  return bytes.subarray(0, length);
}

function decodeQ({ text, charset }: Word, faults: Fault[]): Uint8Array {
  const source = octetsAsSent(text, charset);
  const bytes = new Uint8Array(source.length);
  let length = 0;
  for (let at = 0; at < source.length; at += 1) {
    const octet = source[at]!;
    if (octet === 0x5f) bytes[length++] = 32;
    else if (octet === 0x3d) {
      const code = hexPair(source, at + 1);
      if (code < 0) noteFault(faults, 'encoded-word-broken', at);
      bytes[length++] = code < 0 ? octet : code;
      if (code >= 0) at += 2;
    } else bytes[length++] = octet;
  }
  return bytes.subarray(0, length);
}

/** What Q may carry as itself in every place where encoded words may stand. RFC 2047 §5 (3). */
const plainInQ: readonly boolean[] = Array.from({ length: 128 }, (_, code) =>
  /[A-Za-z0-9!*+\-/]/u.test(String.fromCharCode(code)),
);

const hexDigits = '0123456789ABCDEF';

function encodeQ(octets: Uint8Array): string {
  let text = '';
  for (const octet of octets) {
    if (octet === 32) text += '_';
    else if (plainInQ[octet] === true) text += String.fromCharCode(octet);
    else text += `=${hexDigits[octet >> 4]}${hexDigits[octet & 15]}`;
  }
  return text;
}

/**
 * Text as encoded words in UTF-8, each of at most 75 characters (the first of at most `firstMax`)
 * and of whole characters; put spaces or folds between them. Whichever of B and Q is shorter is
 * taken.
 *
 * @example
 * encodeWords('Grüße'); // ['=?utf-8?Q?Gr=C3=BC=C3=9Fe?=']
 */
export function encodeWords(text: string, firstMax: number = lineLimits.encodedWordMax): string[] {
  const whole = utf8(text);
  const isQ = encodeQ(whole).length <= Math.ceil(whole.length / 3) * 4;
  const frame = '=?utf-8?Q??='.length;
  const words: string[] = [];
  let room = Math.max(Math.min(firstMax, lineLimits.encodedWordMax) - frame, 12);
  let piece = '';
  let used = 0;
  const finish = (): void => {
    words.push(isQ ? `=?utf-8?Q?${piece}?=` : `=?utf-8?B?${encodeBase64(utf8(piece))}?=`);
    room = lineLimits.encodedWordMax - frame;
    piece = '';
    used = 0;
  };
  for (const character of text.toWellFormed()) {
    const octets = utf8(character);
    const encoded = isQ ? encodeQ(octets) : character;
    const cost = isQ ? encoded.length : octets.length;
    const needed = isQ ? used + cost : Math.ceil((used + cost) / 3) * 4;
    if (needed > room && piece !== '') finish();
    piece += encoded;
    used += cost;
  }
  if (piece !== '') finish();
  return words;
}
