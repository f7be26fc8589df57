/**
 * One connection to an IMAP server: octets out, lines and literals in, TLS and DEFLATE in between.
 * Reads from the socket only what somebody waits for, so that a slow disk slows the server and
 * memory stays bounded. RFC 9051 §2.1; RFC 4978 (COMPRESS).
 */

import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { createDeflateRaw, createInflateRaw, constants, type DeflateRaw } from 'node:zlib';
import type { Readable } from 'node:stream';
import { concat } from '@merpati/formats/bytes.ts';
import { ResponseAssembly } from '@merpati/formats/imap/response-assembly.ts';
import { responseLimits } from '@merpati/formats/imap/response-limits.ts';
import { ResponseReader, type ResponseParts } from '@merpati/formats/imap/response-reader.ts';
import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import {
  beginTls,
  dial,
  type DialOptions,
  DialTimeout,
  isLoopback,
  type TlsTrust,
} from '../dial.ts';
import { ImapFault } from './fault.ts';

export class Connection {
  readonly #options: DialOptions;
  #socket: Socket;
  /** The socket, or what inflates it. */
  #source: Readable;
  #deflate: DeflateRaw | null = null;
  #reader = new ResponseReader();
  #assembly = new ResponseAssembly(this.#reader);
  #failure: ImapFault | null = null;
  #ended = false;
  #wake: (() => void) | null = null;
  #listeners: (readonly [string, (error: Error) => void])[] = [];

  private constructor(socket: Socket, options: DialOptions) {
    this.#socket = socket;
    this.#source = socket;
    this.#options = options;
    this.#listen();
    options.signal?.addEventListener('abort', this.#abort, { once: true });
  }

  static async open(options: DialOptions): Promise<Connection> {
    if (options.signal?.aborted === true) throw new ImapFault('aborted', 'aborted');
    try {
      return new Connection(await dial(options), options);
    } catch (error) {
      if (error instanceof ImapFault) throw error;
      if (error instanceof DialTimeout) {
        throw new ImapFault('timeout', error.message);
      }
      const why = error instanceof Error ? error.message : String(error);
      throw new ImapFault('connect', `${options.host}:${options.port}: ${why}`, { cause: error });
    }
  }

  get socket(): Socket {
    return this.#socket;
  }

  get isSecure(): boolean {
    return this.#socket instanceof TLSSocket;
  }

  get isLoopback(): boolean {
    return isLoopback(this.#socket);
  }

  /**
   * From here on under TLS. Whatever came in the clear behind the server's OK is a forgery: the
   * conversation ends. RFC 9051 §11.1.
   */
  async startTls(trust: TlsTrust): Promise<void> {
    const plain = this.#socket;
    if (this.#reader.pending > 0 || plain.readableLength > 0) {
      throw this.fail(new ImapFault('protocol', 'the server speaks where TLS should begin'));
    }
    plain.setTimeout(0);
    for (const [event, listener] of this.#listeners) plain.off(event, listener);
    const secure = beginTls(plain, this.#options.host, trust);
    this.#socket = secure;
    this.#source = secure;
    this.#listen();
    await new Promise<void>((resolve, reject) => {
      secure.once('secureConnect', resolve);
      secure.once('error', (error) =>
        reject(new ImapFault('tls', error.message, { cause: error })),
      );
      secure.once('close', () =>
        reject(this.#failure ?? new ImapFault('closed', 'closed during the TLS handshake')),
      );
    });
  }

  /** Both directions compressed from here on; the server has just said OK. */
  startDeflate(): void {
    const inflate = createInflateRaw({ finishFlush: constants.Z_SYNC_FLUSH });
    const deflate = createDeflateRaw({ flush: constants.Z_SYNC_FLUSH });
    const socket = this.#socket;
    const early = this.#reader.readOctets(this.#reader.pending);
    if (early !== null) inflate.write(early);
    inflate.on('readable', () => this.#wakeUp());
    inflate.on('end', () => this.#end());
    inflate.on('error', (error) => {
      this.fail(new ImapFault('protocol', error.message, { cause: error }));
    });
    deflate.pipe(socket, { end: false });
    // Whoever listens for 'readable' reads by himself: the pipe would stand still.
    socket.removeAllListeners('readable');
    socket.pipe(inflate);
    this.#source = inflate;
    this.#deflate = deflate;
  }

  /** Resolves when the socket has room for more. */
  async write(octets: Uint8Array): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    const out = this.#deflate ?? this.#socket;
    if (out.write(octets)) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        out.off('drain', done);
        this.#socket.off('close', done);
        resolve();
      };
      out.once('drain', done);
      this.#socket.once('close', done);
    });
  }

  /** A whole response. */
  readResponse(): Promise<ResponseParts> {
    return this.#take(() => this.#assembly.next());
  }

  /** The first line of a response, whose literals the caller takes with `readOctets`. */
  readLine(): Promise<Uint8Array> {
    return this.#take(() => this.#reader.readLine());
  }

  /** At most so many octets of a literal, at least one. */
  readOctets(most: number): Promise<Uint8Array> {
    return this.#take(() => this.#reader.readOctets(most));
  }

  /** A literal as a whole. Throws when it is larger than what may be collected. */
  async readLiteral(octets: number): Promise<Uint8Array> {
    if (octets > responseLimits.literalOctetsMax) {
      throw this.fail(new ImapFault('protocol', `a literal of ${octets} octets`));
    }
    const pieces: Uint8Array[] = [];
    for (let left = octets; left > 0;) {
      const piece = await this.readOctets(left);
      pieces.push(piece);
      left -= piece.length;
    }
    return concat(pieces);
  }

  /** null: the server may be silent for as long as it likes. */
  setSilenceMax(timeoutMs: number | null): void {
    this.#socket.setTimeout(timeoutMs ?? 0);
  }

  /** Closes in both directions. */
  end(): void {
    this.#options.signal?.removeEventListener('abort', this.#abort);
    this.#socket.end();
    // What still comes in is of no interest, and must not keep the process.
    this.#source.resume();
    this.#socket.unref();
  }

  destroy(): void {
    this.fail(new ImapFault('closed', 'the connection was given up'));
  }

  /** Ends the conversation; answers with what it failed of first. */
  fail(fault: ImapFault): ImapFault {
    this.#failure ??= fault;
    this.#options.signal?.removeEventListener('abort', this.#abort);
    this.#socket.destroy();
    this.#wakeUp();
    return this.#failure;
  }

  async #take<T>(read: () => T | null): Promise<T> {
    for (;;) {
      let got: T | null;
      try {
        got = read();
      } catch (error) {
        if (!(error instanceof SyntaxFault)) throw error;
        throw this.fail(new ImapFault('protocol', error.message, { cause: error }));
      }
      if (got !== null) return got;
      const chunk = this.#source.read() as Uint8Array | null;
      if (chunk !== null) {
        this.#reader.push(chunk);
        continue;
      }
      if (this.#failure !== null) throw this.#failure;
      if (this.#ended) throw this.fail(new ImapFault('closed', 'the server closed'));
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #listen(): void {
    this.#listeners = [
      ['readable', () => this.#wakeUp()],
      ['end', () => this.#end()],
      ['close', () => this.#end()],
      [
        'error',
        (error: Error) => {
          this.#failure ??= new ImapFault('closed', error.message, { cause: error });
          this.#wakeUp();
        },
      ],
      [
        'timeout',
        () => {
          const seconds = this.#options.timeoutMs / 1000;
          this.fail(new ImapFault('timeout', `no answer in ${seconds} s`));
        },
      ],
    ];
    for (const [event, listener] of this.#listeners) this.#socket.on(event, listener);
    this.#socket.setTimeout(this.#options.timeoutMs);
  }

  #end(): void {
    // What was compressed is read to its end first.
    if (this.#deflate !== null && !this.#source.readableEnded && this.#failure === null) return;
    this.#ended = true;
    this.#wakeUp();
  }

  #wakeUp(): void {
    this.#wake?.();
    this.#wake = null;
  }

  readonly #abort = (): void => {
    this.fail(new ImapFault('aborted', 'aborted'));
  };
}
