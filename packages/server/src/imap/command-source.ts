/**
 * One command as it comes in: lines, and literals between them. RFC 9051 §4.3; RFC 7888. Literals
 * are let in only when they are within bounds; what came without asking and is not wanted is read
 * and dropped, so that the next command is found again.
 */

import type { CommandParts } from '@merpati/formats/imap/command.ts';
import { imapLimits as grammarLimits } from '@merpati/formats/imap/limits.ts';
import { type LiteralMarker, readLiteralMarker } from '@merpati/formats/imap/literal.ts';
import { imapLimits } from './limits.ts';
import type { Session } from './session.ts';

/** The client sends more than can be dropped in reasonable time: the connection ends. */
export class TooMuchInput extends Error {
  override readonly name = 'TooMuchInput';
}

/** A literal of this command is larger than it may be. RFC 7888 §4: TOOBIG. */
export class LiteralTooBig extends Error {
  override readonly name = 'LiteralTooBig';
}

export class CommandSource {
  readonly #session: Session;
  /** The first line, without CRLF. */
  readonly line: Uint8Array;
  #octets: number;
  #literals = 0;
  /** Announced by the last line, and not read yet. */
  #open: LiteralMarker | null;

  constructor(session: Session, line: Uint8Array) {
    this.#session = session;
    this.line = line;
    this.#octets = line.length;
    this.#open = readLiteralMarker(line);
  }

  /**
   * The literal that the last line announced, chunk by chunk: never collected. Asks the client to
   * send it. To be read to its end.
   */
  async *chunks(): AsyncGenerator<Uint8Array, void> {
    const marker = this.#open;
    if (marker === null) throw new Error('no literal was announced');
    this.#open = null;
    await this.#ask(marker);
    const session = this.#session;
    const { wire } = session;
    const { restTimeoutMs } = imapLimits;
    for (let left = marker.octets; left > 0;) {
      const chunk = wire.takeChunk() ?? (await wire.readChunk(session.patienceMs(restTimeoutMs)));
      const taken = chunk.length <= left ? chunk : chunk.subarray(0, left);
      if (taken.length < chunk.length) wire.unread(chunk.subarray(left));
      left -= taken.length;
      yield taken;
    }
  }

  /** The literal that the last line announced, whole and counted. */
  async collect(): Promise<Uint8Array> {
    const marker = this.#open;
    if (marker === null) throw new Error('no literal was announced');
    this.#literals += 1;
    this.#count(marker.octets);
    if (marker.octets > grammarLimits.literalOctetsMax) throw new LiteralTooBig();
    if (this.#literals > grammarLimits.literalsMax) throw new LiteralTooBig();
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.chunks()) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  /** The line behind a literal. */
  async nextLine(): Promise<Uint8Array> {
    const line = await this.#session.readLine(this.#session.patienceMs(imapLimits.restTimeoutMs));
    this.#count(line.length);
    this.#open = readLiteralMarker(line);
    return line;
  }

  /** Everything, for commands that are read whole. Throws LiteralTooBig, SyntaxFault, WireFault. */
  async parts(): Promise<CommandParts> {
    const parts: CommandParts[number][] = [this.line];
    while (this.#open !== null) {
      const { isBinary } = this.#open;
      parts.push({ literal: await this.collect(), binary: isBinary });
      parts.push(await this.nextLine());
    }
    return parts;
  }

  /**
   * To be called when the command is refused before all of it was read: drops what comes unasked.
   * A client that waits for `+` sends nothing more and takes the tagged answer for its no.
   */
  async drop(): Promise<void> {
    const { droppedOctetsMax, droppedBeforeLoginOctetsMax } = imapLimits;
    const most = this.#session.user === null ? droppedBeforeLoginOctetsMax : droppedOctetsMax;
    let dropped = 0;
    while (this.#open !== null && !this.#open.isSync) {
      dropped += this.#open.octets;
      if (dropped > most) throw new TooMuchInput();
      for await (const chunk of this.chunks()) void chunk;
      this.#octets = 0;
      await this.nextLine();
    }
    this.#open = null;
  }

  async #ask(marker: LiteralMarker): Promise<void> {
    if (!marker.isSync) return;
    this.#session.put('+ Go ahead\r\n');
    await this.#session.flush();
  }

  #count(octets: number): void {
    this.#octets += octets;
    const { commandOctetsMax } = grammarLimits;
    const { commandBeforeLoginOctetsMax } = imapLimits;
    const isKnown = this.#session.user !== null;
    if (this.#octets > (isKnown ? commandOctetsMax : commandBeforeLoginOctetsMax)) {
      throw new LiteralTooBig();
    }
  }
}

/** The tag for an answer to a line that may be anything; `*` when it has none. */
export function readTag(line: Uint8Array): string {
  const head = Buffer.from(line.buffer, line.byteOffset, Math.min(line.length, 256));
  const tag = /^[^\0-\x20\x7f-\xff(){%*"\\+]{1,255}(?=[ ]|$)/.exec(head.toString('latin1'));
  return tag?.[0] ?? '*';
}

/** The command word in lower case, without UID in front of it; '' when there is none. */
export function readWord(line: Uint8Array): string {
  const head = Buffer.from(line.buffer, line.byteOffset, Math.min(line.length, 300));
  const word = /^[^ ]+ (?:uid )?([a-z]+)/i.exec(head.toString('latin1'));
  return word?.[1]?.toLowerCase() ?? '';
}
