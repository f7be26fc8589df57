/**
 * One connection to a POP3 server: octets out, lines and contents in, TLS in between. Reads from
 * the socket only what somebody waits for, so that a slow disk slows the server and memory stays
 * bounded.
 */

import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { ReplyReader } from '@merpati/formats/pop3/reply.ts';
import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import {
  beginTls,
  dial,
  type DialOptions,
  DialTimeout,
  isLoopback,
  type TlsTrust,
} from '../dial.ts';
import { Pop3Fault } from './fault.ts';

export class Connection {
  readonly #options: DialOptions;
  #socket: Socket;
  #reader = new ReplyReader();
  #failure: Pop3Fault | null = null;
  #ended = false;
  #wake: (() => void) | null = null;
  #listeners: (readonly [string, (error: Error) => void])[] = [];

  private constructor(socket: Socket, options: DialOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#listen();
    options.signal?.addEventListener('abort', this.#abort, { once: true });
  }

  static async open(options: DialOptions): Promise<Connection> {
    if (options.signal?.aborted === true) throw new Pop3Fault('aborted', 'aborted');
    try {
      return new Connection(await dial(options), options);
    } catch (error) {
      if (error instanceof Pop3Fault) throw error;
      if (error instanceof DialTimeout) {
        throw new Pop3Fault('timeout', error.message);
      }
      const why = error instanceof Error ? error.message : String(error);
      throw new Pop3Fault('connect', `${options.host}:${options.port}: ${why}`, error);
    }
  }

  /** Null without TLS. */
  get tls(): TLSSocket | null {
    return this.#socket instanceof TLSSocket ? this.#socket : null;
  }

  get isLoopback(): boolean {
    return isLoopback(this.#socket);
  }

  /**
   * From here on under TLS. Whatever came in the clear behind the server's +OK is a forgery: the
   * conversation ends (CVE-2011-0411 seen from the client). RFC 2595 §4.
   */
  async startTls(trust: TlsTrust): Promise<void> {
    const plain = this.#socket;
    if (this.#reader.pending > 0 || plain.readableLength > 0) {
      throw this.#fail(new Pop3Fault('protocol', 'the server speaks where TLS should begin'));
    }
    plain.setTimeout(0);
    for (const [event, listener] of this.#listeners) plain.off(event, listener);
    const secure = beginTls(plain, this.#options.host, trust);
    this.#socket = secure;
    this.#listen();
    await new Promise<void>((resolve, reject) => {
      secure.once('secureConnect', resolve);
      secure.once('error', (error) => reject(new Pop3Fault('tls', error.message, error)));
      secure.once('close', () =>
        reject(this.#failure ?? new Pop3Fault('closed', 'closed during the TLS handshake')),
      );
    });
  }

  write(octets: Uint8Array): void {
    if (this.#failure !== null) throw this.#failure;
    this.#socket.write(octets);
  }

  readLine(): Promise<Uint8Array> {
    return this.#take(() => this.#reader.readLine());
  }

  /** `end` for the dot behind the last line. */
  readListingLine(): Promise<Uint8Array | 'end'> {
    return this.#take(() => this.#reader.readListingLine());
  }

  /** The next piece of message content, unstuffed, until the lone dot has been read. */
  readContent(): Promise<{ readonly octets: Uint8Array; readonly last: boolean }> {
    return this.#take(() => this.#reader.readContent());
  }

  /** Closes in both directions. */
  end(): void {
    this.#options.signal?.removeEventListener('abort', this.#abort);
    this.#socket.end();
    // What still comes in is of no interest, and must not keep the process.
    this.#socket.resume();
    this.#socket.unref();
  }

  destroy(): void {
    this.#fail(new Pop3Fault('closed', 'the connection was given up'));
  }

  async #take<T>(read: () => T | null): Promise<T> {
    for (;;) {
      let got: T | null;
      try {
        got = read();
      } catch (error) {
        if (!(error instanceof SyntaxFault)) throw error;
        throw this.#fail(new Pop3Fault('protocol', error.message, error));
      }
      if (got !== null) return got;
      const chunk = this.#socket.read() as Uint8Array | null;
      if (chunk !== null) {
        this.#reader.push(chunk);
        continue;
      }
      if (this.#failure !== null) throw this.#failure;
      if (this.#ended) throw this.#fail(new Pop3Fault('closed', 'the server closed'));
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #listen(): void {
    const ended = (): void => {
      this.#ended = true;
      this.#wakeUp();
    };
    this.#listeners = [
      ['readable', () => this.#wakeUp()],
      ['end', ended],
      ['close', ended],
      [
        'error',
        (error: Error) => {
          this.#failure ??= new Pop3Fault('closed', error.message, error);
          this.#wakeUp();
        },
      ],
      [
        'timeout',
        () => {
          const seconds = this.#options.timeoutMs / 1000;
          this.#fail(new Pop3Fault('timeout', `no answer in ${seconds} s`));
        },
      ],
    ];
    for (const [event, listener] of this.#listeners) this.#socket.on(event, listener);
    this.#socket.setTimeout(this.#options.timeoutMs);
  }

  #wakeUp(): void {
    this.#wake?.();
    this.#wake = null;
  }

  readonly #abort = (): void => {
    this.#fail(new Pop3Fault('aborted', 'aborted'));
  };

  #fail(fault: Pop3Fault): Pop3Fault {
    this.#failure ??= fault;
    this.#options.signal?.removeEventListener('abort', this.#abort);
    this.#socket.destroy();
    this.#wakeUp();
    return this.#failure;
  }
}
