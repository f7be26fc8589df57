/**
 * Transfer encodings for content that goes out: which one fits, and its octets piece by piece.
 * RFC 2045 §2.7, §6.7, §6.8.
 */

import { utf8, writeBase64 } from '../bytes.ts';
import { lineLimits } from './limits.ts';

export type WrittenEncoding = '7bit' | '8bit' | 'quoted-printable' | 'base64';

/** What content is made of, as far as encodings care. */
export interface ContentShape {
  readonly has8bit: boolean;
  /** NUL, or CR or LF that are no line end: no identity encoding but binary may hold them. */
  readonly hasForbidden: boolean;
  readonly longestLine: number;
}

export function measureContent(bytes: Uint8Array): ContentShape {
  let has8bit = false;
  let hasForbidden = false;
  let longestLine = 0;
  let start = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const octet = bytes[at]!;
    if (octet > 0x7f) has8bit = true;
    else if (octet === 13 && bytes[at + 1] === 10) {
      if (at - start > longestLine) longestLine = at - start;
      at += 1;
      start = at + 1;
    } else if (octet === 0 || octet === 13 || octet === 10) hasForbidden = true;
  }
  return { has8bit, hasForbidden, longestLine: Math.max(longestLine, bytes.length - start) };
}

/** Text with CRLF line ends and whole characters, as octets; the last line is ended too. */
export function canonicalText(text: string): Uint8Array {
  const lines = text.toWellFormed().replace(/\r\n|\r|\n/gu, '\r\n');
  return utf8(lines === '' || lines.endsWith('\r\n') ? lines : `${lines}\r\n`);
}

/**
 * The encoding for text that `canonicalText` made: none where the way carries it and no line is
 * long, else the shorter one. Lines that begin with "From " are protected from mbox writers on
 * the way.
 */
export function chooseTextEncoding(
  bytes: Uint8Array,
  options: { readonly allow8bit: boolean },
): WrittenEncoding {
  const { has8bit, hasForbidden, longestLine } = measureContent(bytes);
  const isShort = longestLine <= lineLimits.headColumns;
  const isPlain = isShort && !hasForbidden && !hasFromLine(bytes);
  if (isPlain && !has8bit) return '7bit';
  if (isPlain && options.allow8bit) return '8bit';
  let escapes = 0;
  for (const octet of bytes) if (octet > 0x7e || octet === 0x3d) escapes += 1;
  return bytes.length + 2 * escapes <= (bytes.length * 4) / 3 ? 'quoted-printable' : 'base64';
}

function hasFromLine(bytes: Uint8Array): boolean {
  for (let at = bytes.indexOf(70); at >= 0; at = bytes.indexOf(70, at + 1)) {
    if ((at === 0 || bytes[at - 1] === 10) && isFrom(bytes, at)) return true;
  }
  return false;
}

function isFrom(bytes: Uint8Array, at: number): boolean {
  return (
    bytes[at] === 70 &&
    bytes[at + 1] === 114 &&
    bytes[at + 2] === 111 &&
    bytes[at + 3] === 109 &&
    bytes[at + 4] === 32
  );
}

/** Octets in an encoding, in chunks of bounded size; lines end in CRLF, the last one too. */
export function* encodeContent(
  bytes: Uint8Array,
  encoding: WrittenEncoding,
): Generator<Uint8Array> {
  if (encoding === 'base64') yield* encodeBase64Lines(bytes);
  else if (encoding === 'quoted-printable') yield encodeQuotedPrintable(bytes);
  else yield bytes;
}

const lineInput = (lineLimits.bodyColumns / 4) * 3;
const linesPerChunk = 512;

function* encodeBase64Lines(bytes: Uint8Array): Generator<Uint8Array> {
  const step = lineInput * linesPerChunk;
  for (let start = 0; start < bytes.length; start += step) {
    const end = Math.min(start + step, bytes.length);
    const lines = Math.ceil((end - start) / lineInput);
    const out = new Uint8Array(Math.ceil((end - start) / 3) * 4 + lines * 2);
    let length = 0;
    for (let at = start; at < end; at += lineInput) {
      length = writeBase64(bytes.subarray(at, Math.min(at + lineInput, end)), out, length);
      out[length] = 13;
      out[length + 1] = 10;
      length += 2;
    }
    yield out.subarray(0, length);
  }
}

const hexDigits = utf8('0123456789ABCDEF');

/**
 * Quoted-printable of text with CRLF line ends. What may be harmed on the way is encoded too:
 * white space at the end of a line, "From " at its beginning, a dot that stands alone. Characters
 * are not cut.
 */
export function encodeQuotedPrintable(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length * 3 + Math.ceil((bytes.length * 3) / 70) * 3 + 3);
  let length = 0;
  let column = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const octet = bytes[at]!;
    if (octet === 13 && bytes[at + 1] === 10) {
      out[length] = 13;
      out[length + 1] = 10;
      length += 2;
      at += 1;
      column = 0;
      continue;
    }
    const isEscaped = mustEscape(bytes, at, column);
    // A character's first octet asks for room for all of it.
    const needed = octet >= 0xc0 ? 3 * sequenceLength(octet) : isEscaped ? 3 : 1;
    if (column + needed > lineLimits.bodyColumns - 1) {
      out[length] = 0x3d;
      out[length + 1] = 13;
      out[length + 2] = 10;
      length += 3;
      column = 0;
    }
    if (isEscaped || mustEscape(bytes, at, column)) {
      out[length] = 0x3d;
      out[length + 1] = hexDigits[octet >> 4]!;
      out[length + 2] = hexDigits[octet & 15]!;
      length += 3;
      column += 3;
    } else {
      out[length] = octet;
      length += 1;
      column += 1;
    }
  }
  return out.subarray(0, length);
}

function mustEscape(bytes: Uint8Array, at: number, column: number): boolean {
  const octet = bytes[at]!;
  if (octet > 0x7e || octet === 0x3d) return true;
  const next = bytes[at + 1];
  if (octet === 32 || octet === 9) return next === undefined || next === 13;
  if (octet < 32) return true;
  if (column > 0) return false;
  if (octet === 0x2e) return next === undefined || next === 13;
  return octet === 70 && isFrom(bytes, at);
}

function sequenceLength(first: number): number {
  if (first >= 0xf0) return 4;
  return first >= 0xe0 ? 3 : 2;
}
