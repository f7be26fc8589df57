/**
 * Long reads in short steps: SQLite answers synchronously, so the event loop gets its turn in
 * between.
 */

import { setImmediate } from 'node:timers/promises';

/** Rows read without giving way: one or two milliseconds. */
export const sliceMax = 1000;

/** All rows, read by keyset: `read` answers those behind `after`. */
export async function inSlices<T>(
  read: (after: T | undefined, limit: number) => readonly T[],
): Promise<T[]> {
  const rows: T[] = [];
  for (;;) {
    const slice = read(rows.at(-1), sliceMax);
    rows.push(...slice);
    if (slice.length < sliceMax) return rows;
    await setImmediate();
  }
}
