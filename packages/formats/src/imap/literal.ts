/**
 * Literal markers: a line that ends in `{5}`, `{5+}` or `~{5}` is followed by that many octets.
 * RFC 9051 §4.3; RFC 7888 (LITERAL+, LITERAL-); RFC 3516 §4.4 (literal8).
 */

export interface LiteralMarker {
  /** More than 2^53 reads as inexact: far beyond every limit anyway. */
  readonly octets: number;
  /** The client waits for `+ `; otherwise the octets follow at once, whatever we think of them. */
  readonly isSync: boolean;
  /** `~{…}`: may hold NUL. */
  readonly isBinary: boolean;
  /** Where in the line the marker begins, its `~` included. */
  readonly at: number;
}

const open = 0x7b;
const close = 0x7d;
const plus = 0x2b;
const tilde = 0x7e;

/** Digits that are looked at: a longer number has no literal. */
const digitsMax = 20;

/**
 * The marker at the end of a line (without CRLF); null when there is none. Whatever else the line
 * is, a client that ends it so is going to send octets: read the marker first, judge the line
 * later.
 *
 * @example readLiteralMarker(ascii('a LOGIN {4+}')) // { octets: 4, isSync: false, … at: 8 }
 */
export function readLiteralMarker(line: Uint8Array): LiteralMarker | null {
  let at = line.length - 1;
  if (line[at] !== close) return null;
  at -= 1;
  const isSync = line[at] !== plus;
  if (!isSync) at -= 1;
  const last = at;
  let octets = 0;
  for (
    let scale = 1;
    at >= 0 && isDigit(line[at]!) && last - at < digitsMax;
    at -= 1, scale *= 10
  ) {
    octets += (line[at]! - 48) * scale;
  }
  if (at === last || line[at] !== open) return null;
  const isBinary = line[at - 1] === tilde;
  return { octets, isSync, isBinary, at: isBinary ? at - 1 : at };
}

function isDigit(octet: number): boolean {
  return octet >= 48 && octet <= 57;
}
