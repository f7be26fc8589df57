/**
 * Takes one message of APPEND while it arrives, from literals and other messages: into a body of
 * the store, with its head kept aside for what listings show. Memory stays bounded.
 */

import { headLimits, readHead } from '@merpati/formats/message/head.ts';
import { type MessageSummary, summarise } from '@merpati/formats/message/summary.ts';
import type { Body, BodyWriter, Store } from '@merpati/store/contract.ts';

/** More than the longest message that is taken. */
export class MessageTooBig extends Error {
  override readonly name = 'MessageTooBig';
}

export interface IntakeOptions {
  readonly store: Store;
  readonly octetsMax: number;
}

export class MessageIntake {
  readonly #octetsMax: number;
  readonly #writer: BodyWriter;
  #start: Buffer[] = [];
  #startLength = 0;
  #size = 0;

  constructor({ store, octetsMax }: IntakeOptions) {
    this.#octetsMax = octetsMax;
    this.#writer = store.newBody();
  }

  get size(): number {
    return this.#size;
  }

  /** To be asked before octets are let in that have announced themselves. */
  hasRoomFor(octets: number): boolean {
    return this.#size + octets <= this.#octetsMax;
  }

  /** Takes the chunk over. Throws MessageTooBig. */
  async write(chunk: Uint8Array): Promise<void> {
    if (!this.hasRoomFor(chunk.length)) throw new MessageTooBig();
    this.#size += chunk.length;
    if (this.#startLength < headLimits.headBytesMax) {
      const room = headLimits.headBytesMax - this.#startLength;
      const kept = Buffer.from(chunk.buffer, chunk.byteOffset, Math.min(room, chunk.length));
      this.#start.push(kept);
      this.#startLength += kept.length;
    }
    await this.#writer.write(chunk);
  }

  async finish(): Promise<{ readonly body: Body; readonly summary: MessageSummary }> {
    const summary = summarise(readHead(Buffer.concat(this.#start)));
    this.#start = [];
    return { body: await this.#writer.finish(), summary };
  }

  /** Also after `finish`, for a message that was not stored after all. */
  abort(): Promise<void> {
    return this.#writer.abort();
  }
}
