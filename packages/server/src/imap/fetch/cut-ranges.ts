/** A window on a set of messages, counted from either end. RFC 9394 §3.4. */

import type { PartialRange } from '@merpati/formats/imap/search-key.ts';
import type { NumberRange } from '@merpati/formats/imap/sequence-set.ts';
import { countOf } from './slices.ts';

/** @example cutRanges([{ from: 5, to: 9 }], { isFromEnd: true, from: 1, to: 2 }) // 8:9 */
export function cutRanges(
  ranges: readonly NumberRange[],
  { isFromEnd, from, to }: PartialRange,
): readonly NumberRange[] {
  const count = countOf(ranges);
  const first = isFromEnd ? count - to : from - 1;
  const end = isFromEnd ? count - from + 1 : to;
  const cut: NumberRange[] = [];
  let at = 0;
  for (const range of ranges) {
    const size = range.to - range.from + 1;
    const skip = Math.max(0, first - at);
    const keep = Math.min(size, end - at);
    if (keep > skip) cut.push({ from: range.from + skip, to: range.from + keep - 1 });
    at += size;
  }
  return cut;
}
