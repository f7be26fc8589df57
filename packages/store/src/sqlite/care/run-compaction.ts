/**
 * Compaction as a whole: the care thread copies, the writer moves the blobs over and drops the old
 * file.
 */

import type { WriterClient } from '../writer/client.ts';
import type { CareClient } from './client.ts';
import type { CompactedSegment } from './tasks.ts';

/** Blobs moved in one operation: a few milliseconds of the writer's time. */
const movesMax = 1000;
/** Segments of one run; the next one comes. */
const segmentsMax = 64;

/** Answers how many segments went. `segments`: only these. */
export async function compact(
  writer: WriterClient,
  care: CareClient,
  what: { readonly deadShareMin: number; readonly segments?: readonly number[] },
): Promise<number> {
  const { deadShareMin, segments = null } = what;
  if (segments?.length === 0) return 0;
  const growing = await writer.perform('noteSegments', null);
  for (let count = 0; count < segmentsMax; count += 1) {
    const copied = await care.perform('compact', { growing, deadShareMin, segments });
    if (copied === null || !(await replace(writer, copied))) return count;
  }
  return segmentsMax;
}

async function replace(writer: WriterClient, copied: CompactedSegment): Promise<boolean> {
  const { victim, file, hashes, places } = copied;
  if (file !== null) {
    const to = await writer.perform('adoptSegment', { file });
    for (let from = 0; from * 4 < places.length; from += movesMax) {
      await writer.perform('moveBlobs', {
        from: victim,
        to,
        hashes: hashes.slice(from * 32, (from + movesMax) * 32),
        places: places.slice(from * 4, (from + movesMax) * 4),
      });
    }
  }
  return writer.perform('dropSegment', { segment: victim });
}
