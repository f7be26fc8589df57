/**
 * The writer's end of the segments: one open file that grows by records, synced once per group of
 * operations and before their transaction commits.
 */

import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { recordBytesMax, writeRecord, type RawBytes } from './format.ts';
import { segmentFile, syncDirectory, type StorePaths } from './files.ts';

/** Where a blob lies. */
export interface Place {
  readonly segment: number;
  readonly offset: number;
  /** Of the whole record. */
  readonly storedSize: number;
  readonly rawSize: number;
}

/**
 * The file is lengthened by zeros in such steps: a sync then need not write the file's size too.
 */
const growBytes = 1024 * 1024;
const zeros = Buffer.alloc(growBytes);

export class SegmentAppender {
  readonly #paths: StorePaths;
  #fd = -1;
  #id: number;
  /** End of what has been written. */
  #length: number;
  /** End of what has been synced. */
  #synced: number;
  /** End of the file, zeros included. */
  #allocated = 0;
  #buffer = Buffer.allocUnsafeSlow(256 * 1024);
  #pending = 0;
  #folderDirty = false;
  syncs = 0;

  readonly #fullBytes: number;

  /** Goes on in segment `id` after `length` octets; it is full from `fullBytes` on. */
  constructor(
    paths: StorePaths,
    start: { readonly id: number; readonly length: number; readonly fullBytes: number },
  ) {
    this.#paths = paths;
    this.#id = start.id;
    this.#length = start.length;
    this.#synced = start.length;
    this.#fullBytes = start.fullBytes;
  }

  get id(): number {
    return this.#id;
  }

  /** Octets written, synced or not. */
  get length(): number {
    return this.#length;
  }

  /** Takes a record into the buffer; it lies on disk after `sync`. */
  append(body: { readonly hash: Uint8Array; readonly raw: RawBytes }): Place {
    const room = recordBytesMax(body.raw.length);
    if (this.#pending + room > this.#buffer.length) {
      this.#write();
      if (room > this.#buffer.length) this.#buffer = Buffer.allocUnsafeSlow(room);
    }
    const storedSize = writeRecord(this.#buffer, this.#pending, body);
    const place = {
      segment: this.#id,
      offset: this.#length,
      storedSize,
      rawSize: body.raw.length,
    };
    this.#pending += storedSize;
    this.#length += storedSize;
    return place;
  }

  /** Everything appended is on disk afterwards. */
  sync(): void {
    if (this.#length === this.#synced && !this.#folderDirty) return;
    this.#write();
    fdatasyncSync(this.#fd);
    this.syncs += 1;
    if (this.#folderDirty) this.syncFolder();
    this.#synced = this.#length;
  }

  /**
   * What was appended behind `length` and is not written yet; null when some of it is, or when the
   * file itself is not safely there.
   */
  pendingBehind(length: number): Uint8Array | null {
    const octets = this.#length - length;
    if (this.#fd < 0 || this.#folderDirty || octets > this.#pending) return null;
    return this.#buffer.subarray(this.#pending - octets, this.#pending);
  }

  /** Everything appended can be read afterwards; it is not on disk yet. */
  write(): void {
    this.#write();
  }

  /** For files that were renamed into the folder by others too. */
  syncFolder(): void {
    syncDirectory(this.#paths.segments);
    this.#folderDirty = false;
    this.syncs += 1;
  }

  /** Forgets what was appended after `length`: its transaction did not come about. */
  rewind(length: number): void {
    this.#pending = 0;
    this.#length = length;
    this.#synced = Math.min(this.#synced, length);
  }

  get isFull(): boolean {
    return this.#length >= this.#fullBytes;
  }

  /** Goes on in another, new segment. The old file loses its zeros and stays as it is for ever. */
  startNext(id: number): void {
    this.close();
    this.#id = id;
    this.#length = 0;
    this.#synced = 0;
    this.#allocated = 0;
  }

  /** After a failed sync nobody knows what is on disk: leave that file alone for ever. */
  abandon(id: number): void {
    this.#pending = 0;
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
    this.#id = id;
    this.#length = 0;
    this.#synced = 0;
    this.#allocated = 0;
  }

  close(): void {
    if (this.#fd < 0) return;
    ftruncateSync(this.#fd, this.#length);
    fsyncSync(this.#fd);
    closeSync(this.#fd);
    this.#fd = -1;
  }

  #open(): void {
    const file = segmentFile(this.#paths, this.#id);
    this.#folderDirty = !existsSync(file);
    this.#fd = openSync(file, this.#folderDirty ? 'w+' : 'r+', 0o600);
    this.#allocated = fstatSync(this.#fd).size;
  }

  #write(): void {
    if (this.#fd < 0) this.#open();
    if (this.#pending === 0) return;
    const end = this.#length;
    writeAll(this.#fd, this.#buffer.subarray(0, this.#pending), end - this.#pending);
    this.#pending = 0;
    if (end <= this.#allocated) return;
    const target = Math.ceil(end / growBytes) * growBytes;
    this.#allocated = end;
    writeAll(this.#fd, zeros.subarray(0, target - end), end);
    this.#allocated = target;
  }
}

function writeAll(fd: number, bytes: Uint8Array, position: number): void {
  let done = 0;
  while (done < bytes.length) {
    done += writeSync(fd, bytes, done, bytes.length - done, position + done);
  }
}

/** Cuts a file behind its last whole record. */
export function cutSegment(paths: StorePaths, id: number, length: number): boolean {
  const file = segmentFile(paths, id);
  if (!existsSync(file)) return false;
  const fd = openSync(file, 'r+');
  try {
    if (fstatSync(fd).size <= length) return false;
    ftruncateSync(fd, length);
    fsyncSync(fd);
    return true;
  } finally {
    closeSync(fd);
  }
}

/** Makes a spooled body a segment of its own. The folder must be synced before the commit. */
export function adoptSpool(paths: StorePaths, spool: string, id: number): void {
  renameSync(spool, segmentFile(paths, id));
}
