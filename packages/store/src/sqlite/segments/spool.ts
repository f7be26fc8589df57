/**
 * Takes a message while it arrives. Small ones stay in memory; beyond half a megabyte the body goes
 * to a file that has the shape of a segment with one record, written and synced by the calling
 * thread, so that the writer only has to rename it.
 */

import { createHash, hash, randomUUID, type Hash } from 'node:crypto';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { constants, zstdCompress } from 'node:zlib';
import { StoreUnavailable, type Body, type BodyWriter } from '../../contract.ts';
import { machineTrouble } from '../database.ts';
import type { StorePaths } from './files.ts';
import {
  bodyInMemoryBytesMax,
  frameBytesMax,
  frameHeaderBytes,
  recordHeaderBytes,
  writeFrameHeader,
  writeRecordHeader,
} from './format.ts';

const zstdCompressAsync = promisify(zstdCompress);
const zstdOptions = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
const cr = 13;
const lf = 10;
/** Up to this size a body is hashed in one call when it is whole, which costs half as much. */
const hashAtOnceBytesMax = 64 * 1024;

export class SpoolingBodyWriter implements BodyWriter {
  readonly #paths: StorePaths;
  readonly #isAccepting: () => void;
  /** null while the body is small. */
  #hash: Hash | null = null;
  #chunks: Uint8Array[] = [];
  #held = 0;
  #size = 0;
  #last = 0;
  #lastButOne = 0;
  #spool: SpoolFile | null = null;
  #busy: Promise<void> = Promise.resolve();
  #state: 'open' | 'finished' | 'aborted' = 'open';
  /** What has gone wrong; nothing more will be taken. */
  #trouble: unknown = null;

  /** `isAccepting` throws `StoreUnavailable` when nothing more may be taken. */
  constructor(paths: StorePaths, isAccepting: () => void) {
    this.#paths = paths;
    this.#isAccepting = isAccepting;
  }

  write(chunk: Uint8Array): void | Promise<void> {
    if (this.#trouble !== null) throw this.#trouble;
    if (this.#state !== 'open') throw new Error(`write after the body was ${this.#state}`);
    if (chunk.length === 0) return undefined;
    this.#lastButOne = chunk.length > 1 ? (chunk.at(-2) ?? 0) : this.#last;
    this.#last = chunk.at(-1) ?? 0;
    this.#size += chunk.length;
    this.#held += chunk.length;
    this.#chunks.push(chunk);
    if (this.#hash !== null) this.#hash.update(chunk);
    else if (this.#size > hashAtOnceBytesMax) this.#hash = this.#hashHeld();
    if (this.#size <= bodyInMemoryBytesMax || this.#held < frameBytesMax) return undefined;
    this.#busy = this.#busy.then(() => this.#drain(frameBytesMax));
    // Who does not wait here is told by the next write or by finish.
    this.#busy.catch(() => undefined);
    return this.#busy;
  }

  async finish(): Promise<Body> {
    if (this.#state !== 'open') throw new Error(`finish after the body was ${this.#state}`);
    this.#state = 'finished';
    await this.#busy;
    if (this.#trouble !== null) throw this.#trouble;
    const size = this.#size;
    const unterminated = size > 0 && !(this.#lastButOne === cr && this.#last === lf);
    if (size <= bodyInMemoryBytesMax) {
      const [only] = this.#chunks;
      const bytes = only && this.#chunks.length === 1 ? only : Buffer.concat(this.#chunks);
      this.#chunks = [];
      const digest = this.#hash?.digest() ?? hash('sha256', bytes, 'buffer');
      return { hash: new Uint8Array(digest), size, unterminated, source: { bytes } };
    }
    const digest = new Uint8Array((this.#hash ?? this.#hashHeld()).digest());
    try {
      await this.#drain(1);
      if (this.#spool === null) throw new Error('a large body without a file');
      const spool = await this.#spool.finish(digest, size);
      return { hash: digest, size, unterminated, source: { spool } };
    } catch (error) {
      await this.#discard();
      throw machineTrouble(error) ?? error;
    }
  }

  #hashHeld(): Hash {
    const running = createHash('sha256');
    for (const chunk of this.#chunks) running.update(chunk);
    return running;
  }

  async abort(): Promise<void> {
    if (this.#state === 'aborted') return;
    this.#state = 'aborted';
    await this.#busy.catch(() => undefined); // its failure was reported where it was awaited
    await this.#discard();
  }

  async #discard(): Promise<void> {
    this.#chunks = [];
    this.#held = 0;
    const spool = this.#spool;
    this.#spool = null;
    await spool?.discard();
  }

  /** Writes whole frames, and what remains when at least `bytesMin` of it is there. */
  async #drain(bytesMin: number): Promise<void> {
    try {
      this.#isAccepting();
      this.#spool ??= await SpoolFile.create(this.#paths);
      while (this.#held >= bytesMin) {
        const frame = this.#take(Math.min(frameBytesMax, this.#held));
        await this.#spool.write(frame);
      }
    } catch (error) {
      throw await this.#fail(error);
    }
  }

  /** The file goes at once: on a full disk its room is what others wait for. */
  async #fail(error: unknown): Promise<unknown> {
    this.#trouble ??= machineTrouble(error) ?? error;
    await this.#discard();
    return this.#trouble;
  }

  #take(count: number): Buffer {
    const frame = Buffer.allocUnsafe(count);
    let filled = 0;
    let used = 0;
    for (const chunk of this.#chunks) {
      const part = Math.min(chunk.length, count - filled);
      frame.set(part === chunk.length ? chunk : chunk.subarray(0, part), filled);
      filled += part;
      if (part < chunk.length) {
        this.#chunks[used] = chunk.subarray(part);
        break;
      }
      used += 1;
    }
    this.#chunks.splice(0, used);
    this.#held -= count;
    return frame;
  }
}

/** A segment in the making: room for the header, then frames. */
class SpoolFile {
  readonly #path: string;
  readonly #file: FileHandle;
  #end = recordHeaderBytes;
  #frames = 0;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  static async create(paths: StorePaths): Promise<SpoolFile> {
    const path = join(paths.spool, `${randomUUID()}.tmp`);
    return new SpoolFile(path, await open(path, 'wx', 0o600));
  }

  async write(raw: Buffer): Promise<void> {
    const packed = await zstdCompressAsync(raw, zstdOptions);
    const pays = packed.length <= raw.length - (raw.length >> 3);
    const stored = pays ? packed : raw;
    const frame = Buffer.allocUnsafe(frameHeaderBytes + stored.length);
    frame.set(stored, frameHeaderBytes);
    writeFrameHeader(frame, 0, {
      isCompressed: pays,
      rawSize: raw.length,
      storedSize: stored.length,
    });
    await this.#write(frame, this.#end);
    this.#end += frame.length;
    this.#frames += 1;
  }

  async finish(hash: Uint8Array, rawSize: number): Promise<string> {
    const header = Buffer.alloc(recordHeaderBytes);
    const storedSize = this.#end - recordHeaderBytes;
    writeRecordHeader(header, 0, { frames: this.#frames, rawSize, storedSize, hash });
    await this.#write(header, 0);
    await this.#file.datasync();
    await this.#file.close();
    return this.#path;
  }

  async discard(): Promise<void> {
    await this.#file.close();
    await rm(this.#path, { force: true });
  }

  async #write(bytes: Buffer, position: number): Promise<void> {
    let done = 0;
    while (done < bytes.length) {
      const left = bytes.length - done;
      const { bytesWritten } = await this.#file.write(bytes, done, left, position + done);
      if (bytesWritten === 0) throw new StoreUnavailable('io');
      done += bytesWritten;
    }
  }
}
