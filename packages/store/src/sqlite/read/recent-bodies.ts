/**
 * Bodies on their way out: what is accepted for the queue is read again a moment later, to be sent
 * on. Kept for so long in memory, it need be neither committed nor unpacked for that.
 */

import type { Body } from '../../contract.ts';

/** Of all of them, with the buffers that they are parts of. */
const octetsMax = 8 * 1024 * 1024;
const bodyOctetsMax = 256 * 1024;

export class RecentBodies {
  /** The oldest first. */
  readonly #bodies = new Map<string, Uint8Array>();
  #octets = 0;

  keep({ hash, source }: Pick<Body, 'hash' | 'source'>): void {
    if ('spool' in source || source.bytes.buffer.byteLength > bodyOctetsMax) return;
    const key = keyOf(hash);
    if (this.#bodies.has(key)) return;
    this.#bodies.set(key, source.bytes);
    this.#octets += source.bytes.buffer.byteLength;
    for (const [oldest, bytes] of this.#bodies) {
      if (this.#octets <= octetsMax) break;
      this.#bodies.delete(oldest);
      this.#octets -= bytes.buffer.byteLength;
    }
  }

  find(hash: Uint8Array): Uint8Array | null {
    return this.#bodies.get(keyOf(hash)) ?? null;
  }
}

function keyOf(hash: Uint8Array): string {
  return Buffer.from(hash.buffer, hash.byteOffset, hash.length).toString('latin1');
}
