/**
 * An IMAP client: one session, commands as methods, contents as streams. RFC 9051 and RFC 3501;
 * RFC 8314 (TLS); what it uses of extensions is named beside each method.
 */

import { concat } from '@merpati/formats/bytes.ts';
import type { FetchedAttributes } from '@merpati/formats/imap/response-fetch.ts';
import type { MailboxListing } from '@merpati/formats/imap/response-mailbox.ts';
import type { Response } from '@merpati/formats/imap/response.ts';
import { numbersOf, resolveSet } from '@merpati/formats/imap/sequence-set.ts';
import { append, type AppendedMessage, type NewMessage } from './append.ts';
import { authenticate, type Credentials, type LoginWay } from './authenticate.ts';
import { astring, type CommandPart, mailboxName } from './command-text.ts';
import type { DialOptions, TlsTrust } from '../dial.ts';
import { Connection } from './connection.ts';
import { ImapFault, faultOf } from './fault.ts';
import { type Download, download } from './download.ts';
import { idle, type IdleOptions } from './idle.ts';
import { type OnResponse, type SelectedMailbox, Session, type SessionOptions } from './session.ts';
import { sync, type MailboxState, type Synced } from './sync.ts';

export interface ImapOptions extends Omit<DialOptions, 'port' | 'timeoutMs'>, SessionOptions {
  /** Default: 993 for `implicit`, else 143. */
  readonly port?: number;
  /** TLS from the first octet (RFC 8314 §3.2), after STARTTLS and never without, or not at all. */
  readonly security: 'implicit' | 'starttls' | 'none';
  readonly trust?: TlsTrust;
  /** Default 60 s. */
  readonly timeoutMs?: number;
  /** Lets a password travel without TLS to other hosts than this one. */
  readonly cleartextAllowed?: boolean;
}

/** A message that a FETCH told of. */
export interface Fetched extends FetchedAttributes {
  /** null under UIDONLY. */
  readonly number: number | null;
}

export interface FetchOptions {
  /** The set has sequence numbers, not UIDs. */
  readonly byNumber?: boolean;
  /** RFC 7162 §3.1.4.1. */
  readonly changedSince?: number;
}

export interface StoreOptions {
  readonly change: 'add' | 'remove' | 'set';
  /** RFC 7162 §3.1.3: messages that changed after it are left alone. */
  readonly unchangedSince?: number;
}

/** UIDs here and there, one for one. */
export interface Copied {
  readonly uidValidity: number;
  readonly from: readonly number[];
  readonly to: readonly number[];
}

/** Messages of one COPYUID: more would be somebody's attack. */
const copiedMax = 1_000_000;

/**
 * @example
 * const server = { host: 'mail.example.org', security: 'implicit' } as const;
 * await using client = await ImapClient.connect(server);
 * await client.login({ user: 'rina@example.org', password: 'secret' });
 * await client.select('INBOX');
 * for await (const { uid, envelope } of client.fetch('1:*', 'UID ENVELOPE')) console.log(uid);
 * await client.logout();
 */
export class ImapClient implements AsyncDisposable {
  readonly #session: Session;
  readonly #options: ImapOptions;

  private constructor(session: Session, options: ImapOptions) {
    this.#session = session;
    this.#options = options;
  }

  /** Connected, greeted and under TLS as asked. Throws `ImapFault`. */
  static async connect(options: ImapOptions): Promise<ImapClient> {
    const port = options.port ?? (options.security === 'implicit' ? 993 : 143);
    const timeoutMs = options.timeoutMs ?? 60_000;
    const connection = await Connection.open({ ...options, port, timeoutMs });
    const session = new Session(connection, options);
    const client = new ImapClient(session, options);
    try {
      if (options.security === 'implicit') await connection.startTls(options.trust ?? {});
      await client.#greet();
      if (options.security === 'starttls') await client.#startTls();
      return client;
    } catch (error) {
      connection.destroy();
      throw error;
    }
  }

  /** The mailbox that is selected; null: none is. */
  get mailbox(): SelectedMailbox | null {
    return this.#session.mailbox;
  }

  /** In capitals. Asked for when the server has not told. */
  async capabilities(): Promise<ReadonlySet<string>> {
    const known = this.#session.capabilities;
    if (known !== null) return known;
    await this.#session.run(['CAPABILITY']);
    return this.#session.capabilities ?? new Set();
  }

  /**
   * By the best mechanism that both sides have. A password never travels without TLS unless to
   * this very host, or allowed by `cleartextAllowed`.
   */
  async login(credentials: Credentials): Promise<LoginWay> {
    const { connection } = this.#session;
    const isPrivate =
      connection.isSecure || connection.isLoopback || this.#options.cleartextAllowed === true;
    const capabilities = await this.capabilities();
    return await authenticate(this.#session, credentials, { capabilities, isPrivate });
  }

  /** What the server has turned on of these. RFC 5161. */
  async enable(...names: readonly string[]): Promise<readonly string[]> {
    const wanted = names.map((name) => name.toUpperCase());
    await this.#session.run([`ENABLE ${wanted.join(' ')}`]);
    return wanted.filter((name) => this.#session.enabled.has(name));
  }

  /** Who we are; who the server says that it is. RFC 2971. */
  async id(fields: Readonly<Record<string, string>>): Promise<ReadonlyMap<string, string | null>> {
    let said: ReadonlyMap<string, string | null> = new Map();
    const pairs = Object.entries(fields).flatMap(([name, value]) => [
      ' ',
      quotedOrLiteral(name),
      ' ',
      quotedOrLiteral(value),
    ]);
    const list = pairs.length === 0 ? [' NIL'] : [' (', ...pairs.slice(1), ')'];
    await this.#session.run(['ID', ...list], (response) => {
      if (response.kind === 'id') said = response.fields;
    });
    return said;
  }

  /** From here on both directions are compressed; false: the server cannot. RFC 4978. */
  async compress(): Promise<boolean> {
    if (!(await this.capabilities()).has('COMPRESS=DEFLATE')) return false;
    await this.#session.run(['COMPRESS DEFLATE']);
    this.#session.connection.startDeflate();
    return true;
  }

  /** Mailboxes whose names fit: `*` is anything, `%` anything within a level. */
  async list(
    pattern = '*',
    options: { readonly subscribed?: boolean } = {},
  ): Promise<MailboxListing[]> {
    const found: MailboxListing[] = [];
    const name = mailboxName(pattern, this.#session.isUtf8);
    const command = options.subscribed === true ? 'LSUB "" ' : 'LIST "" ';
    await this.#session.run([command, name], (response) => {
      if (response.kind === 'list' || response.kind === 'lsub') found.push(response);
    });
    return found;
  }

  /** Items in capitals (`MESSAGES`, `UIDNEXT`, `UIDVALIDITY`, `UNSEEN`, `SIZE` …) → number. */
  async status(mailbox: string, items: readonly string[]): Promise<ReadonlyMap<string, number>> {
    let numbers: ReadonlyMap<string, number> | null = null;
    const parts = ['STATUS ', this.#name(mailbox), ` (${items.join(' ')})`];
    await this.#session.run(parts, (response) => {
      if (response.kind === 'status' && response.mailbox === mailbox) numbers = response.numbers;
    });
    return numbers ?? this.#missing('STATUS');
  }

  async create(mailbox: string): Promise<void> {
    await this.#session.run(['CREATE ', this.#name(mailbox)]);
  }

  async delete(mailbox: string): Promise<void> {
    await this.#session.run(['DELETE ', this.#name(mailbox)]);
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#session.run(['RENAME ', this.#name(from), ' ', this.#name(to)]);
  }

  async subscribe(mailbox: string, isSubscribed = true): Promise<void> {
    const command = isSubscribed ? 'SUBSCRIBE ' : 'UNSUBSCRIBE ';
    await this.#session.run([command, this.#name(mailbox)]);
  }

  /** Makes it the one that the commands on messages mean. */
  async select(
    mailbox: string,
    options: { readonly readOnly?: boolean } = {},
  ): Promise<SelectedMailbox> {
    return await this.selectWith(mailbox, { ...options, parameters: '' });
  }

  /** As `select`, with parameters as they stand (`(CONDSTORE)`), for who knows the server. */
  async selectWith(
    mailbox: string,
    options: {
      readonly readOnly?: boolean;
      readonly parameters: string;
      readonly onResponse?: OnResponse;
    },
  ): Promise<SelectedMailbox> {
    const session = this.#session;
    const command = options.readOnly === true ? 'EXAMINE ' : 'SELECT ';
    const parameters = options.parameters === '' ? [] : [` ${options.parameters}`];
    const turn = await session.begin();
    try {
      const parts = [command, this.#name(mailbox), ...parameters];
      session.mailbox = { ...unknownMailbox, name: mailbox, isReadOnly: options.readOnly === true };
      const early = await session.say(turn, parts, options.onResponse);
      const end = early ?? (await session.finish(turn, options.onResponse));
      if (end.condition === 'OK') return session.mailbox;
      // RFC 9051 §6.3.2: after a refused SELECT none is selected.
      session.mailbox = null;
      throw faultOf(end, command.trim());
    } finally {
      turn.end();
    }
  }

  /** None is selected any more; nothing is expunged by it. RFC 3691. */
  async unselect(): Promise<void> {
    await this.#session.run(['UNSELECT']);
    this.#session.mailbox = null;
  }

  /** What was marked `\Deleted` goes without a word, and none is selected any more. */
  async close(): Promise<void> {
    await this.#session.run(['CLOSE']);
    this.#session.mailbox = null;
  }

  /**
   * Messages of the set, as they come; `items` as they stand: `UID FLAGS ENVELOPE`. No other
   * command may be awaited inside the loop: it would wait for the end of this one.
   */
  async *fetch(
    set: string,
    items: string,
    options: FetchOptions = {},
  ): AsyncGenerator<Fetched, void, void> {
    const { changedSince } = options;
    const modifier = changedSince === undefined ? '' : ` (CHANGEDSINCE ${changedSince})`;
    const command = options.byNumber === true ? 'FETCH' : 'UID FETCH';
    for await (const response of this.#responses([`${command} ${set} (${items})${modifier}`])) {
      if (response.kind === 'fetch') yield { ...response.fetched, number: response.number };
    }
  }

  /**
   * Contents of messages by UID, as streams, without marking them read: `section` is empty for all,
   * `HEADER`, `1.2`, … Each content must be read before the next; leaving the loop early ends the
   * connection.
   */
  download(uids: string, section = ''): AsyncGenerator<Download, void, void> {
    return download(this.#session, { uids, section });
  }

  /** UIDs of what fits, ascending; criteria as they stand (`UNSEEN SINCE 1-Feb-2026`), or parts. */
  async search(criteria: string | readonly CommandPart[]): Promise<number[]> {
    const parts = typeof criteria === 'string' ? [criteria] : criteria;
    const found: number[] = [];
    await this.#session.run(['UID SEARCH ', ...parts], (response) => {
      if (response.kind === 'search') found.push(...response.numbers);
      else if (response.kind === 'esearch') found.push(...numbersOf(response.all ?? []));
    });
    return found.toSorted((a, b) => a - b);
  }

  /**
   * Changes flags of messages by UID. Answers with the UIDs that had changed meanwhile and were
   * left alone, as `unchangedSince` asked.
   */
  async store(uids: string, flags: readonly string[], options: StoreOptions): Promise<number[]> {
    const { unchangedSince } = options;
    const modifier = unchangedSince === undefined ? '' : ` (UNCHANGEDSINCE ${unchangedSince})`;
    const sign = { add: '+', remove: '-', set: '' }[options.change];
    const command = `UID STORE ${uids}${modifier} ${sign}FLAGS.SILENT (${flags.join(' ')})`;
    const { code } = await this.#session.run([command]);
    return code?.code === 'MODIFIED' ? [...numbersOf(resolveSet(code.set, 0))] : [];
  }

  /** null: the server does not tell which UIDs they have there. RFC 4315 §3. */
  async copy(uids: string, mailbox: string): Promise<Copied | null> {
    return await this.#transfer('UID COPY', uids, mailbox);
  }

  /** RFC 6851. Throws `unsupported` where the server cannot: COPY and EXPUNGE are not the same. */
  async move(uids: string, mailbox: string): Promise<Copied | null> {
    const capabilities = await this.capabilities();
    if (!capabilities.has('MOVE') && !capabilities.has('IMAP4REV2')) {
      throw new ImapFault('unsupported', 'the server has no MOVE');
    }
    return await this.#transfer('UID MOVE', uids, mailbox);
  }

  /** These and no others, of those marked `\Deleted`; all that are marked when none are named. */
  async expunge(uids?: string): Promise<void> {
    await this.#session.run([uids === undefined ? 'EXPUNGE' : `UID EXPUNGE ${uids}`]);
  }

  /** Puts messages into a mailbox: all of them or none where the server can. RFC 3502. */
  async append(
    mailbox: string,
    ...messages: readonly NewMessage[]
  ): Promise<readonly AppendedMessage[]> {
    const capabilities = await this.capabilities();
    return await append(this.#session, { mailbox, messages, capabilities });
  }

  /** What changed since that state, by QRESYNC where the server has it. RFC 7162. */
  async sync(mailbox: string, state: MailboxState | null): Promise<Synced> {
    return await sync(this, mailbox, state);
  }

  /** What the server tells unasked, until the signal, or until the loop is left. RFC 2177. */
  idle(options: IdleOptions = {}): AsyncGenerator<Response, void, void> {
    return idle(this.#session, { silenceMs: this.#options.timeoutMs ?? 60_000, ...options });
  }

  async noop(): Promise<void> {
    await this.#session.run(['NOOP']);
  }

  /** For what has no method here. */
  async command(parts: readonly CommandPart[], onResponse?: OnResponse): Promise<void> {
    await this.#session.run(parts, onResponse);
  }

  async logout(): Promise<void> {
    this.#session.isLeaving = true;
    await this.#session.run(['LOGOUT']);
    this.#session.connection.end();
  }

  /** Hangs up. */
  destroy(): void {
    this.#session.connection.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.destroy();
  }

  async #greet(): Promise<void> {
    const greeting = await this.#session.next();
    if (greeting.kind !== 'condition' || greeting.tag !== null) {
      throw this.#session.broken('no greeting');
    }
    if (greeting.condition === 'OK') return;
    // PREAUTH in the clear leaves no room for STARTTLS: an attacker's word. CVE-2020-12398.
    if (greeting.condition === 'PREAUTH' && this.#options.security !== 'starttls') return;
    throw faultOf(greeting, 'greeting');
  }

  async #startTls(): Promise<void> {
    await this.#session.run(['STARTTLS']).catch((error: unknown) => {
      if (!(error instanceof ImapFault) || error.code === 'closed') throw error;
      throw new ImapFault('unsupported', 'the server offers no TLS (STARTTLS)', { cause: error });
    });
    await this.#session.connection.startTls(this.#options.trust ?? {});
    this.#session.forgetCapabilities();
  }

  async #transfer(command: string, uids: string, mailbox: string): Promise<Copied | null> {
    let told: Copied | null = null;
    const learn = (response: Response): void => {
      if (response.kind !== 'condition' || response.code?.code !== 'COPYUID') return;
      const { uidValidity, from, to } = response.code;
      const [here, there] = [from, to].map((set) => takeNumbers(resolveSet(set, 0)));
      if (here && there) told = { uidValidity, from: here, to: there };
    };
    const parts = [`${command} ${uids} `, this.#name(mailbox)];
    learn(await this.#session.run(parts, learn));
    return told;
  }

  /** The untagged responses of a command, one by one; the rest is read when the loop is left. */
  async *#responses(parts: readonly CommandPart[]): AsyncGenerator<Response, void, void> {
    const session = this.#session;
    const turn = await session.begin();
    let isOver = false;
    try {
      const early = await session.say(turn, parts);
      for (let said = early ?? (await session.next()); ; said = await session.next()) {
        if (said.kind === 'condition' && said.tag === turn.tag) {
          isOver = true;
          if (said.condition === 'OK') return;
          throw faultOf(said, 'FETCH');
        }
        yield said;
      }
    } finally {
      if (!isOver) await session.finish(turn).catch(() => undefined);
      turn.end();
    }
  }

  #name(mailbox: string): CommandPart {
    return mailboxName(mailbox, this.#session.isUtf8);
  }

  #missing(what: string): never {
    throw this.#session.broken(`${what} without an answer`);
  }
}

const unknownMailbox: SelectedMailbox = {
  name: '',
  isReadOnly: false,
  exists: 0,
  uidValidity: 0,
  uidNext: null,
  highestModseq: null,
  flags: [],
  permanentFlags: [],
  mailboxId: null,
};

function takeNumbers(set: ReturnType<typeof resolveSet>): number[] {
  const numbers: number[] = [];
  for (const number of numbersOf(set)) {
    if (numbers.length >= copiedMax) throw new ImapFault('protocol', 'a set of absurd size');
    numbers.push(number);
  }
  return numbers;
}

/** Strings of ID are never atoms. */
function quotedOrLiteral(text: string): CommandPart {
  const part = astring(text);
  return part === text ? `"${text}"` : part;
}

/** The whole of a content. */
export async function readWhole(content: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of content) pieces.push(piece);
  return concat(pieces);
}
