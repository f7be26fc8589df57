/**
 * Matches many names against the patterns of a LIST. A pattern of some thousand wildcards is slow
 * with long names however it is matched, so that other sessions have their turn in between.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { type ListPattern, makeListPattern } from '@merpati/formats/imap/list-pattern.ts';

const turnMs = 10;

export async function matchNames(
  names: Iterable<string>,
  reference: string,
  patterns: readonly string[],
): Promise<ReadonlySet<string>> {
  const made: readonly ListPattern[] = patterns.map((text) => makeListPattern(reference, text));
  const matching = new Set<string>();
  let sinceMs = performance.now();
  for (const name of names) {
    for (const pattern of made) {
      if (performance.now() - sinceMs > turnMs) {
        await nextTurn();
        sinceMs = performance.now();
      }
      if (!pattern.matches(name)) continue;
      matching.add(name);
      break;
    }
  }
  return matching;
}
