/**
 * Comparing text for people: i;unicode-casemap (RFC 5051 §2) and i;ascii-casemap (RFC 4790 §9.2).
 * Each maps a text to a form in which equal is equal, part is part, and order is that of the
 * UTF-8 octets. RFC 5255 §4 asks for it in SEARCH, SORT and THREAD.
 */

/**
 * The canonical form under i;unicode-casemap: each character in title case, then decomposed. Not
 * normalised as a whole: the collation has its own, simpler idea of equality.
 *
 * @example
 * unicodeCasemap('Grüße') === unicodeCasemap('GRU\u0308ßE'); // true
 */
export function unicodeCasemap(text: string): string {
  const firstOther = findNonAscii(text);
  if (firstOther < 0) return text.toUpperCase();
  let mapped = text.slice(0, firstOther).toUpperCase();
  for (const sign of text.slice(firstOther).toWellFormed()) {
    mapped += sign < '\u0080' ? sign.toUpperCase() : mapSign(sign);
  }
  return mapped;
}

/**
 * The canonical form under i;ascii-casemap: a to z in upper case, all else as it is.
 *
 * @example
 * asciiCasemap('iso-Ä'); // 'ISO-Ä'
 */
export function asciiCasemap(text: string): string {
  return text.replace(/[a-z]+/gu, (letters) => letters.toUpperCase());
}

/**
 * Orders two canonical forms as i;octet orders their UTF-8: by code points, which differs from
 * JavaScript's order by UTF-16 units. Negative, 0 or positive.
 */
export function compareOctetwise(one: string, other: string): number {
  const length = Math.min(one.length, other.length);
  for (let at = 0; at < length; at += 1) {
    const a = one.charCodeAt(at);
    const b = other.charCodeAt(at);
    if (a !== b) return isSurrogate(a) === isSurrogate(b) ? a - b : isSurrogate(a) ? 1 : -1;
  }
  return one.length - other.length;
}

/**
 * Only surrogates and U+E000 to U+FFFF change places between the two orders: a surrogate pair
 * stands for a character above all of the others.
 */
function isSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdfff;
}

function findNonAscii(text: string): number {
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) > 0x7f) return at;
  return -1;
}

/** Texts repeat few of the many characters. */
const mappedMax = 4096;
const mapped = new Map<string, string>();

function mapSign(sign: string): string {
  const known = mapped.get(sign);
  if (known !== undefined) return known;
  // Hangul syllables too: Unicode's data has their decomposition as a rule, not as a list.
  const result = titleCase(sign).normalize('NFKD');
  if (mapped.size < mappedMax) mapped.set(sign, result);
  return result;
}

/**
 * The simple title case of one character. JavaScript knows the upper case alone, and that in full:
 * where it gives several characters, or where title and upper case differ, Unicode's own list says.
 */
function titleCase(sign: string): string {
  const point = sign.codePointAt(0) ?? 0;
  const digraph = titleDigraphs.get(point);
  if (digraph !== undefined) return digraph;
  if (point >= 0x10d0 && point <= 0x10ff) return sign; // Georgian has no title case.
  if (point >= 0x1f80 && point <= 0x1fff) return titleGreek(sign, point);
  const upper = sign.toUpperCase();
  return isOneSign(upper) ? upper : sign;
}

/** Two letters in one: their title case is a third form. */
const titleDigraphs: ReadonlyMap<number, string> = new Map(
  ([0x1c5, 0x1c8, 0x1cb, 0x1f2] as const).flatMap((title) =>
    [title - 1, title, title + 1].map((point) => [point, String.fromCodePoint(title)] as const),
  ),
);

/** Letters with the iota below: their capitals stand 8 places on, of three of them 9. */
function titleGreek(sign: string, point: number): string {
  if (point <= 0x1faf) return String.fromCodePoint(point | 8);
  if (point === 0x1fb3 || point === 0x1fc3 || point === 0x1ff3) {
    return String.fromCodePoint(point + 9);
  }
  const upper = sign.toUpperCase();
  return isOneSign(upper) ? upper : sign;
}

function isOneSign(text: string): boolean {
  return text.length === ((text.codePointAt(0) ?? 0) > 0xffff ? 2 : 1);
}
