/** From what the database knows of a message to its octets. */

import { CorruptBlob, type StoredBody } from '../../contract.ts';
import type { Database } from '../database.ts';
import type { Place } from '../segments/append.ts';
import type { StorePaths } from '../segments/files.ts';
import { SegmentReader, unpackRecord } from '../segments/read.ts';

/** A body by what the database knows of it. */
export interface PlacedBody {
  readonly place: Place;
  readonly hash: Uint8Array;
  readonly prefix: Uint8Array;
}

/** Octets between two bodies that are read and thrown away rather than reading twice. */
const gapBytesMax = 16 * 1024;
/** Octets read in one go. */
const runBytesMax = 1024 * 1024;

export class Bodies {
  readonly #db: Database;
  readonly #reader: SegmentReader;

  constructor(db: Database, paths: StorePaths, freshFrom: number) {
    this.#db = db;
    this.#reader = new SegmentReader(paths, freshFrom);
  }

  /** null: no such blob. */
  find(content: { readonly hash: Uint8Array; readonly prefix: Uint8Array }): StoredBody | null {
    const place = this.#place(content.hash);
    if (place === null) return null;
    const { hash, prefix } = content;
    const read = this.#read.bind(this);
    return {
      prefix,
      size: prefix.length + place.rawSize,
      async *chunks() {
        if (prefix.length > 0) yield prefix;
        yield* read(place, hash);
      },
    };
  }

  /**
   * Small bodies with their prefixes, in the order asked for; null for one that cannot be read,
   * because it is damaged or was moved meanwhile.
   */
  async whole(bodies: readonly PlacedBody[]): Promise<(Uint8Array | null)[]> {
    const answer: (Uint8Array | null)[] = bodies.map(() => null);
    for (const run of runsOf(bodies)) {
      const octets = await this.#readRun(run);
      if (octets === null) continue;
      for (const index of run.bodies) {
        const { place, hash, prefix } = bodies[index]!;
        const at = place.offset - run.offset;
        const record = octets.subarray(at, at + place.storedSize);
        answer[index] = unpackWhole(record, { place, hash, prefix });
      }
    }
    return answer;
  }

  async #readRun(run: Run): Promise<Buffer | null> {
    try {
      return await this.#reader.readRun(run.segment, run);
    } catch {
      return null; // Whoever reads it alone hears why.
    }
  }

  close(): void {
    this.#reader.close();
  }

  /**
   * A compaction may move a body between the look at its place and the reading: then look again.
   */
  async *#read(place: Place, hash: Uint8Array): AsyncGenerator<Uint8Array> {
    let hasBegun = false;
    try {
      for await (const chunk of this.#reader.read(place, hash)) {
        hasBegun = true;
        yield chunk;
      }
    } catch (error) {
      const moved = this.#place(hash);
      const isElsewhere = moved !== null && moved.segment !== place.segment;
      if (hasBegun || !isElsewhere) throw error;
      yield* this.#reader.read(moved, hash);
    }
  }

  #place(hash: Uint8Array): Place | null {
    const row = this.#db.get<{
      segment_id: number;
      offset: number;
      stored_size: number;
      raw_size: number;
    }>('SELECT segment_id, offset, stored_size, raw_size FROM blob WHERE hash = ?', hash);
    if (row === undefined) return null;
    return {
      segment: row.segment_id,
      offset: row.offset,
      storedSize: row.stored_size,
      rawSize: row.raw_size,
    };
  }
}

/** Bodies that lie near each other. */
interface Run {
  readonly segment: number;
  readonly offset: number;
  length: number;
  /** Indices. */
  readonly bodies: number[];
}

function runsOf(bodies: readonly PlacedBody[]): readonly Run[] {
  const order = bodies.map((_, index) => index);
  order.sort((one, other) => {
    const [a, b] = [bodies[one]!.place, bodies[other]!.place];
    return a.segment - b.segment || a.offset - b.offset;
  });
  const runs: Run[] = [];
  for (const index of order) {
    const { segment, offset, storedSize } = bodies[index]!.place;
    const last = runs.at(-1);
    const gap = last?.segment === segment ? offset - (last.offset + last.length) : Infinity;
    const length = offset + storedSize - (last?.offset ?? 0);
    if (last !== undefined && gap <= gapBytesMax && length <= runBytesMax) {
      last.length = Math.max(last.length, length);
      last.bodies.push(index);
    } else runs.push({ segment, offset, length: storedSize, bodies: [index] });
  }
  return runs;
}

function unpackWhole(record: Buffer, { place, hash, prefix }: PlacedBody): Uint8Array | null {
  try {
    const raw = unpackRecord(record, place, hash);
    return prefix.length === 0 ? raw : Buffer.concat([prefix, raw]);
  } catch (error) {
    if (error instanceof CorruptBlob) return null;
    throw error;
  }
}
