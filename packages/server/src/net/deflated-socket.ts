/**
 * A connection whose octets are compressed both ways: raw DEFLATE, flushed after each write. RFC
 * 4978; RFC 1951. What is inflated is held back while nobody takes it, so that a small packet that
 * stands for very much (a bomb) fills no memory.
 */

import { Duplex } from 'node:stream';
import { constants, createDeflateRaw, createInflateRaw } from 'node:zlib';

/** Less than zlib's 256 KiB a connection, for some percent of size. */
const deflateOptions = {
  flush: constants.Z_SYNC_FLUSH,
  level: 5,
  memLevel: 5,
  windowBits: 13,
} as const;

type Done = (error?: Error | null) => void;

export class DeflatedSocket extends Duplex {
  readonly #inner: Duplex;
  readonly #deflate = createDeflateRaw(deflateOptions);
  // A client may use the largest window.
  readonly #inflate = createInflateRaw({ finishFlush: constants.Z_SYNC_FLUSH });

  constructor(inner: Duplex) {
    super({ allowHalfOpen: true });
    this.#inner = inner;
    const fail = (error: Error): void => void this.destroy(error);
    inner.on('data', (chunk: Buffer) => {
      if (!this.#inflate.write(chunk)) inner.pause();
    });
    this.#inflate.on('drain', () => inner.resume());
    this.#inflate.on('data', (piece: Buffer) => {
      if (!this.push(piece)) this.#inflate.pause();
    });
    this.#inflate.on('error', fail);
    // Clients hang up without ending their stream: what has come is all there is.
    inner.on('end', () => this.#inflate.end());
    this.#inflate.on('end', () => this.push(null));
    this.#deflate.on('data', (piece: Buffer) => {
      if (!inner.write(piece)) this.#deflate.pause();
    });
    this.#deflate.on('error', fail);
    inner.on('drain', () => this.#deflate.resume());
    inner.on('error', fail);
    inner.on('close', () => this.destroy());
    inner.resume();
  }

  override _read(): void {
    this.#inflate.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#deflate.write(chunk, done);
  }

  override _final(done: Done): void {
    this.#deflate.end();
    this.#deflate.once('end', () => this.#inner.end(() => done()));
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#deflate.close();
    this.#inflate.close();
    this.#inner.destroy();
    done(error);
  }
}
