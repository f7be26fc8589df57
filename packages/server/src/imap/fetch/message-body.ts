/**
 * The octets of one stored message as FETCH and CATENATE ask for them: whole, in sections, decoded.
 * A small message is held in memory while it is answered; a large one streams by as often as
 * need be.
 */

import type { Section } from '@merpati/formats/imap/fetch-item.ts';
import {
  type NumberedPart,
  type SectionOctets,
  findInMessage,
  findPart,
  findSection,
} from '@merpati/formats/imap/section.ts';
import { createContentDecoder, decodeContent } from '@merpati/formats/message/content-decoder.ts';
import { type Head, headLimits, readHead } from '@merpati/formats/message/head.ts';
import { createMimeReader, readMime } from '@merpati/formats/message/mime.ts';
import type { Part } from '@merpati/formats/message/part.ts';
import type { Store, StoredBody } from '@merpati/store/contract.ts';
import type { AccountId, ContentId } from '@merpati/store/ids.ts';
import { imapLimits } from '../limits.ts';

const nothing = new Uint8Array(0);

/** What decoding a part gives. */
export interface DecodedFacts {
  readonly size: number;
  readonly hasNul: boolean;
}

export class MessageBody {
  readonly size: number;
  /** null: the bytes are at hand. */
  readonly #body: StoredBody | null;
  #bytes: Uint8Array | null;
  #head: Head | null = null;
  #root: Part | null;

  private constructor(from: StoredBody | Uint8Array, root: Part | null) {
    const isWhole = from instanceof Uint8Array;
    this.#body = isWhole ? null : from;
    this.#bytes = isWhole ? from : null;
    this.size = isWhole ? from.length : from.size;
    this.#root = root;
  }

  static of(bytes: Uint8Array): MessageBody {
    return new MessageBody(bytes, null);
  }

  /** null: it is not there any more. `root`: of the same content, when it is known. */
  static async open(
    store: Store,
    { owner, content, root }: { owner: AccountId; content: ContentId; root?: Part | null },
  ): Promise<MessageBody | null> {
    const body = await store.readMessage(owner, content);
    return body === null ? null : new MessageBody(body, root ?? null);
  }

  /** It is read from the disk for each item anew. */
  get isLarge(): boolean {
    return this.#bytes === null && this.size > imapLimits.messageInMemoryOctetsMax;
  }

  /** The tree of its parts, when it was needed. */
  get knownRoot(): Part | null {
    return this.#root;
  }

  /** Of a message that is not large. */
  async bytes(): Promise<Uint8Array> {
    if (this.#bytes !== null) return this.#bytes;
    if (this.isLarge) throw new Error('a large message is not held in memory');
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.#chunks()) chunks.push(chunk);
    const [only] = chunks;
    this.#bytes = chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
    return this.#bytes;
  }

  async root(): Promise<Part> {
    if (this.#root !== null) return this.#root;
    if (!this.isLarge) this.#root = readMime(await this.bytes()).root;
    else {
      const reader = createMimeReader();
      for await (const chunk of this.#chunks()) reader.write(chunk);
      this.#root = reader.end().root;
    }
    return this.#root;
  }

  /** Of the message itself: not all of it need be read for that. */
  async head(): Promise<Head> {
    if (this.#root !== null) return this.#root.head;
    if (this.#head !== null) return this.#head;
    const start = this.isLarge ? await this.#beginning() : await this.bytes();
    const head = readHead(start);
    // A head that is longer than what was looked at, or never ends, is the whole reader's matter.
    const isWhole = start.length === this.size || head.length < start.length;
    this.#head = isWhole && head.length < headLimits.headBytesMax ? head : (await this.root()).head;
    return this.#head;
  }

  /** null: there is no such section. */
  async find(section: Section): Promise<SectionOctets | null> {
    if (section.part.length > 0) return findSection(await this.root(), section);
    if (section.text === null) {
      return { ranges: this.size === 0 ? [] : [{ start: 0, end: this.size }], tail: nothing };
    }
    const head = await this.head();
    const places = { head, headStart: 0, bodyStart: head.length, bodyEnd: this.size };
    return findInMessage(places, section);
  }

  async findPart(numbers: readonly number[]): Promise<NumberedPart | null> {
    return findPart(await this.root(), numbers);
  }

  /** The octets of a section, in order. */
  async *read({ ranges, tail }: SectionOctets): AsyncGenerator<Uint8Array> {
    if (ranges.length > 0) {
      if (this.isLarge) yield* this.#stream(ranges);
      else {
        const bytes = await this.bytes();
        for (const { start, end } of ranges) yield bytes.subarray(start, end);
      }
    }
    if (tail.length > 0) yield tail;
  }

  async decodedFacts(part: NumberedPart): Promise<DecodedFacts> {
    let size = 0;
    let hasNul = false;
    for await (const chunk of this.decoded(part)) {
      size += chunk.length;
      hasNul ||= chunk.includes(0);
    }
    return { size, hasNul };
  }

  /** The content of a part without its transfer encoding. */
  async *decoded({ body, encoding }: NumberedPart): AsyncGenerator<Uint8Array> {
    if (!this.isLarge) {
      const bytes = await this.bytes();
      yield decodeContent(bytes.subarray(body.start, body.end), encoding);
      return;
    }
    const decoder = createContentDecoder(encoding);
    for await (const chunk of this.#stream([body])) yield decoder.write(chunk);
    yield decoder.end();
  }

  async *#stream(
    ranges: readonly { readonly start: number; readonly end: number }[],
  ): AsyncGenerator<Uint8Array> {
    let at = 0;
    let next = 0;
    for await (const chunk of this.#chunks()) {
      for (; next < ranges.length; next += 1) {
        const { start, end } = ranges[next]!;
        const from = Math.max(0, start - at);
        const to = Math.min(chunk.length, end - at);
        if (to > from) yield chunk.subarray(from, to);
        if (end > at + chunk.length) break;
      }
      if (next === ranges.length) return;
      at += chunk.length;
    }
  }

  #chunks(): AsyncIterable<Uint8Array> {
    if (this.#body === null) throw new Error('a message at hand does not stream');
    return this.#body.chunks();
  }

  async #beginning(): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of this.#chunks()) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > headLimits.headBytesMax) break;
    }
    return Buffer.concat(chunks);
  }
}
