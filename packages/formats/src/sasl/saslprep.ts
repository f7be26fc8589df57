/**
 * SASLprep: user names and passwords in the form in which they are compared. RFC 4013, a profile of
 * stringprep (RFC 3454) over Unicode 3.2.
 */

import {
  lCat,
  mappedToNothing,
  nonAsciiSpaces,
  prohibited,
  randalCat,
  unassigned,
} from './stringprep-tables.ts';

/**
 * The prepared text, or null when it is not allowed. `stored` strings (what a server keeps) must
 * not have code points that Unicode 3.2 had not assigned; queries may (RFC 3454 §7).
 *
 * @example saslprep('I\u00adX', { stored: true }) // 'IX'
 */
export function saslprep(text: string, options: { stored: boolean }): string | null {
  if (isPlainAscii(text)) return text;
  const { unassigned, nothing, spaces, prohibited } = loadTables();
  let mapped = '';
  for (const sign of text) {
    const point = sign.codePointAt(0) ?? 0;
    if (has(spaces, point)) mapped += ' ';
    else if (!has(nothing, point)) mapped += sign;
  }
  const normal = normalize(mapped, unassigned);
  for (const sign of normal) {
    const point = sign.codePointAt(0) ?? 0;
    if (has(prohibited, point)) return null;
    if (options.stored && has(unassigned, point)) return null;
  }
  return isBidiSound(normal) ? normal : null;
}

function isPlainAscii(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code < 32 || code > 126) return false;
  }
  return true;
}

/**
 * NFKC as of Unicode 3.2: code points that were assigned later stay as they are, whatever today's
 * tables say of them (RFC 3454 §7.2 lets queries carry them).
 */
function normalize(text: string, unassigned: Ranges): string {
  let result = '';
  let run = '';
  for (const sign of text) {
    if (has(unassigned, sign.codePointAt(0) ?? 0)) {
      result += run.normalize('NFKC') + sign;
      run = '';
    } else {
      run += sign;
    }
  }
  return result + run.normalize('NFKC');
}

/**
 * RFC 3454 §6: with a right-to-left character, no left-to-right one, and both ends right-to-left.
 */
function isBidiSound(text: string): boolean {
  const { randal, left } = loadTables();
  const points = Array.from(text, (sign) => sign.codePointAt(0) ?? 0);
  if (!points.some((point) => has(randal, point))) return true;
  if (points.some((point) => has(left, point))) return false;
  return has(randal, points[0] ?? 0) && has(randal, points.at(-1) ?? 0);
}

/** Pairs of first and last, ascending. */
type Ranges = readonly number[];

interface Tables {
  readonly unassigned: Ranges;
  readonly nothing: Ranges;
  readonly spaces: Ranges;
  readonly prohibited: Ranges;
  readonly randal: Ranges;
  readonly left: Ranges;
}

let tables: Tables | null = null;

/** Read when the first text beyond ASCII comes: most processes never see one. */
function loadTables(): Tables {
  tables ??= {
    unassigned: readRanges(unassigned),
    nothing: readRanges(mappedToNothing),
    spaces: readRanges(nonAsciiSpaces),
    prohibited: readRanges(prohibited),
    randal: readRanges(randalCat),
    left: readRanges(lCat),
  };
  return tables;
}

function readRanges(table: string): Ranges {
  return table
    .trim()
    .split(/\s+/)
    .flatMap((range) => {
      const [first = '', last = first] = range.split('-');
      return [Number.parseInt(first, 16), Number.parseInt(last, 16)];
    });
}

function has(ranges: Ranges, point: number): boolean {
  let low = 0;
  let high = ranges.length / 2 - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (point < (ranges[middle * 2] ?? 0)) high = middle - 1;
    else if (point > (ranges[middle * 2 + 1] ?? 0)) low = middle + 1;
    else return true;
  }
  return false;
}
