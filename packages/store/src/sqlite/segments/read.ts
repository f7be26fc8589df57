/**
 * Reading bodies: every chunk that comes out has been verified against its CRC, and the record
 * against the hash the database knows. What was written since the store was opened is read at once
 * (it lies in the page cache), older bodies without blocking the thread.
 */

import { close, open, read, readSync, openSync } from 'node:fs';
import { promisify } from 'node:util';
import { CorruptBlob } from '../../contract.ts';
import type { Place } from './append.ts';
import { segmentFile, type StorePaths } from './files.ts';
import {
  frameBytesMax,
  frameHeaderBytes,
  readFrame,
  readFrameHeader,
  readRecordHeader,
  recordHeaderBytes,
  type RecordHeader,
} from './format.ts';

const openAsync = promisify(open);
const readAsync = promisify(read);
const filesMax = 64;
/** Records up to this size are read in one piece. */
const oneReadBytesMax = 320 * 1024;

interface OpenSegment {
  readonly fd: number;
  users: number;
  isEvicted: boolean;
}

export class SegmentReader {
  readonly #paths: StorePaths;
  /** Segments from this one on were written by this process. */
  readonly #freshFrom: number;
  readonly #files = new Map<number, OpenSegment>();

  constructor(paths: StorePaths, freshFrom: number) {
    this.#paths = paths;
    this.#freshFrom = freshFrom;
  }

  /** The raw octets in chunks of at most 256 KiB. Throws `CorruptBlob`. */
  async *read(place: Place, hash: Uint8Array): AsyncGenerator<Uint8Array> {
    const segment = await this.#acquire(place.segment);
    try {
      if (place.storedSize <= oneReadBytesMax) {
        const bytes = await this.#bytes(segment, place, {
          offset: place.offset,
          length: place.storedSize,
        });
        checkHeader(bytes, place, hash);
        let at = recordHeaderBytes;
        while (at < bytes.length) {
          const frame = readFrame(bytes, at, whereOf(place));
          yield frame;
          at += frameHeaderBytes + bytes.readUInt32LE(at + 8);
        }
      } else yield* this.#readFrames(segment, place, hash);
    } finally {
      this.#release(segment);
    }
  }

  /** Octets as they lie there, records and all: for `unpackRecord`. */
  async readRun(
    segment: number,
    range: { readonly offset: number; readonly length: number },
  ): Promise<Buffer> {
    const file = await this.#acquire(segment);
    const { offset, length } = range;
    try {
      return await this.#bytes(file, { segment, offset, storedSize: length, rawSize: 0 }, range);
    } finally {
      this.#release(file);
    }
  }

  close(): void {
    for (const [id, segment] of this.#files) this.#evict(id, segment);
  }

  /** Frame by frame: memory stays bounded whatever the size. */
  async *#readFrames(
    segment: OpenSegment,
    place: Place,
    hash: Uint8Array,
  ): AsyncGenerator<Uint8Array> {
    const where = whereOf(place);
    const head = await this.#bytes(segment, place, {
      offset: place.offset,
      length: recordHeaderBytes,
    });
    const header = checkHeader(head, place, hash);
    const end = place.offset + place.storedSize;
    let at = place.offset + recordHeaderBytes;
    for (let index = 0; index < header.frames; index += 1) {
      const length = Math.min(frameHeaderBytes + frameBytesMax, end - at);
      const bytes = await this.#bytes(segment, place, { offset: at, length });
      const frame = readFrameHeader(bytes, 0);
      if (frame === null) throw new CorruptBlob(where, 'no frame head where one should be');
      yield readFrame(bytes, 0, where);
      at += frameHeaderBytes + frame.storedSize;
    }
    if (at !== end) throw new CorruptBlob(where, 'the frames do not fill the record');
  }

  async #bytes(
    segment: OpenSegment,
    place: Place,
    range: { readonly offset: number; readonly length: number },
  ): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(range.length);
    let done = 0;
    while (done < range.length) {
      const left = range.length - done;
      const position = range.offset + done;
      const count =
        place.segment >= this.#freshFrom
          ? readSync(segment.fd, bytes, done, left, position)
          : (await readAsync(segment.fd, bytes, done, left, position)).bytesRead;
      if (count === 0) throw new CorruptBlob(whereOf(place), 'the segment ends too early');
      done += count;
    }
    return bytes;
  }

  async #acquire(id: number): Promise<OpenSegment> {
    let segment = this.#files.get(id);
    if (segment === undefined) {
      const file = segmentFile(this.#paths, id);
      const fd = id >= this.#freshFrom ? openSync(file, 'r') : await openAsync(file, 'r');
      // Somebody else may have opened it meanwhile; both descriptors are good, one is kept.
      segment = { fd, users: 0, isEvicted: this.#files.has(id) };
      if (!segment.isEvicted) this.#files.set(id, segment);
    } else {
      this.#files.delete(id); // to the end of the line: the first one is the least used
      this.#files.set(id, segment);
    }
    segment.users += 1;
    if (this.#files.size > filesMax) {
      const [oldest] = this.#files;
      if (oldest !== undefined) this.#evict(...oldest);
    }
    return segment;
  }

  #release(segment: OpenSegment): void {
    segment.users -= 1;
    if (segment.isEvicted && segment.users === 0) closeQuietly(segment.fd);
  }

  #evict(id: number, segment: OpenSegment): void {
    this.#files.delete(id);
    segment.isEvicted = true;
    if (segment.users === 0) closeQuietly(segment.fd);
  }
}

/** Nothing was written through it: a failing close loses nothing. */
function closeQuietly(fd: number): void {
  close(fd, () => undefined);
}

function checkHeader(bytes: Buffer, place: Place, hash: Uint8Array): RecordHeader {
  const header = readRecordHeader(bytes, 0);
  const where = whereOf(place);
  if (header === null) throw new CorruptBlob(where, 'no record where the database knows one');
  if (Buffer.compare(header.hash, hash) !== 0) throw new CorruptBlob(where, 'another body');
  const isFitting =
    header.rawSize === place.rawSize && header.storedSize + recordHeaderBytes === place.storedSize;
  if (!isFitting) throw new CorruptBlob(where, 'the sizes are not those of the database');
  return header;
}

/** The raw octets of a whole record, verified. Throws `CorruptBlob`. */
export function unpackRecord(record: Buffer, place: Place, hash: Uint8Array): Uint8Array {
  checkHeader(record, place, hash);
  const frames: Uint8Array[] = [];
  for (let at = recordHeaderBytes; at < record.length;) {
    frames.push(readFrame(record, at, whereOf(place)));
    at += frameHeaderBytes + record.readUInt32LE(at + 8);
  }
  const [only] = frames;
  return frames.length === 1 && only !== undefined ? only : Buffer.concat(frames);
}

export function whereOf(place: Place): string {
  return `segment ${place.segment} at ${place.offset}`;
}
