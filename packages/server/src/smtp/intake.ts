/**
 * Takes a message in while it arrives: gathers the head (bounded), lets the service mend it, and streams the
 * rest into a body of the store. Memory stays bounded whatever the size.
 */

import { headLimits, readHead } from '@merpati/formats/message/head.ts';
import type { Head } from '@merpati/formats/message/head.ts';
import { NewlineCheck } from '@merpati/formats/smtp/dot.ts';
import type { Body, BodyWriter, Store } from '@merpati/store/contract.ts';
import { Refusal } from '../refusal.ts';

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
}

const endOfHead = Buffer.from('\r\n\r\n');
const firstOctets = 8192;

export class Intake {
  receivedOctets = 0;
  /** Why the message will be refused at its end; what still comes is counted and thrown away. */
  refusal: Refusal | null = null;
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

  /** A promise when the store is slower than the client. */
  push(piece: Uint8Array): void | Promise<void> {
    this.receivedOctets += piece.length;
    if (this.refusal !== null) return;
    if (this.receivedOctets > this.#options.octetsMax) {
      return this.refuse(
        new Refusal('message-too-big', `At most ${this.#options.octetsMax} octets`),
      );
    }
    if (this.#newlines?.push(piece) === false) return this.refuse(bareNewline());
    if (this.#head !== null) return this.#writer?.write(piece);
    const buffer = Buffer.from(piece.buffer, piece.byteOffset, piece.length);
    const end = this.#early === null ? headEnd(buffer, 0) : -1;
    if (end >= 0) return this.#begin(buffer, end);
    return this.#gather(buffer);
  }

  /** The whole message is there. Throws its refusal when it has one. */
  async finish(): Promise<TakenMessage> {
    if (this.#newlines?.end() === false) await this.refuse(bareNewline());
    if (this.refusal !== null) throw this.refusal;
    // Without an empty line it is all head.
    if (this.#head === null) await this.#begin(this.#gathered(), this.#earlyLength);
    const writer = this.#writer;
    const head = this.#head;
    if (writer === null || head === null) throw new Error('a message without head or body');
    this.#writer = null;
    const { receivedOctets } = this;
    return { head, headOctets: this.#headOctets, body: await writer.finish(), receivedOctets };
  }

  /** Refuses the message whatever else comes. */
  async refuse(refusal: Refusal): Promise<void> {
    this.refusal = refusal;
    this.#early = null;
    await this.abort();
  }

  async abort(): Promise<void> {
    const writer = this.#writer;
    this.#writer = null;
    await writer?.abort();
  }

  #gather(piece: Buffer): void | Promise<void> {
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
    if (end >= 0) return this.#begin(this.#gathered(), end);
    if (length <= headLimits.headBytesMax) return;
    return this.refuse(new Refusal('head-too-big', 'The header is too long'));
  }

  #gathered(): Buffer {
    return this.#early?.subarray(0, this.#earlyLength) ?? Buffer.alloc(0);
  }

  #begin(octets: Buffer, end: number): void | Promise<void> {
    if (end > headLimits.headBytesMax) {
      return this.refuse(new Refusal('head-too-big', 'The header is too long'));
    }
    this.#early = null;
    this.#writer = this.#options.store.newBody();
    const headOctets = octets.subarray(0, end);
    this.#head = readHead(headOctets);
    const mended = this.#options.mend?.(this.#head, headOctets) ?? headOctets;
    this.#headOctets = mended.length;
    if (mended === headOctets) return octets.length > 0 ? this.#writer.write(octets) : undefined;
    this.#head = readHead(mended);
    const rest = octets.subarray(end);
    return this.#writer.write(rest.length === 0 ? mended : Buffer.concat([mended, rest]));
  }
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
