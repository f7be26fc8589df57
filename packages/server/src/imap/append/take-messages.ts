/**
 * Reads the messages of APPEND and REPLACE as they come, and refuses what will not be stored before
 * the client sends it, where that is possible. RFC 9051 §6.3.12; RFC 3502 (MULTIAPPEND); RFC 4469
 * (CATENATE); RFC 6855 §4 (UTF8); RFC 7889 (APPENDLIMIT).
 */

import {
  type AppendNext,
  type AppendStart,
  type AppendStep,
  readAppendNext,
  readAppendStart,
} from '@merpati/formats/imap/command-append.ts';
import type { CommandParts } from '@merpati/formats/imap/command.ts';
import { encodeBinaryParts } from '@merpati/formats/imap/encode-binary.ts';
import type { LiteralMarker } from '@merpati/formats/imap/literal.ts';
import type { MessageSummary } from '@merpati/formats/message/summary.ts';
import type { Body } from '@merpati/store/contract.ts';
import { type Answer, bad, no } from '../command-row.ts';
import type { CommandSource } from '../command-source.ts';
import { imapLimits } from '../limits.ts';
import { hasUtf8Names } from '../modes.ts';
import type { Session } from '../session.ts';
import { takeUrl } from './catenate.ts';
import { MessageIntake, MessageTooBig } from './message-intake.ts';

/** A message that is here, as far as it goes without knowing where to. */
export interface TakenMessage {
  readonly begun: Extract<AppendStep, { step: 'message' }>;
  readonly body: Body;
  readonly summary: MessageSummary;
}

/** Up to the first literal of a message. */
export async function readStart(session: Session, source: CommandSource): Promise<AppendStart> {
  const parts: CommandParts[number][] = [source.line];
  for (;;) {
    const start = readAppendStart(parts, { utf8: hasUtf8Names(session.modes) });
    if (start !== null) return start;
    await addLiteral(source, parts);
  }
}

async function addLiteral(source: CommandSource, parts: CommandParts[number][]): Promise<void> {
  // Names and the like: RFC 3516 allows no `~` for them, and the reader says so.
  parts.push({ literal: await source.collect(), binary: false });
  parts.push(await source.nextLine());
}

const tooBig = no('That message is too large', { code: 'TOOBIG' });

export class MessageTaker {
  readonly messages: TakenMessage[] = [];
  readonly #session: Session;
  readonly #source: CommandSource;
  readonly #intakes: MessageIntake[] = [];
  #begun: TakenMessage['begun'] | null = null;
  #octets = 0;

  constructor(session: Session, source: CommandSource) {
    this.#session = session;
    this.#source = source;
  }

  /** null: all messages are here. Otherwise why not; the rest of the command was dropped. */
  async take(start: AppendStart): Promise<Answer | null> {
    for (let next: AppendNext = start; ;) {
      const refused = await this.#follow(next.steps);
      if (refused !== null) {
        await this.#source.drop();
        return refused;
      }
      if (next.steps.at(-1)?.step === 'end') return null;
      next = await this.#readNext(next);
    }
  }

  /** The messages belong to the store now. */
  keep(): void {
    this.#intakes.length = 0;
  }

  /** To be called in the end: gives back what was not stored. */
  async abort(): Promise<void> {
    for (const intake of this.#intakes.splice(0)) await intake.abort();
  }

  async #readNext({ place }: AppendNext): Promise<AppendNext> {
    const parts: CommandParts[number][] = [await this.#source.nextLine()];
    for (;;) {
      const next = readAppendNext(place, parts, { utf8: hasUtf8Names(this.#session.modes) });
      if (next !== null) return next;
      await addLiteral(this.#source, parts);
    }
  }

  async #follow(steps: readonly AppendStep[]): Promise<Answer | null> {
    try {
      for (const step of steps) {
        const refused = await this.#step(step);
        if (refused !== null) return refused;
      }
      return null;
    } catch (error) {
      if (error instanceof MessageTooBig) return tooBig;
      throw error;
    }
  }

  async #step(step: AppendStep): Promise<Answer | null> {
    switch (step.step) {
      case 'message':
        return this.#begin(step);
      case 'url': {
        const isThere = await takeUrl(this.#session, step.url, this.#intake);
        return isThere ? null : no('No such thing', { code: 'BADURL', url: step.url });
      }
      case 'data':
        return this.#takeData(step.literal);
      case 'message-end':
        return this.#endMessage();
      case 'end':
        return null;
      default:
        return step satisfies never;
    }
  }

  get #intake(): MessageIntake {
    const intake = this.#intakes.at(-1);
    if (intake === undefined) throw new Error('no message has begun');
    return intake;
  }

  #begin(step: TakenMessage['begun']): Answer | null {
    if (step.form === 'utf8' && !this.#session.modes.utf8) {
      return bad('UTF8 is for those who have enabled UTF8=ACCEPT');
    }
    const { store, home } = this.#session;
    const octetsMax = home.config.limits.message_bytes_max;
    this.#begun = step;
    this.#intakes.push(new MessageIntake({ store, octetsMax }));
    return null;
  }

  async #takeData({ octets, isBinary }: LiteralMarker): Promise<Answer | null> {
    const intake = this.#intake;
    if (!intake.hasRoomFor(octets)) return tooBig;
    const isFirst = this.#intakes.length === 1;
    if (!isFirst && this.#octets + intake.size + octets > imapLimits.appendOctetsMax) {
      return no('Too many messages at once: append them one by one', { code: 'LIMIT' });
    }
    const isWhole = this.#begun?.form !== 'catenate';
    if (isBinary && isWhole && octets <= imapLimits.binaryOctetsMax) await this.#takeBinary(intake);
    else for await (const chunk of this.#source.chunks()) await intake.write(chunk);
    return null;
  }

  /** LIMIT: a larger message with NUL, or one that is put together, is stored as it came. */
  async #takeBinary(intake: MessageIntake): Promise<void> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.#source.chunks()) chunks.push(chunk);
    for (const piece of encodeBinaryParts(Buffer.concat(chunks))) await intake.write(piece);
  }

  async #endMessage(): Promise<Answer | null> {
    const intake = this.#intake;
    // RFC 3502 §6.3.11: a literal of no octets calls the command off.
    if (intake.size === 0) return no('An empty message is not stored');
    this.#octets += intake.size;
    this.messages.push({ begun: this.#begun!, ...(await intake.finish()) });
    return null;
  }
}
