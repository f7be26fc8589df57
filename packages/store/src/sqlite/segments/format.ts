/**
 * Bodies on disk. A segment is a file of records; a record is a header and frames of at most 256
 * KiB, each with its own codec and CRC, so that any part can be verified without reading the rest.
 *
 *     header  magic u32 · version u8 · 3 zero · frame count u32 · raw size u48 ·
 *             stored size u48 · SHA-256 · CRC-32
 *     frame   codec u8 · 3 zero · raw size u32 · stored size u32 ·
 *             CRC-32 of these 12 octets and the stored ones
 *
 * Little-endian. `stored size` of the header counts the frames with their heads, not the header.
 */

import { constants, crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { CorruptBlob } from '../../contract.ts';

export const recordHeaderBytes = 60;
export const frameHeaderBytes = 16;
export const frameBytesMax = 256 * 1024;
/** A body beyond this is a segment file of its own. */
export const bodyInMemoryBytesMax = 512 * 1024;
export const segmentBytesMax = 64 * 1024 * 1024;
/** Below this compressing costs more time than the octets are worth (13 µs for 2 KB). */
const compressFromBytes = 4096;

const magic = 0x3152504d; // "MPR1"
const codecRaw = 0;
const codecZstd = 1;
const version = 1;

export interface RecordHeader {
  readonly frames: number;
  readonly rawSize: number;
  /** Of all frames with their heads. */
  readonly storedSize: number;
  readonly hash: Uint8Array;
}

export interface FrameHeader {
  readonly codec: number;
  readonly rawSize: number;
  readonly storedSize: number;
  readonly crc: number;
}

const zstdOptions = {
  params: { [constants.ZSTD_c_compressionLevel]: 1 },
  // What comes out of most bodies in one piece.
  chunkSize: 64 * 1024,
};

/** Compressed when it saves at least an eighth; otherwise null. */
export function compress(raw: Uint8Array): Uint8Array | null {
  if (raw.length < compressFromBytes) return null;
  const packed = zstdCompressSync(raw, zstdOptions);
  return packed.length <= raw.length - (raw.length >> 3) ? packed : null;
}

export function writeRecordHeader(target: Buffer, at: number, header: RecordHeader): void {
  target.writeUInt32LE(magic, at);
  target.writeUInt32LE(version, at + 4);
  target.writeUInt32LE(header.frames, at + 8);
  target.writeUIntLE(header.rawSize, at + 12, 6);
  target.writeUIntLE(header.storedSize, at + 18, 6);
  target.set(header.hash, at + 24);
  target.writeUInt32LE(crc32(target.subarray(at, at + 56)), at + 56);
}

/** null: there is no whole header here. */
export function readRecordHeader(source: Buffer, at: number): RecordHeader | null {
  if (at + recordHeaderBytes > source.length) return null;
  if (source.readUInt32LE(at) !== magic || source.readUInt32LE(at + 4) !== version) return null;
  if (crc32(source.subarray(at, at + 56)) !== source.readUInt32LE(at + 56)) return null;
  return {
    frames: source.readUInt32LE(at + 8),
    rawSize: source.readUIntLE(at + 12, 6),
    storedSize: source.readUIntLE(at + 18, 6),
    hash: Uint8Array.from(source.subarray(at + 24, at + 56)),
  };
}

/** Writes the head of a frame in front of its octets, which already stand at `at + 16`. */
export function writeFrameHeader(
  target: Buffer,
  at: number,
  frame: { readonly isCompressed: boolean; readonly rawSize: number; readonly storedSize: number },
): void {
  target.writeUInt32LE(frame.isCompressed ? codecZstd : codecRaw, at);
  target.writeUInt32LE(frame.rawSize, at + 4);
  target.writeUInt32LE(frame.storedSize, at + 8);
  const body = at + frameHeaderBytes;
  target.writeUInt32LE(
    crc32(target.subarray(body, body + frame.storedSize), crc32(target.subarray(at, at + 12))),
    at + 12,
  );
}

/** null: this cannot be the head of a frame. */
export function readFrameHeader(source: Buffer, at: number): FrameHeader | null {
  if (at + frameHeaderBytes > source.length) return null;
  const frame = {
    codec: source.readUInt32LE(at),
    rawSize: source.readUInt32LE(at + 4),
    storedSize: source.readUInt32LE(at + 8),
    crc: source.readUInt32LE(at + 12),
  };
  if (frame.codec !== codecRaw && frame.codec !== codecZstd) return null;
  if (frame.rawSize > frameBytesMax || frame.storedSize > frameBytesMax) return null;
  return frame;
}

/** The raw octets of the frame at `at`, verified. The answer may be a view of `source`. */
export function readFrame(source: Buffer, at: number, where: string): Uint8Array {
  const frame = readFrameHeader(source, at);
  if (frame === null) throw new CorruptBlob(where, 'no frame head where one should be');
  const start = at + frameHeaderBytes;
  const end = start + frame.storedSize;
  if (end > source.length) throw new CorruptBlob(where, 'the frame is cut short');
  const stored = source.subarray(start, end);
  if (crc32(stored, crc32(source.subarray(at, at + 12))) !== frame.crc) {
    throw new CorruptBlob(where, 'the CRC of a frame does not fit');
  }
  if (frame.codec === codecRaw) {
    if (frame.rawSize === frame.storedSize) return stored;
    throw new CorruptBlob(where, 'a raw frame with two sizes');
  }
  let raw: Uint8Array;
  try {
    raw = zstdDecompressSync(stored, { maxOutputLength: frameBytesMax });
  } catch (cause) {
    throw new CorruptBlob(where, `zstd: ${String(cause)}`);
  }
  if (raw.length !== frame.rawSize) throw new CorruptBlob(where, 'the frame has another size');
  return raw;
}

/** Octets a record takes at most, before anything is compressed. */
export function recordBytesMax(rawSize: number): number {
  return recordHeaderBytes + rawSize + frameCount(rawSize) * frameHeaderBytes;
}

export function frameCount(rawSize: number): number {
  return Math.ceil(rawSize / frameBytesMax);
}

/** A body as it comes from the calling thread: latin1 text is cheaper to pass than small arrays. */
export type RawBytes = string | Uint8Array;

/** Writes the whole record at `at` into `target` (which has `recordBytesMax` of room); its size. */
export function writeRecord(
  target: Buffer,
  at: number,
  body: { readonly hash: Uint8Array; readonly raw: RawBytes },
): number {
  const rawSize = body.raw.length;
  let end = at + recordHeaderBytes;
  for (let from = 0; from < rawSize; from += frameBytesMax) {
    const size = Math.min(frameBytesMax, rawSize - from);
    const start = end + frameHeaderBytes;
    if (typeof body.raw === 'string') {
      const part = size === rawSize ? body.raw : body.raw.slice(from, from + size);
      target.write(part, start, size, 'latin1');
    } else {
      target.set(body.raw.subarray(from, from + size), start);
    }
    const packed = compress(target.subarray(start, start + size));
    if (packed !== null) target.set(packed, start);
    const storedSize = packed === null ? size : packed.length;
    writeFrameHeader(target, end, { isCompressed: packed !== null, rawSize: size, storedSize });
    end = start + storedSize;
  }
  writeRecordHeader(target, at, {
    frames: frameCount(rawSize),
    rawSize,
    storedSize: end - at - recordHeaderBytes,
    hash: body.hash,
  });
  return end - at;
}
