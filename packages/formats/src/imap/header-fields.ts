/**
 * Picks fields by name out of octets that are nothing but whole fields, as the store keeps those
 * that clients ask for. Runs for every message of a listing. RFC 9051 §6.4.5.1 (HEADER.FIELDS).
 */

import { utf8 } from '../bytes.ts';

const lf = 10;
const tab = 9;
const space = 32;
const colon = 58;

/** Names of fields, to be looked for without regard to case. */
export class FieldNames {
  /** In lower case, by their lengths: most lines need no closer look. */
  readonly #byLength: (Uint8Array[] | undefined)[] = [];

  constructor(names: readonly string[]) {
    for (const name of new Set(names.map((one) => one.toLowerCase()))) {
      (this.#byLength[name.length] ??= []).push(utf8(name));
    }
  }

  has(octets: Uint8Array, from: number, to: number): boolean {
    const candidates = this.#byLength[to - from];
    if (candidates === undefined) return false;
    for (const name of candidates) {
      let at = 0;
      while (at < name.length && lower(octets[from + at]!) === name[at]) at += 1;
      if (at === name.length) return true;
    }
    return false;
  }
}

function lower(octet: number): number {
  return octet >= 65 && octet <= 90 ? octet + 32 : octet;
}

/**
 * Calls `take` with the places of the fields that have these names, in their order; neighbours come
 * as one.
 *
 * @example
 * const names = new FieldNames(['from']);
 * pickFields(ascii('To: a@b.test\r\nFrom: c@d.test\r\n'), names, (start, end) => …); // 14, 30
 */
export function pickFields(
  head: Uint8Array,
  names: FieldNames,
  take: (start: number, end: number) => void,
): void {
  let start = -1;
  let at = 0;
  while (at < head.length) {
    const first = head[at];
    if (first !== space && first !== tab) {
      let end = at;
      while (end < head.length && head[end] !== colon && head[end] !== lf) end += 1;
      while (end > at && (head[end - 1] === space || head[end - 1] === tab)) end -= 1;
      if (!names.has(head, at, end)) {
        if (start >= 0) take(start, at);
        start = -1;
      } else if (start < 0) start = at;
    }
    const lineEnd = head.indexOf(lf, at);
    at = lineEnd < 0 ? head.length : lineEnd + 1;
  }
  if (start >= 0) take(start, head.length);
}
