/** From what the database knows of a message to its octets. */

import type { StoredBody } from '../../contract.ts';
import type { Database } from '../database.ts';
import type { Place } from '../segments/append.ts';
import type { StorePaths } from '../segments/files.ts';
import { SegmentReader } from '../segments/read.ts';

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
