/**
 * The redo log: what was accepted since the last synced commit, bodies and all, in one small file
 * that is written over and over. A group that only stores messages is durable when it lies here,
 * with one short sync; its commit and its segment reach the disk with the next commit that is
 * synced, and then the log begins anew. After a power cut what is missing is done again from here.
 *
 *     record  magic u32 · epoch u48 · number u48 · text length u32 · octets u32 ·
 *             segment u48 · offset u48 · CRC-32 of all that and of what follows · text · octets
 *
 * Little-endian. The text is JSON: the operations. The octets are what the segment got, and where.
 */

import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fstatSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { crc32 } from 'node:zlib';
import { machineTrouble } from '../database.ts';
import { syncDirectory, type StorePaths } from '../segments/files.ts';

/** Large enough for some hundred messages, small enough to be read in no time. */
export const redoBytesMax = 2 * 1024 * 1024;
const headerBytes = 40;
const magic = 0x3244524d; // "MRD2"

export interface RedoRecord {
  readonly number: number;
  readonly text: string;
  /** What was appended to the segment at `offset`. */
  readonly octets: Uint8Array;
  readonly segment: number;
  readonly offset: number;
}

export class RedoLog {
  readonly #paths: StorePaths;
  readonly #epoch: number;
  #fd = -1;
  #end = 0;
  #number = 0;
  /** Up to this record nothing need be done again. */
  #floor = 0;
  #buffer = Buffer.allocUnsafeSlow(64 * 1024);
  /** Nobody knows what it holds, or there was no room for it: it is not used any more. */
  #isBroken = false;
  #isKept = false;
  syncs = 0;

  constructor(paths: StorePaths, epoch: number) {
    this.#paths = paths;
    this.#epoch = epoch;
  }

  /** Of the last record that was written, whatever became of it. */
  get number(): number {
    return this.#number;
  }

  /** Is there room for a record of that size? Makes the file when it is not there. */
  hasRoom(textLength: number, octets: number): boolean {
    // Text may take two octets for a character that is latin1.
    const size = headerBytes + 2 * textLength + octets;
    if (this.#isBroken || this.#end + size > redoBytesMax) return false;
    return this.#fd >= 0 || this.#open();
  }

  /** On disk when this returns. */
  append(record: Omit<RedoRecord, 'number'>): void {
    const { text, octets, segment, offset } = record;
    const room = headerBytes + 2 * text.length + octets.length;
    if (room > this.#buffer.length) this.#buffer = Buffer.allocUnsafeSlow(room);
    const buffer = this.#buffer;
    const textLength = buffer.write(text, headerBytes, 'utf8');
    buffer.set(octets, headerBytes + textLength);
    const size = headerBytes + textLength + octets.length;
    this.#number += 1;
    buffer.writeUInt32LE(magic, 0);
    buffer.writeUIntLE(this.#epoch, 4, 6);
    buffer.writeUIntLE(this.#number, 10, 6);
    buffer.writeUInt32LE(textLength, 16);
    buffer.writeUInt32LE(octets.length, 20);
    buffer.writeUIntLE(segment, 24, 6);
    buffer.writeUIntLE(offset, 30, 6);
    buffer.writeUInt32LE(crcOf(buffer, size), 36);
    this.#write(buffer.subarray(0, size), this.#end);
    this.#end += size;
  }

  /** Is there anything that would be done again? */
  get isAhead(): boolean {
    return !this.#isKept && this.#number > this.#floor;
  }

  /** Everything in it is in the database, and the database is on disk. */
  reset(): void {
    if (this.#isKept) return;
    this.#floor = this.#number;
    this.#end = 0;
  }

  /**
   * A sync of the segment has failed, and what was answered may be whole nowhere but here: it stays
   * as it is until the store is opened again.
   */
  keep(): void {
    if (!this.isAhead) return;
    this.#isKept = true;
    this.#isBroken = true;
  }

  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  #write(bytes: Uint8Array, position: number): void {
    try {
      let done = 0;
      while (done < bytes.length) {
        done += writeSync(this.#fd, bytes, done, bytes.length - done, position + done);
      }
      fdatasyncSync(this.#fd);
      this.syncs += 1;
    } catch (error) {
      this.#isBroken = true;
      throw error;
    }
  }

  /** Full length from the beginning: a sync then need not write the file's size too. */
  #open(): boolean {
    try {
      const isNew = !existsSync(this.#paths.redo);
      this.#fd = openSync(this.#paths.redo, isNew ? 'w+' : 'r+', 0o600);
      const { size } = fstatSync(this.#fd);
      if (size < redoBytesMax) this.#write(Buffer.alloc(redoBytesMax - size), size);
      if (isNew) syncDirectory(this.#paths.directory);
      return true;
    } catch (error) {
      if (machineTrouble(error) === null) throw error;
      this.#isBroken = true;
      return false;
    }
  }
}

/** The records in a row that follow `floor`; none when the log is of another time. */
export function readRedo(paths: StorePaths, epoch: number, floor: number): RedoRecord[] {
  if (!existsSync(paths.redo)) return [];
  const fd = openSync(paths.redo, 'r');
  try {
    const bytes = Buffer.alloc(Math.min(fstatSync(fd).size, redoBytesMax));
    let done = 0;
    while (done < bytes.length) {
      const count = readSync(fd, bytes, done, bytes.length - done, done);
      if (count === 0) break;
      done += count;
    }
    return readRecords(bytes.subarray(0, done), epoch, floor);
  } finally {
    closeSync(fd);
  }
}

function readRecords(bytes: Buffer, epoch: number, floor: number): RedoRecord[] {
  const records: RedoRecord[] = [];
  let at = 0;
  while (at + headerBytes <= bytes.length) {
    const record = bytes.subarray(at);
    const textLength = record.readUInt32LE(16);
    const octets = record.readUInt32LE(20);
    const size = headerBytes + textLength + octets;
    const isNext =
      record.readUInt32LE(0) === magic &&
      record.readUIntLE(4, 6) === epoch &&
      record.readUIntLE(10, 6) === floor + records.length + 1 &&
      size <= record.length &&
      crcOf(record, size) === record.readUInt32LE(36);
    if (!isNext) break;
    const text = headerBytes + textLength;
    records.push({
      number: record.readUIntLE(10, 6),
      text: record.toString('utf8', headerBytes, text),
      octets: record.subarray(text, size),
      segment: record.readUIntLE(24, 6),
      offset: record.readUIntLE(30, 6),
    });
    at += size;
  }
  return records;
}

function crcOf(record: Buffer, size: number): number {
  return crc32(record.subarray(headerBytes, size), crc32(record.subarray(0, 36)));
}
