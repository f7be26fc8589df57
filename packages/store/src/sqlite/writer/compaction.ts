/**
 * Compaction, the writer's half: a copied segment is taken over, blobs move to it in slices, and
 * the old file goes when nothing refers to it any more.
 */

import { statSync } from 'node:fs';
import type { WriterContext } from './context.ts';

export interface BlobMoves {
  readonly from: number;
  readonly to: number;
  /** 32 octets each. */
  readonly hashes: Uint8Array;
  /** Four numbers each: where it was, where it is, stored size, raw size. */
  readonly places: Float64Array;
}

/** Answers the number of the new segment. */
export function adoptSegment(context: WriterContext, file: string): number {
  return context.blobs.adoptFile(file, statSync(file).size);
}

/** What was expunged meanwhile, or lies elsewhere by now, stays as it is. */
export function moveBlobs(context: WriterContext, moves: BlobMoves): number {
  let moved = 0;
  for (let index = 0; index * 4 < moves.places.length; index += 1) {
    const [was = 0, is = 0, storedSize = 0] = moves.places.subarray(index * 4, index * 4 + 4);
    const count = context.db.run(
      'UPDATE blob SET segment_id = ?, offset = ? WHERE hash = ? AND segment_id = ? AND offset = ?',
      moves.to,
      is,
      moves.hashes.subarray(index * 32, index * 32 + 32),
      moves.from,
      was,
    );
    if (count === 0) continue;
    context.blobs.move({ from: moves.from, to: moves.to, storedSize });
    moved += 1;
  }
  return moved;
}

/** false: something still lies in it. */
export function dropSegment(context: WriterContext, id: number): boolean {
  return context.blobs.dropSegment(id);
}
