/**
 * APPEND and REPLACE a piece at a time, so that messages are streamed and never collected. RFC 9051
 * §6.3.12; RFC 3502 (MULTIAPPEND); RFC 4469 (CATENATE); RFC 3516 §4.4; RFC 6855 §4 (UTF8); RFC 8508
 * (REPLACE).
 */

import type { CommandOf, CommandOptions, CommandParts } from './command.ts';
import { Cursor, LiteralAwaited, tooMany, wrong } from './cursor.ts';
import { imapLimits } from './limits.ts';
import type { LiteralMarker } from './literal.ts';
import { readBeginning } from './read-command.ts';
import { readDateTime } from './read-date-time.ts';
import { noFlags, readFlagList } from './read-flags.ts';
import type { FlagList } from './search-key.ts';

/** How a message is given: as one literal, as one in UTF8 (…), or put together from parts. */
export type AppendForm = 'plain' | 'utf8' | 'catenate';

/** What comes next in the command, in order. */
export type AppendStep =
  /** A message begins. */
  | {
      readonly step: 'message';
      readonly flags: FlagList;
      /** Milliseconds since 1970; null: now. */
      readonly internalDateMs: number | null;
      readonly form: AppendForm;
    }
  /** CATENATE: here goes what the URL names. */
  | { readonly step: 'url'; readonly url: string }
  /** Read this many octets into the message; then `readAppendNext`. Always the last of its list. */
  | { readonly step: 'data'; readonly literal: LiteralMarker }
  | { readonly step: 'message-end' }
  /** The command is complete. Always the last of its list. */
  | { readonly step: 'end' };

/** Where in the command the reader is: to be given back as it came. */
export interface AppendPlace {
  /** How many have begun. */
  readonly messages: number;
  readonly messagesMax: number;
  readonly form: AppendForm;
  /** Parts so far of the CATENATE that is open. */
  readonly catenateParts: number;
}

export interface AppendNext {
  /** Never empty. Ends in `data` or `end`. */
  readonly steps: readonly AppendStep[];
  readonly place: AppendPlace;
}

export interface AppendStart extends AppendNext {
  readonly command: CommandOf<'append' | 'replace'>;
}

/**
 * Reads APPEND or REPLACE up to the first literal of a message. `parts` ends with a line. null: the
 * literal that the last line tells of is a name or the like; collect it, add it and the line behind
 * it to `parts`, and read again. Throws `SyntaxFault` as `readCommand`.
 *
 * @example
 * readAppendStart([ascii('a1 APPEND INBOX (\\Seen) {310}')], { utf8: false })
 * // steps: [{ step: 'message', … }, { step: 'data', literal: { octets: 310, … } }]
 */
export function readAppendStart(parts: CommandParts, options: CommandOptions): AppendStart | null {
  return unlessLiteral(() => {
    const cursor = new Cursor(parts, options);
    const command = readHead(cursor);
    cursor.space();
    const reading = new AppendReading(cursor, {
      messages: 0,
      messagesMax: command.name === 'append' ? imapLimits.appendMessagesMax : 1,
      form: 'plain',
      catenateParts: 0,
    });
    reading.readMessage();
    return { command, steps: reading.steps, place: reading.place };
  });
}

/**
 * Reads on behind a literal of a message. `parts` begins with the line behind it. null as with
 * `readAppendStart`.
 */
export function readAppendNext(
  place: AppendPlace,
  parts: CommandParts,
  options: CommandOptions,
): AppendNext | null {
  return unlessLiteral(() => {
    const reading = new AppendReading(new Cursor(parts, options), place);
    reading.readOn();
    return { steps: reading.steps, place: reading.place };
  });
}

function unlessLiteral<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof LiteralAwaited) return null;
    throw error;
  }
}

function readHead(cursor: Cursor): CommandOf<'append' | 'replace'> {
  const { tag, word, uid } = readBeginning(cursor);
  cursor.space();
  if (word === 'APPEND' && !uid) return { tag, name: 'append', mailbox: cursor.mailbox() };
  if (word !== 'REPLACE') throw wrong('Neither APPEND nor REPLACE');
  const number = cursor.skip('*') ? '*' : cursor.positive();
  cursor.space();
  return { tag, name: 'replace', uid, number, mailbox: cursor.mailbox() };
}

class AppendReading {
  readonly #cursor: Cursor;
  readonly steps: AppendStep[] = [];
  place: AppendPlace;

  constructor(cursor: Cursor, place: AppendPlace) {
    this.#cursor = cursor;
    this.place = place;
  }

  /** Flags, date and the beginning of the data. */
  readMessage(): void {
    const cursor = this.#cursor;
    const messages = this.place.messages + 1;
    if (messages > this.place.messagesMax) throw tooMany('Too many messages');
    let flags = noFlags;
    if (cursor.next === '(') {
      flags = readFlagList(cursor);
      cursor.space();
    }
    let internalDateMs: number | null = null;
    if (cursor.next === '"') {
      internalDateMs = readDateTime(cursor);
      cursor.space();
    }
    const form = this.#readForm();
    this.steps.push({ step: 'message', flags, internalDateMs, form });
    this.place = { ...this.place, messages, form, catenateParts: 0 };
    if (form === 'catenate') this.#readParts();
    else this.#pushData();
  }

  #readForm(): AppendForm {
    const cursor = this.#cursor;
    const isUtf8 = cursor.skipWord('UTF8');
    if (!isUtf8 && !cursor.skipWord('CATENATE')) return 'plain';
    cursor.space();
    cursor.expect('(');
    return isUtf8 ? 'utf8' : 'catenate';
  }

  /** Behind the octets of a literal. */
  readOn(): void {
    const cursor = this.#cursor;
    if (this.place.form === 'catenate' && cursor.skip(' ')) {
      this.#readParts();
      return;
    }
    if (this.place.form !== 'plain') cursor.expect(')');
    this.#endMessage();
  }

  /** Parts of a CATENATE up to a literal or its end. RFC 4469 §3. */
  #readParts(): void {
    const cursor = this.#cursor;
    for (;;) {
      const catenateParts = this.place.catenateParts + 1;
      if (catenateParts > imapLimits.catenatePartsMax) throw tooMany('Too many parts');
      this.place = { ...this.place, catenateParts };
      if (cursor.skipWord('TEXT')) {
        cursor.space();
        this.#pushData();
        return;
      }
      if (!cursor.skipWord('URL')) throw wrong('CATENATE takes TEXT and URL');
      cursor.space();
      this.steps.push({ step: 'url', url: cursor.astringText() });
      if (cursor.skip(')')) break;
      cursor.space();
    }
    this.#endMessage();
  }

  #pushData(): void {
    const literal = this.#cursor.literalMarker();
    if (literal === null) throw wrong('The literal of a message is missing');
    this.#cursor.endAtLiteral();
    this.steps.push({ step: 'data', literal });
  }

  #endMessage(): void {
    const cursor = this.#cursor;
    this.steps.push({ step: 'message-end' });
    if (cursor.isAtEnd) {
      cursor.end();
      this.steps.push({ step: 'end' });
      return;
    }
    cursor.space();
    this.readMessage();
  }
}
