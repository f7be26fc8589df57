/** The text of a part as a client gets it: decoded, with LF, cut where it asks. RFC 8621 §4.1.4. */

import { utf8 } from '../bytes.ts';

export interface BodyValue {
  readonly value: string;
  readonly isEncodingProblem: boolean;
  readonly isTruncated: boolean;
}

/** `bytesMax` counts octets of UTF-8; 0: all of it. */
export function bodyValue(
  text: string,
  about: { readonly isHtml: boolean; readonly bytesMax: number; readonly hasFaults: boolean },
): BodyValue {
  const lines = text.replaceAll('\r\n', '\n');
  const { isHtml, bytesMax, hasFaults } = about;
  const value = bytesMax === 0 ? lines : cut(lines, bytesMax, isHtml);
  return { value, isEncodingProblem: hasFaults, isTruncated: value.length < lines.length };
}

/** Whole characters, and no half of a tag or character reference at the end. */
function cut(text: string, bytesMax: number, isHtml: boolean): string {
  // A character takes at least one octet: more of the text need not be looked at.
  const octets = utf8(text.slice(0, bytesMax + 1));
  if (octets.length <= bytesMax) return text;
  let end = bytesMax;
  while (end > 0 && (octets[end]! & 0xc0) === 0x80) end -= 1;
  const value = new TextDecoder().decode(octets.subarray(0, end));
  return isHtml ? withoutHalf(value) : value;
}

const referenceLengthMax = 32;

function withoutHalf(html: string): string {
  const tag = html.lastIndexOf('<');
  if (tag > html.lastIndexOf('>')) return html.slice(0, tag);
  const reference = html.lastIndexOf('&');
  const isHalf = reference > html.lastIndexOf(';') && html.length - reference <= referenceLengthMax;
  return isHalf ? html.slice(0, reference) : html;
}
