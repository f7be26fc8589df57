/**
 * Takes a message in while it arrives: gathers the head (bounded), lets the service mend it, and
 * streams the rest into a body of the store. Memory stays bounded whatever the size.
 */

import { headLimits, readHead } from '@merpati/formats/message/head.ts';
import type { Head } from '@merpati/formats/message/head.ts';
import { NewlineCheck } from '@merpati/formats/smtp/dot.ts';
import { StoreUnavailable } from '@merpati/store/contract.ts';
import type { Body, BodyWriter, Store } from '@merpati/store/contract.ts';
import type { BodyWatcher } from '../incoming/incoming.ts';
import { Refusal, storeRefusal } from '../refusal.ts';

export interface TakenMessage {
  /** As it is stored, cut fields left out; the fields refer to it. */
  readonly head: Head;
  /** Up to the first empty line. */
  readonly headOctets: number;
  readonly body: Body;
  /** Octets as they came. */
  readonly receivedOctets: number;
}

export interface IntakeOptions {
  readonly store: Store;
  readonly octetsMax: number;
  /** Refuse a bare CR or LF; DATA's own reader does so already. */
  readonly checkNewlines: boolean;
  /** Gives the octets of the head that are to be stored; fields may only be cut. */
  readonly mend: ((head: Head, octets: Uint8Array) => Uint8Array) | null;
  /** Who wants to see the body of this message while it passes; null: nobody. */
  readonly watch: ((head: Head) => BodyWatcher | null) | null;
}

const endOfHead = Buffer.from('\r\n\r\n');
const firstOctets = 8192;

export class Intake {
  receivedOctets = 0;
  /** Why the message will be refused at its end; what still comes is counted and thrown away. */
  refusal: Refusal | null = null;
  /** The store is slower than the client: to be awaited. It never rejects. */
  backlog: Promise<void> | null = null;
  /** Has seen what came behind the head. */
  watcher: BodyWatcher | null = null;
  readonly #options: IntakeOptions;
  readonly #newlines: NewlineCheck | null;
  #writer: BodyWriter | null = null;
  #head: Head | null = null;
  #headOctets = 0;
  /** What came before the end of the head was seen. */
  #early: Buffer | null = null;
  #earlyLength = 0;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#newlines = options.checkNewlines ? new NewlineCheck() : null;
  }

  /**
   * Throws nothing: what goes wrong is the message's `refusal`. Await `backlog` before the next
   * one.
   */
  push(piece: Uint8Array): void {
    this.receivedOctets += piece.length;
    if (this.refusal !== null) return;
    const { octetsMax } = this.#options;
    if (this.receivedOctets > octetsMax) {
      this.#refuse(new Refusal('message-too-big', `At most ${octetsMax} octets`));
    } else if (this.#newlines?.push(piece) === false) {
      this.#refuse(bareNewline());
    } else if (this.#head !== null) {
      this.watcher?.write(piece);
      this.#write(piece);
    } else {
      const buffer = Buffer.from(piece.buffer, piece.byteOffset, piece.length);
      const end = this.#early === null ? headEnd(buffer, 0) : -1;
      if (end >= 0) this.#begin(buffer, end);
      else this.#gather(buffer);
    }
  }

  /** null: its end has not been seen. */
  get head(): Head | null {
    return this.#head;
  }

  /** The whole message is there. Throws its refusal when it has one. */
  async finish(): Promise<TakenMessage> {
    // Without an empty line it is all head.
    if (this.refusal === null && this.#head === null) {
      this.#begin(this.#gathered(), this.#earlyLength);
    }
    if (this.#newlines?.end() === false) this.#refuse(bareNewline());
    if (this.backlog !== null) await this.backlog;
    if (this.refusal !== null) throw this.refusal;
    if (this.#writer === null || this.#head === null) throw new Error('a message without body');
    const { receivedOctets } = this;
    const body = await this.#writer.finish();
    return { head: this.#head, headOctets: this.#headOctets, body, receivedOctets };
  }

  /** Gives back what was written, also after `finish` when the message was refused in the end. */
  async abort(): Promise<void> {
    const writer = this.#writer;
    this.#writer = null;
    this.#early = null;
    await this.backlog;
    await writer?.abort();
  }

  #refuse(refusal: Refusal): void {
    this.refusal ??= refusal;
    this.#early = null;
  }

  /**
   * In order, one at a time. What is still to come has to be read, so that trouble is kept for the
   * end.
   */
  #write(piece: Uint8Array): void {
    const before = this.backlog;
    if (before !== null) {
      this.#follow(
        before.then(() => (this.refusal === null ? this.#writer?.write(piece) : undefined)),
      );
      return;
    }
    try {
      const written = this.#writer?.write(piece);
      if (written instanceof Promise) this.#follow(written);
    } catch (error) {
      this.#fail(error);
    }
  }

  #follow(written: Promise<void>): void {
    const backlog = written
      .catch((error: unknown) => this.#fail(error))
      .then(() => {
        if (this.backlog === backlog) this.backlog = null;
      });
    this.backlog = backlog;
  }

  #fail(error: unknown): void {
    this.#refuse(
      error instanceof StoreUnavailable
        ? storeRefusal(error)
        : new Refusal('internal', 'Something went wrong here', { cause: error }),
    );
  }

  #gather(piece: Buffer): void {
    const length = this.#earlyLength + piece.length;
    let early = this.#early ?? Buffer.allocUnsafe(Math.max(firstOctets, length * 2));
    if (length > early.length) {
      const larger = Buffer.allocUnsafe(length * 2);
      early.copy(larger, 0, 0, this.#earlyLength);
      early = larger;
    }
    piece.copy(early, this.#earlyLength);
    // The end may lie across the seam.
    const end = headEnd(early.subarray(0, length), Math.max(0, this.#earlyLength - 3));
    this.#early = early;
    this.#earlyLength = length;
    if (end >= 0) this.#begin(this.#gathered(), end);
    else if (length > headLimits.headBytesMax) this.#refuse(headTooBig());
  }

  #gathered(): Buffer {
    return this.#early?.subarray(0, this.#earlyLength) ?? Buffer.alloc(0);
  }

  #begin(octets: Buffer, end: number): void {
    if (end > headLimits.headBytesMax) {
      this.#refuse(headTooBig());
      return;
    }
    this.#early = null;
    this.#writer = this.#options.store.newBody();
    const headOctets = octets.subarray(0, end);
    this.#head = readHead(headOctets);
    const mended = this.#options.mend?.(this.#head, headOctets) ?? headOctets;
    this.#headOctets = mended.length;
    if (mended !== headOctets) this.#head = readHead(mended);
    this.watcher = this.#options.watch?.(this.#head) ?? null;
    if (octets.length > end) this.watcher?.write(octets.subarray(end));
    if (mended === headOctets) {
      if (octets.length > 0) this.#write(octets);
      return;
    }
    if (mended.length > 0) this.#write(mended);
    if (octets.length > end) this.#write(octets.subarray(end));
  }
}

function headTooBig(): Refusal {
  return new Refusal('head-too-big', 'The header is too long');
}

function bareNewline(): Refusal {
  return new Refusal('bare-newline', 'CR or LF alone in the message; lines end in CRLF');
}

/** Just behind the empty line; -1 when it has not come. A message may begin with it. */
function headEnd(octets: Buffer, from: number): number {
  if (from === 0 && octets[0] === 13 && octets[1] === 10) return 2;
  const at = octets.indexOf(endOfHead, from);
  return at < 0 ? -1 : at + endOfHead.length;
}
