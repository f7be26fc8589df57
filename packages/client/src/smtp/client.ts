/**
 * An SMTP client: delivery to other servers, submission, the command line and every test use it.
 * RFC 5321 §3 (sessions), RFC 3207 (STARTTLS), RFC 4954 (AUTH), RFC 8314 §3.3 (TLS from the start).
 */

import { isIP, type Socket } from 'node:net';
import { readCapabilities, basicCapabilities, type Capabilities } from './capabilities.ts';
import { authenticate, type SmtpCredentials } from './authenticate.ts';
import { Connection, type TlsOptions } from './connection.ts';
import type { Content } from './content.ts';
import type { Envelope } from './envelope.ts';
import { refused, SmtpFault } from './fault.ts';
import { smtpTimeouts, type SmtpTimeouts } from './timeouts.ts';
import type { TlsFacts } from './tls-facts.ts';
import { transact, type RecipientResult } from './transaction.ts';
import { Transcript, type TranscriptLine } from './transcript.ts';

export interface SmtpClientOptions {
  /** What we call ourselves in EHLO: a host name, or an address literal. RFC 5321 §4.1.4. */
  readonly helloName: string;
  readonly timeouts?: Partial<SmtpTimeouts>;
  /** µs, for the transcript; by default since the process began. */
  readonly nowUs?: () => number;
}

/**
 * One session. The steps are the caller's: `greet`, `hello`, perhaps `startTls` and `authenticate`,
 * then `send` as often as wanted, and `quit`. For the usual ways to a server see `openSession`.
 *
 * @example
 * const client = await SmtpClient.greet(socket, { helloName: 'mail.example' });
 * await client.hello();
 * const [result] = await client.send({ from: 'a@b.example', recipients: [{ address: 'c@d.example'
 * }] }, contentOf(bytes)); await client.quit();
 */
export class SmtpClient {
  /** The server's first words. */
  readonly greeting: string;
  readonly #connection: Connection;
  readonly #options: SmtpClientOptions;
  readonly #timeouts: SmtpTimeouts;
  #capabilities: Capabilities | null = null;
  #resetFirst = false;
  #sent = 0;

  private constructor(connection: Connection, greeting: string, options: SmtpClientOptions) {
    this.#connection = connection;
    this.greeting = greeting;
    this.#options = options;
    this.#timeouts = { ...smtpTimeouts, ...options.timeouts };
  }

  /**
   * Takes over a connected socket and waits for the greeting. With `tls`, TLS comes first. Throws
   * SmtpFault; the socket is closed then.
   */
  static async greet(
    socket: Socket,
    options: SmtpClientOptions & { readonly tls?: Omit<TlsOptions, 'timeoutMs'> },
  ): Promise<SmtpClient> {
    const timeouts = { ...smtpTimeouts, ...options.timeouts };
    const transcript = new Transcript(
      options.nowUs ?? (() => Math.round(performance.now() * 1000)),
    );
    const connection = new Connection(socket, transcript);
    try {
      if (options.tls) await connection.startTls({ ...options.tls, timeoutMs: timeouts.tlsMs });
      const greeting = await connection.reply('greeting', timeouts.greetingMs);
      if (greeting.code !== 220) throw refused('greeting', greeting);
      return new SmtpClient(connection, greeting.lines[0] ?? '', options);
    } catch (error) {
      connection.destroy();
      throw withLines(error, transcript);
    }
  }

  /** Known after `hello`. */
  get capabilities(): Capabilities {
    if (this.#capabilities === null) throw new TypeError('hello() comes first');
    return this.#capabilities;
  }

  get tls(): TlsFacts | null {
    return this.#connection.tls;
  }

  /** What the server calls itself, in EHLO or else in its greeting; '' when it does not. */
  get heloName(): string {
    return this.#capabilities?.name || (this.greeting.split(' ')[0] ?? '').toLowerCase();
  }

  get localAddress(): string {
    return this.#connection.socket.localAddress ?? '';
  }

  get remoteAddress(): string {
    return this.#connection.socket.remoteAddress ?? '';
  }

  /** Another message may be sent: nothing is broken, and the server has not said good-bye. */
  get isOpen(): boolean {
    const { transactionsMax } = this.#capabilities ?? {};
    return this.#connection.isOpen && this.#sent < (transactionsMax ?? Number.POSITIVE_INFINITY);
  }

  /** EHLO; HELO where that is all the server knows. RFC 5321 §3.2, §4.1.4. */
  async hello(): Promise<Capabilities> {
    const { helloName } = this.#options;
    const ehlo = await this.#command(`EHLO ${helloName}`);
    if (ehlo.code === 250) {
      this.#capabilities = readCapabilities(ehlo);
    } else {
      if (ehlo.code === 421 || ehlo.code < 500) throw refused('hello', ehlo);
      const helo = await this.#command(`HELO ${helloName}`);
      if (helo.code !== 250) throw refused('hello', helo);
      this.#capabilities = basicCapabilities(helo);
    }
    return this.#capabilities;
  }

  /** STARTTLS and EHLO again: what was said before does not count any more. RFC 3207 §4.2. */
  async startTls(options: Omit<TlsOptions, 'timeoutMs'>): Promise<TlsFacts> {
    if (!this.capabilities.startTls) {
      throw new SmtpFault('unsupported', 'starttls', { message: 'the server offers no STARTTLS' });
    }
    this.#connection.send('STARTTLS\r\n', 'STARTTLS');
    const reply = await this.#connection.reply('starttls', this.#timeouts.commandMs);
    if (reply.code !== 220) throw refused('starttls', reply);
    this.#capabilities = null;
    const facts = await this.#connection.startTls({ ...options, timeoutMs: this.#timeouts.tlsMs });
    await this.hello();
    return facts;
  }

  /** By the best mechanism that both sides have. Throws SmtpFault. */
  async authenticate(credentials: SmtpCredentials): Promise<void> {
    await authenticate(credentials, {
      connection: this.#connection,
      mechanisms: this.capabilities.auth,
      timeoutMs: this.#timeouts.commandMs,
    });
    // RFC 4954 §4: what is offered may have grown. Only a security layer would require EHLO.
    await this.hello();
  }

  /**
   * Sends a message; one result for each recipient, in their order. What goes wrong on the way is a
   * result too; only faults of the content (unreadable, of another size than it says) are thrown.
   */
  async send(envelope: Envelope, content: Content): Promise<readonly RecipientResult[]> {
    this.#sent += 1;
    const talk = {
      connection: this.#connection,
      capabilities: this.capabilities,
      timeouts: this.#timeouts,
      resetFirst: this.#resetFirst,
    };
    const { results, mustReset } = await transact(talk, envelope, content);
    this.#resetFirst = mustReset;
    return results;
  }

  /** What was said since the last time; never a secret, never a body. */
  takeTranscript(): TranscriptLine[] {
    return this.#connection.transcript.take();
  }

  /** QUIT, and the end, whatever the server says to it. */
  async quit(): Promise<void> {
    if (!this.#connection.isOpen) return this.#connection.end();
    this.#connection.send('QUIT\r\n', 'QUIT');
    try {
      await this.#connection.reply('quit', this.#timeouts.quitMs);
    } catch (error) {
      if (!(error instanceof SmtpFault)) throw error;
    }
    this.#connection.end();
  }

  /** Hangs up. */
  destroy(): void {
    this.#connection.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.quit();
  }

  async #command(line: string) {
    this.#connection.send(`${line}\r\n`, line);
    return this.#connection.reply('hello', this.#timeouts.commandMs);
  }
}

/** A greeting that did not come has a dialogue too. */
const lost = new WeakMap<SmtpFault, TranscriptLine[]>();

function withLines(error: unknown, transcript: Transcript): unknown {
  if (error instanceof SmtpFault) lost.set(error, transcript.take());
  return error;
}

/** The dialogue of a session that ended in its greeting. */
export const linesBefore = (fault: SmtpFault): readonly TranscriptLine[] => lost.get(fault) ?? [];

/** An address as EHLO and domain literals have it. RFC 5321 §4.1.3. */
export function addressLiteral(address: string): string {
  return isIP(address) === 6 ? `[IPv6:${address}]` : `[${address}]`;
}
