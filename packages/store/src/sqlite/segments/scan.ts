/** Walking over the records of a segment, each verified, without trusting the database. */

import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { CorruptBlob } from '../../contract.ts';
import { segmentFile, type StorePaths } from './files.ts';
import {
  frameHeaderBytes,
  readFrame,
  readFrameHeader,
  readRecordHeader,
  recordHeaderBytes,
  type RecordHeader,
} from './format.ts';

export interface ScannedRecord {
  readonly offset: number;
  /** Of the whole record. */
  readonly storedSize: number;
  readonly rawSize: number;
  readonly hash: Uint8Array;
}

/**
 * The sound records in a row from `from` on; ends at the first that is not (zeros, a torn tail,
 * rot).
 */
export function* readRecords(
  paths: StorePaths,
  segmentId: number,
  from: number,
): Generator<ScannedRecord> {
  const file = segmentFile(paths, segmentId);
  if (!existsSync(file)) return;
  const fd = openSync(file, 'r');
  try {
    let offset = from;
    for (;;) {
      const record = recordAt(fd, offset);
      if (record === null) return;
      yield record;
      offset += record.storedSize;
    }
  } finally {
    closeSync(fd);
  }
}

/** The sound record that begins there, all frames verified; null when there is none. */
export function recordAt(
  fd: number,
  offset: number,
  onFrame: (raw: Uint8Array) => void = () => undefined,
): ScannedRecord | null {
  const header = readHeaderAt(fd, offset);
  if (header === null || !readFrames(fd, { offset, header }, onFrame)) return null;
  const storedSize = recordHeaderBytes + header.storedSize;
  return { offset, storedSize, rawSize: header.rawSize, hash: header.hash };
}

function readHeaderAt(fd: number, offset: number): RecordHeader | null {
  const head = readAt(fd, offset, recordHeaderBytes);
  return head === null ? null : readRecordHeader(head, 0);
}

/** Are all frames there, sound, and exactly as long as the header says? */
function readFrames(
  fd: number,
  record: { readonly offset: number; readonly header: RecordHeader },
  onFrame: (raw: Uint8Array) => void,
): boolean {
  let at = record.offset + recordHeaderBytes;
  const end = at + record.header.storedSize;
  let rawSize = 0;
  for (let index = 0; index < record.header.frames; index += 1) {
    const head = readAt(fd, at, frameHeaderBytes);
    const sizes = head === null ? null : readFrameHeader(head, 0);
    if (sizes === null) return false;
    const whole = readAt(fd, at, frameHeaderBytes + sizes.storedSize);
    if (whole === null) return false;
    try {
      onFrame(readFrame(whole, 0, ''));
    } catch (error) {
      if (error instanceof CorruptBlob) return false;
      throw error;
    }
    rawSize += sizes.rawSize;
    at += whole.length;
  }
  return at === end && rawSize === record.header.rawSize;
}

/** null: the file ends before. */
function readAt(fd: number, offset: number, length: number): Buffer | null {
  const bytes = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const count = readSync(fd, bytes, done, length - done, offset + done);
    if (count === 0) return null;
    done += count;
  }
  return bytes;
}
