/**
 * Parameter values that stand in pieces, put together for clients, as written otherwise. RFC 2231
 * §3, §4.1, §6.
 */

import { utf8 } from '../bytes.ts';

type Pair = readonly [name: string, value: string];

interface Piece {
  readonly text: string;
  readonly isEncoded: boolean;
}

const piece = /^([^*]+)\*(\d{1,3})(\*)?$/u;

/**
 * Joins `name*0`, `name*1*`, … into `name`, or into `name*` when one of them is encoded; the
 * pieces of a value with a gap stay as they are. Other parameters keep their order and places.
 *
 * @example
 * joinPieces([['a*0*', "utf-8''x"], ['a*1', 'y z'], ['b', 'c']]);
 * // [['a*', "utf-8''xy%20z"], ['b', 'c']]
 */
export function joinPieces(written: readonly Pair[]): readonly Pair[] {
  if (!written.some(([name]) => piece.test(name))) return written;
  const gathered = gatherPieces(written);
  const pairs: Pair[] = [];
  const done = new Set<string>();
  for (const pair of written) {
    const base = piece.exec(pair[0])?.[1];
    const pieces = base === undefined ? null : gathered.get(base);
    if (base === undefined || pieces === undefined || pieces === null) pairs.push(pair);
    else if (!done.has(base)) {
      done.add(base);
      pairs.push(joined(base, pieces));
    }
  }
  return pairs;
}

/** The pieces of each name in order; null where they are not whole, or not alone. */
function gatherPieces(written: readonly Pair[]): ReadonlyMap<string, readonly Piece[] | null> {
  const numbered = new Map<string, Map<number, Piece>>();
  for (const [name, text] of written) {
    const found = piece.exec(name);
    if (found === null) continue;
    const [, base, number, star] = found;
    const pieces = numbered.get(base!) ?? new Map<number, Piece>();
    numbered.set(base!, pieces);
    if (!pieces.has(Number(number))) {
      pieces.set(Number(number), { text, isEncoded: star !== undefined });
    }
  }
  const gathered = new Map<string, readonly Piece[] | null>();
  for (const [base, pieces] of numbered) {
    const row = Array.from({ length: pieces.size }, (_, number) => pieces.get(number));
    gathered.set(base, row.every((one) => one !== undefined) ? row : null);
  }
  return gathered;
}

function joined(base: string, pieces: readonly Piece[]): Pair {
  if (!pieces.some(({ isEncoded }) => isEncoded)) {
    return [base, pieces.map(({ text }) => text).join('')];
  }
  // RFC 2231 §4.1: the first piece tells charset and language; if it is plain, there are none.
  const mark = pieces[0]!.isEncoded ? '' : "''";
  const value = pieces.map(({ text, isEncoded }) => (isEncoded ? text : percent(text))).join('');
  return [`${base}*`, mark + value];
}

/** What is not an attribute-char (RFC 2231 §7), as octets in hexadecimal. */
function percent(text: string): string {
  return text.replace(/[^A-Za-z0-9!#$&+\-.^_`{|}~]/gu, (sign) =>
    Array.from(utf8(sign), (octet) => `%${octet.toString(16).toUpperCase().padStart(2, '0')}`).join(
      '',
    ),
  );
}
