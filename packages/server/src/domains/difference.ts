/** Where two texts differ, by character: what the other one lacks stands in ⟦ ⟧. */

export interface Difference {
  readonly expected: string;
  readonly found: string;
}

/** Longer texts are compared at their ends only: the table would have their product of cells. */
const charactersMax = 2000;
/** Fewer equal characters between two differences are chance, and marking them helps nobody. */
const islandMin = 3;

export function differenceOf(expected: string, found: string): Difference {
  const start = commonStart(expected, found);
  const end = commonEnd(expected.slice(start), found.slice(start));
  const head = expected.slice(0, start);
  const tail = expected.slice(expected.length - end);
  const middle = compare(
    expected.slice(start, expected.length - end),
    found.slice(start, found.length - end),
  );
  return { expected: head + middle.expected + tail, found: head + middle.found + tail };
}

function commonStart(one: string, other: string): number {
  let at = 0;
  while (at < one.length && at < other.length && one[at] === other[at]) at += 1;
  return at;
}

function commonEnd(one: string, other: string): number {
  let count = 0;
  while (
    count < one.length &&
    count < other.length &&
    one[one.length - 1 - count] === other[other.length - 1 - count]
  ) {
    count += 1;
  }
  return count;
}

function compare(expected: string, found: string): Difference {
  if (expected.length > charactersMax || found.length > charactersMax) {
    return { expected: mark(expected), found: mark(found) };
  }
  const pairs = longestCommon(expected, found);
  let [atExpected, atFound] = [0, 0];
  const out = { expected: '', found: '' };
  for (const { expected: i, found: j, length } of pairs) {
    out.expected += mark(expected.slice(atExpected, i)) + expected.slice(i, i + length);
    out.found += mark(found.slice(atFound, j)) + found.slice(j, j + length);
    [atExpected, atFound] = [i + length, j + length];
  }
  return {
    expected: out.expected + mark(expected.slice(atExpected)),
    found: out.found + mark(found.slice(atFound)),
  };
}

const mark = (text: string): string => (text === '' ? '' : `⟦${text}⟧`);

interface Island {
  readonly expected: number;
  readonly found: number;
  readonly length: number;
}

/** Runs of characters that both have in the same order; as long as possible in all. */
function longestCommon(one: string, other: string): Island[] {
  const width = other.length + 1;
  const lengths = new Uint16Array((one.length + 1) * width);
  for (let i = one.length - 1; i >= 0; i -= 1) {
    for (let j = other.length - 1; j >= 0; j -= 1) {
      const here = i * width + j;
      lengths[here] =
        one[i] === other[j]
          ? lengths[here + width + 1]! + 1
          : Math.max(lengths[here + width]!, lengths[here + 1]!);
    }
  }
  const islands: Island[] = [];
  let [i, j] = [0, 0];
  while (i < one.length && j < other.length) {
    const start = { expected: i, found: j };
    while (i < one.length && j < other.length && one[i] === other[j]) [i, j] = [i + 1, j + 1];
    if (i - start.expected >= islandMin) islands.push({ ...start, length: i - start.expected });
    if (i >= one.length || j >= other.length) break;
    if (lengths[(i + 1) * width + j]! >= lengths[i * width + j + 1]!) i += 1;
    else j += 1;
  }
  return islands;
}
