/**
 * The conversation: one command at a time, its responses in order, and what the server tells
 * unasked. RFC 9051 §2.2, §5.5, §7.
 */

import { ascii, utf8 } from '@merpati/formats/bytes.ts';
import type { ResponseParts } from '@merpati/formats/imap/response-reader.ts';
import type { ReceivedCode } from '@merpati/formats/imap/response-status.ts';
import {
  readResponse,
  type Response,
  type StatusResponse,
} from '@merpati/formats/imap/response.ts';
import { setSize } from '@merpati/formats/imap/sequence-set.ts';
import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import { type CommandPart, showParts, type Upload } from './command-text.ts';
import type { Connection } from './connection.ts';
import { ImapFault, faultOf } from './fault.ts';

/** The mailbox that is selected, as far as the server has told. */
export interface SelectedMailbox {
  readonly name: string;
  readonly isReadOnly: boolean;
  readonly exists: number;
  readonly uidValidity: number;
  readonly uidNext: number | null;
  /** null: the server keeps none for this mailbox. RFC 7162 §3.1.2. */
  readonly highestModseq: number | null;
  readonly flags: readonly string[];
  readonly permanentFlags: readonly string[];
  /** RFC 8474 §4. */
  readonly mailboxId: string | null;
}

export type OnResponse = (response: Response) => void | Promise<void>;

export interface SessionOptions {
  /** Everything that the server says, in order, before the command that asked sees it. */
  readonly onResponse?: (response: Response) => void;
  /** The dialogue for people; never carries a secret. */
  readonly onLine?: (direction: 'in' | 'out', text: string) => void;
}

/** What non-synchronising literals may have at most under LITERAL-. RFC 7888 §5. */
const nonSyncOctetsMax = 4096;
const pieceOctetsMax = 65_536;

/** A command under way: nobody else may speak until `end`. */
export interface Turn {
  readonly tag: string;
  end(): void;
}

export class Session {
  readonly connection: Connection;
  readonly #options: SessionOptions;
  #capabilities: ReadonlySet<string> | null = null;
  readonly enabled = new Set<string>();
  mailbox: SelectedMailbox | null = null;
  #turn: Promise<void> = Promise.resolve();
  #commands = 0;

  constructor(connection: Connection, options: SessionOptions) {
    this.connection = connection;
    this.#options = options;
  }

  /** As last told; null: ask. */
  get capabilities(): ReadonlySet<string> | null {
    return this.#capabilities;
  }

  /** What was said before TLS or login does not hold after it. RFC 9051 §6.2.1. */
  forgetCapabilities(): void {
    this.#capabilities = null;
  }

  /** Mailbox names and quoted strings are UTF-8. RFC 6855 §3; RFC 9051 §5.1. */
  get isUtf8(): boolean {
    return this.enabled.has('UTF8=ACCEPT') || this.enabled.has('IMAP4REV2');
  }

  /**
   * Says a command and reads up to its end; throws `ImapFault` for NO and BAD. `onResponse` gets
   * the untagged responses that came before it.
   */
  async run(parts: readonly CommandPart[], onResponse?: OnResponse): Promise<StatusResponse> {
    const turn = await this.begin();
    try {
      const early = await this.say(turn, parts, onResponse);
      return expectOk(early ?? (await this.finish(turn, onResponse)), parts);
    } finally {
      turn.end();
    }
  }

  /** Waits until it is this command's turn. */
  async begin(): Promise<Turn> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const before = this.#turn;
    this.#turn = promise;
    await before;
    this.#commands += 1;
    return { tag: `a${this.#commands}`, end: resolve };
  }

  /**
   * Sends a command. Where a literal has to wait for its `+`, the server may end the command
   * instead: then that end is the answer.
   */
  async say(
    turn: Turn,
    parts: readonly CommandPart[],
    onResponse?: OnResponse,
  ): Promise<StatusResponse | null> {
    this.#options.onLine?.('out', `${turn.tag} ${showSafely(parts)}`);
    let text = `${turn.tag} `;
    for (const part of parts) {
      if (typeof part === 'string') {
        text += part;
        continue;
      }
      const waits = !this.#isNonSync(part.octets);
      await this.connection.write(utf8(`${text}{${part.octets}${waits ? '' : '+'}}\r\n`));
      text = '';
      const end = waits ? await this.#awaitGoAhead(turn, onResponse) : null;
      if (end !== null) return end;
      await this.#upload(part);
    }
    await this.connection.write(utf8(`${text}\r\n`));
    return null;
  }

  /** One line of a SASL exchange, or DONE. */
  async sayLine(text: string): Promise<void> {
    this.#options.onLine?.('out', text === 'DONE' || text === '*' ? text : '…');
    await this.connection.write(ascii(`${text}\r\n`));
  }

  /** Reads up to the tagged end of the command. */
  async finish(turn: Turn, onResponse?: OnResponse): Promise<StatusResponse> {
    for (;;) {
      const response = await this.next();
      if (isEndOf(turn, response)) return response;
      if (response.kind === 'continue') throw this.broken('a continuation that nobody waits for');
      await onResponse?.(response);
    }
  }

  /** The next response, applied to what is known of the session. */
  async next(): Promise<Response> {
    return this.take(await this.connection.readResponse());
  }

  /** A response that was read already: understood, applied, told. */
  take(parts: ResponseParts): Response {
    const response = this.understand(parts);
    this.#apply(response);
    this.#options.onResponse?.(response);
    return response;
  }

  understand(parts: ResponseParts): Response {
    try {
      return readResponse(parts, { utf8: this.isUtf8 });
    } catch (error) {
      if (!(error instanceof SyntaxFault)) throw error;
      throw this.broken(error.message);
    }
  }

  broken(why: string): ImapFault {
    return this.connection.fail(new ImapFault('protocol', `the server broke the protocol: ${why}`));
  }

  /** RFC 7888 §3, §4. */
  #isNonSync(octets: number): boolean {
    const can = this.#capabilities;
    if (can?.has('LITERAL+') === true) return true;
    return (
      octets <= nonSyncOctetsMax &&
      (can?.has('LITERAL-') === true || can?.has('IMAP4REV2') === true)
    );
  }

  async #awaitGoAhead(turn: Turn, onResponse?: OnResponse): Promise<StatusResponse | null> {
    for (;;) {
      const response = await this.next();
      if (response.kind === 'continue') return null;
      if (isEndOf(turn, response)) return response;
      await onResponse?.(response);
    }
  }

  /** Exactly so many octets as were announced: anything else would be read as a command. */
  async #upload({ octets, content }: Upload): Promise<void> {
    let sent = 0;
    const pieces = content instanceof Uint8Array ? slicesOf(content) : content;
    for await (const piece of pieces) {
      sent += piece.length;
      if (sent > octets) break;
      await this.connection.write(piece);
    }
    if (sent === octets) return;
    const why = `a literal of ${octets} octets had ${sent > octets ? 'more' : `only ${sent}`}`;
    throw this.connection.fail(new ImapFault('aborted', why));
  }

  #apply(response: Response): void {
    this.#options.onLine?.('in', showResponse(response));
    const { kind } = response;
    if (kind === 'condition') this.#applyCondition(response);
    else if (kind === 'capability') this.#learn(response.capabilities);
    else if (kind === 'enabled') for (const name of response.capabilities) this.enabled.add(name);
    else if (kind === 'exists') this.#change({ exists: response.number });
    else if (kind === 'flags') this.#change({ flags: response.flags });
    else if (kind === 'expunge') this.#lose(1);
    else if (kind === 'vanished' && !response.isEarlier) this.#lose(setSize(response.uids));
  }

  #applyCondition(response: StatusResponse): void {
    const { code, tag, condition } = response;
    if (tag === null && condition === 'BYE' && !this.isLeaving) {
      throw this.connection.fail(faultOf(response, 'the session'));
    }
    if (code?.code === 'CAPABILITY') this.#learn(code.capabilities);
    else if (code !== null) this.#change(changeOf(code));
  }

  /** After LOGOUT a BYE is what we wait for. */
  isLeaving = false;

  #learn(capabilities: readonly string[]): void {
    this.#capabilities = new Set(capabilities.map((name) => name.toUpperCase()));
  }

  #lose(count: number): void {
    this.#change({ exists: Math.max(0, (this.mailbox?.exists ?? 0) - count) });
  }

  #change(change: Partial<SelectedMailbox>): void {
    if (this.mailbox !== null) this.mailbox = { ...this.mailbox, ...change };
  }
}

/** What a response code says of the selected mailbox. */
function changeOf(code: ReceivedCode): Partial<SelectedMailbox> {
  if (code.code === 'UIDVALIDITY') return { uidValidity: code.number };
  if (code.code === 'UIDNEXT') return { uidNext: code.number };
  if (code.code === 'HIGHESTMODSEQ') return { highestModseq: code.number };
  if (code.code === 'NOMODSEQ') return { highestModseq: null };
  if (code.code === 'PERMANENTFLAGS') return { permanentFlags: code.flags };
  if (code.code === 'MAILBOXID') return { mailboxId: code.id };
  if (code.code === 'READ-ONLY') return { isReadOnly: true };
  return code.code === 'READ-WRITE' ? { isReadOnly: false } : {};
}

export function isEndOf(turn: Turn, response: Response): response is StatusResponse {
  return response.kind === 'condition' && response.tag === turn.tag;
}

export function expectOk(said: StatusResponse, parts: readonly CommandPart[]): StatusResponse {
  if (said.condition === 'OK') return said;
  throw faultOf(said, nameOf(parts));
}

/** The command word, for sentences. */
function nameOf(parts: readonly CommandPart[]): string {
  const [first = ''] = parts;
  const [name = '', second = ''] = (typeof first === 'string' ? first : '').split(' ');
  return name === 'UID' ? `UID ${second}` : name;
}

function showSafely(parts: readonly CommandPart[]): string {
  const name = nameOf(parts);
  return name === 'LOGIN' || name === 'AUTHENTICATE' ? `${name} …` : showParts(parts);
}

function showResponse(response: Response): string {
  if (response.kind === 'continue') return '+ …';
  if (response.kind !== 'condition') return `* ${response.kind}`;
  return `${response.tag ?? '*'} ${response.condition} ${response.text}`;
}

function* slicesOf(octets: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < octets.length; at += pieceOctetsMax) {
    yield octets.subarray(at, at + pieceOctetsMax);
  }
}
