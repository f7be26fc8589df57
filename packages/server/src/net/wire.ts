/**
 * One accepted connection as the protocols see it: lines and chunks in, text and bytes out, with
 * deadlines, limits and backpressure. Plain or TLS; STARTTLS drops what came before it.
 */

import { createHash, type X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { threadId } from 'node:worker_threads';
import type { Certificates } from '../home.ts';
import { tickAfter, unwatch, watch } from './deadlines.ts';
import { DeflatedSocket } from './deflated-socket.ts';
import { serverOptions } from './tls-options.ts';

export type WireFaultReason =
  /** The peer has closed its side, and nothing complete is left to read. */
  | 'ended'
  | 'reset'
  | 'timeout'
  | 'line-too-long'
  /** A line that ends in LF without CR, where that is not allowed. */
  | 'bare-lf'
  /** The server is being stopped: say good-bye. */
  | 'stopping'
  | 'tls';

/** Why nothing more can be read or written. Never our bug. */
export class WireFault extends Error {
  override readonly name = 'WireFault';
  readonly reason: WireFaultReason;
  constructor(reason: WireFaultReason, cause?: unknown) {
    super(`connection: ${reason}`, cause === undefined ? undefined : { cause });
    this.reason = reason;
  }
}

export interface Peer {
  /** IPv4-mapped addresses are given as IPv4. */
  readonly address: string;
  readonly port: number;
}

export interface TlsFacts {
  /** `TLSv1.3`. */
  readonly protocol: string;
  /** `TLS_AES_256_GCM_SHA384`. */
  readonly cipher: string;
  /** The name the client asked for (SNI). */
  readonly serverName: string | null;
}

export type ChannelBindingType = 'tls-exporter' | 'tls-server-end-point';

export const wireLimits = {
  /** Unread input beyond this stops reading from the socket until it is taken. */
  unreadOctetsMax: 128 * 1024,
  /** A peer that takes nothing of what we write for so long is gone. */
  drainTimeoutMs: 120_000,
  tlsTimeoutMs: 30_000,
  /** After close: how long and how much we still take, so that our last words arrive. */
  lingerMs: 3000,
  lingerOctetsMax: 4 * 1024 * 1024,
} as const;

/** Who waits for input: for a line, or for any octets. */
interface Reader {
  /** Longest line; 0: any octet will do. */
  readonly lineMax: number;
  readonly options: LineOptions | undefined;
  readonly resolve: (octets: Uint8Array) => void;
  readonly reject: (error: unknown) => void;
}

interface Writer {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Sockets know their wire, so that all of them share one set of listeners. */
const wireOf = Symbol('wire');
type WiredSocket = Duplex & { [wireOf]?: Wire };

/** Threads number their connections each for itself. */
const idPrefix = threadId === 0 ? '' : `${threadId.toString(36)}-`;
let wiresMade = 0;

export class Wire {
  /** Short and unique within the process, for the logs. */
  readonly id: string;
  /** After PROXY protocol the real client. */
  remote: Peer;
  secure: TlsFacts | null = null;
  /** Compressed both ways. */
  isDeflated = false;
  dueTick = 0;
  onClosed: ((wire: Wire) => void) | null = null;
  /** For whoever counts places: under which address this one was entered. */
  enteredAs: string | null = null;
  /** What may be spoken over it by ALPN; clients that name none are welcome. */
  applications: readonly string[] = [];

  #socket: WiredSocket;
  /** Under compression it is not the outermost. */
  #secured: TLSSocket | null = null;
  /** The one that the client was shown, at the latest when its session began. */
  #certificate: X509Certificate | null = null;
  #head: Buffer | null = null;
  #at = 0;
  #later: Buffer[] | null = null;
  #unread = 0;
  #reader: Reader | null = null;
  #writer: Writer | null = null;
  /** The deadline of a reader that waits while something is written, as IDLE does. */
  #readerDueTick = 0;
  #fault: WireFault | null = null;
  #isPaused = false;
  #isClosing = false;
  #isStopping = false;
  #lingered = 0;

  constructor(socket: Socket) {
    wiresMade += 1;
    this.id = idPrefix + wiresMade.toString(36);
    this.#socket = socket;
    this.remote = peer(socket.remoteAddress, socket.remotePort);
    this.#attach(socket);
    watch(this);
  }

  // ---------------------------------------------------------------- reading

  /** A whole line without its end, when one is there already. Throws WireFault. */
  takeLine(octetsMax: number, options?: LineOptions): Uint8Array | null {
    const head = this.#head;
    if (head === null) return null;
    let end = head.indexOf(10, this.#at);
    if (end < 0 && this.#later !== null) {
      this.#join();
      return this.takeLine(octetsMax, options);
    }
    if (end < 0 || end - this.#at > octetsMax) {
      if (end < 0 && this.#unread <= octetsMax) return null;
      throw new WireFault('line-too-long');
    }
    const start = this.#at;
    this.#advance(end + 1 - start);
    if (end > start && head[end - 1] === 13) end -= 1;
    else if (options?.bareLf !== 'accept') throw new WireFault('bare-lf');
    return head.subarray(start, end);
  }

  /**
   * The next line, without its CRLF. The deadline is for the whole line, however it dribbles in.
   * Rejects with WireFault; `stopping` only here, since here a session can be ended politely.
   */
  readLine(octetsMax: number, timeoutMs: number, options?: LineOptions): Promise<Uint8Array> {
    this.dueTick = tickAfter(timeoutMs);
    return this.#read(octetsMax, options);
  }

  /** What has arrived and was not read; null when nothing has. */
  takeChunk(): Uint8Array | null {
    const head = this.#head;
    if (head === null) return null;
    const chunk = this.#at === 0 ? head : head.subarray(this.#at);
    this.#advance(chunk.length);
    return chunk;
  }

  /** The next octets, as many as there are, at least one. Rejects with WireFault. */
  readChunk(timeoutMs: number): Promise<Uint8Array> {
    this.dueTick = tickAfter(timeoutMs);
    return this.#read(0, undefined);
  }

  #read(lineMax: number, options: LineOptions | undefined): Promise<Uint8Array> {
    return new Promise<Uint8Array>((resolve, reject) => {
      this.#reader = { lineMax, options, resolve, reject };
      this.#serveReader();
      if (this.#reader === null) return;
      if (this.#fault !== null) this.#failReader(this.#fault);
      else if (this.#isClosing) this.#failReader(new WireFault('reset'));
      else if (this.#isStopping && lineMax > 0) this.#failReader(new WireFault('stopping'));
    });
  }

  /** Gives the reader what it waits for, when that is there. */
  #serveReader(): void {
    const reader = this.#reader;
    if (reader === null) return;
    try {
      const { lineMax, options } = reader;
      const octets = lineMax === 0 ? this.takeChunk() : this.takeLine(lineMax, options);
      if (octets === null) return;
      this.#dropReader();
      reader.resolve(octets);
    } catch (error) {
      this.#failReader(error);
    }
  }

  #failReader(error: unknown): void {
    const reader = this.#reader;
    if (reader === null) return;
    this.#dropReader();
    reader.reject(error);
  }

  /** A writer that waits keeps its own deadline. */
  #dropReader(): void {
    this.#reader = null;
    if (this.#writer === null) this.dueTick = 0;
    else this.#readerDueTick = 0;
  }

  /** Gives back the end of the last chunk taken, to be read next. */
  unread(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const rest = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    if (this.#head !== null) {
      const head = this.#at === 0 ? this.#head : this.#head.subarray(this.#at);
      this.#later = this.#later === null ? [head] : [head, ...this.#later];
    }
    this.#head = rest;
    this.#at = 0;
    this.#unread += rest.length;
  }

  // ---------------------------------------------------------------- writing

  /** A promise only when the peer is slow: await it before writing more. Rejects with WireFault. */
  write(data: string | Uint8Array): void | Promise<void> {
    if (this.#isClosing || this.#fault?.reason === 'reset') return;
    if (this.#socket.write(data)) return;
    return this.#drain();
  }

  #drain(): Promise<void> {
    this.#readerDueTick = this.#reader === null ? 0 : this.dueTick;
    this.dueTick = tickAfter(wireLimits.drainTimeoutMs);
    return new Promise<void>((resolve, reject) => {
      this.#writer = { resolve, reject };
    });
  }

  // ---------------------------------------------------------------- TLS

  /**
   * Becomes the server's side of TLS. What the peer sent in plain text and was not read is dropped
   * (RFC 3207 §4.2: an attacker may have put it there; CVE-2011-0411), unless `keepInput` says that
   * it belongs to the handshake, as behind a PROXY header.
   */
  async startTls(certificates: Certificates, options?: { keepInput: boolean }): Promise<void> {
    const plain = this.#socket;
    const early: Uint8Array[] = [];
    for (let chunk = this.takeChunk(); chunk !== null; chunk = this.takeChunk()) early.push(chunk);
    this.#detach(plain);
    // Flowing without a listener it would drop what is given back.
    plain.pause();
    if (options?.keepInput === true) for (const chunk of early.reverse()) plain.unshift(chunk);
    const secure = new TLSSocket(plain, serverOptions(certificates, this.applications));
    this.#secured = secure;
    this.#socket = secure;
    this.#isPaused = false;
    this.#attach(secure);
    this.dueTick = tickAfter(wireLimits.tlsTimeoutMs);
    await new Promise<void>((resolve, reject) => {
      this.#writer = { resolve, reject };
      secure.once('secure', () => this.#wakeWriter());
    });
    // Where TLS 1.2 resumes a session nobody asks for a certificate, and Node tells the default.
    const isKnown = !secure.isSessionReused() || !certificates.hasNames;
    this.#certificate = isKnown ? (secure.getX509Certificate() ?? null) : null;
    const cipher = secure.getCipher();
    this.secure = {
      protocol: secure.getProtocol() ?? 'unknown',
      cipher: cipher?.standardName ?? cipher?.name ?? 'unknown',
      serverName: typeof secure.servername === 'string' ? secure.servername : null,
    };
  }

  /** From here on octets are compressed both ways, what has come and was not read included. */
  deflate(): void {
    const inner = this.#socket;
    const early: Uint8Array[] = [];
    for (let chunk = this.takeChunk(); chunk !== null; chunk = this.takeChunk()) early.push(chunk);
    this.#detach(inner);
    inner.pause();
    for (const chunk of early.reverse()) inner.unshift(chunk);
    const deflated = new DeflatedSocket(inner);
    this.#socket = deflated;
    this.#isPaused = false;
    this.isDeflated = true;
    this.#attach(deflated);
  }

  /**
   * RFC 9266 (tls-exporter, TLS 1.3) and RFC 5929 §4 (tls-server-end-point); null when there is
   * none.
   */
  channelBinding(type: ChannelBindingType): Uint8Array | null {
    const socket = this.#secured;
    if (socket === null || this.secure === null) return null;
    if (type === 'tls-exporter') {
      // Before TLS 1.3 exporters are safe only with the extended master secret, which Node does not
      // tell.
      if (this.secure.protocol !== 'TLSv1.3') return null;
      return socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0));
    }
    const certificate = this.#certificate;
    if (certificate === null) return null;
    const signature = certificate.signatureAlgorithm?.toLowerCase() ?? '';
    // RFC 5929 §4.1: the hash of the certificate's signature, SHA-256 in place of MD5 and SHA-1.
    const hash = /sha(?:384|512)/.exec(signature)?.[0] ?? 'sha256';
    return createHash(hash).update(certificate.raw).digest();
  }

  /**
   * The connection itself, with what came and was not read, for somebody who speaks with streams;
   * from here on it is theirs. `onClosed` comes all the same.
   */
  release(): Duplex {
    const socket = this.#socket;
    const early: Uint8Array[] = [];
    for (let chunk = this.takeChunk(); chunk !== null; chunk = this.takeChunk()) early.push(chunk);
    socket.off('data', takeData);
    socket.off('end', takeEnd);
    socket.off('drain', takeDrain);
    socket.pause();
    for (const chunk of early.reverse()) socket.unshift(chunk);
    this.dueTick = 0;
    return socket;
  }

  // ---------------------------------------------------------------- ending

  /** Sends what is written, then ends; takes what still comes for a moment so that it arrives. */
  close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#head = null;
    this.#later = null;
    this.#unread = 0;
    this.#socket.end();
    if (this.#isPaused) this.#socket.resume();
    this.dueTick = tickAfter(wireLimits.lingerMs);
  }

  destroy(): void {
    this.#isClosing = true;
    this.#socket.destroy();
  }

  /** Ends the wait for a next line, now or when it begins; what is under way goes on. */
  stop(): void {
    this.#isStopping = true;
    if (this.#reader !== null && this.#reader.lineMax > 0) {
      this.#failReader(new WireFault('stopping'));
    }
  }

  get isClosed(): boolean {
    return this.#isClosing || this.#fault?.reason === 'reset';
  }

  /** The deadline has passed. */
  expire(): void {
    if (this.#isClosing) {
      this.#socket.destroy();
      return;
    }
    const fault = new WireFault('timeout');
    if (this.#writer !== null) {
      this.#wakeWriter(fault);
      this.destroy();
    } else this.#failReader(fault);
  }

  // ---------------------------------------------------------------- the socket

  #attach(socket: WiredSocket): void {
    socket[wireOf] = this;
    socket.on('data', takeData);
    socket.on('end', takeEnd);
    socket.on('drain', takeDrain);
    socket.on('error', takeError);
    socket.on('close', takeClose);
  }

  /** Errors of the plain socket under TLS still come to us. */
  #detach(socket: WiredSocket): void {
    socket.off('data', takeData);
    socket.off('end', takeEnd);
    socket.off('drain', takeDrain);
    socket.off('close', takeClose);
  }

  // For the listeners of the socket alone.

  /** @internal */
  drained(): void {
    if (this.#writer === null) return;
    this.dueTick = this.#readerDueTick;
    this.#wakeWriter();
  }

  /** @internal */
  ended(): void {
    this.#fault ??= new WireFault('ended');
    if (this.#isClosing) return;
    this.#failReader(this.#fault);
    // Without the peer a handshake has no end.
    if (this.#secured !== null && this.secure === null) this.#socket.destroy();
  }

  /** @internal */
  failed(error: Error): void {
    this.#fault = new WireFault(this.#socket instanceof TLSSocket ? 'tls' : 'reset', error);
    this.#socket.destroy();
  }

  /** @internal */
  closed(): void {
    unwatch(this);
    this.#isClosing = true;
    this.#fault ??= new WireFault('reset');
    this.#failReader(this.#fault);
    this.#wakeWriter(this.#fault);
    this.onClosed?.(this);
    this.onClosed = null;
  }

  /** @internal */
  took(chunk: Buffer): void {
    if (this.#isClosing) {
      this.#lingered += chunk.length;
      if (this.#lingered > wireLimits.lingerOctetsMax) this.#socket.destroy();
      return;
    }
    if (this.#head === null) {
      this.#head = chunk;
      this.#at = 0;
    } else {
      (this.#later ??= []).push(chunk);
    }
    this.#unread += chunk.length;
    const reader = this.#reader;
    if (reader !== null) {
      const { lineMax } = reader;
      // Not joined for every octet that dribbles in: only when there can be a line, or never one.
      if (lineMax === 0 || this.#unread > lineMax || chunk.includes(10)) this.#serveReader();
    } else if (this.#unread > wireLimits.unreadOctetsMax && !this.#isPaused) {
      this.#isPaused = true;
      this.#socket.pause();
    }
  }

  #wakeWriter(fault?: WireFault): void {
    const writer = this.#writer;
    this.#writer = null;
    if (fault === undefined) writer?.resolve();
    else writer?.reject(fault);
  }

  #join(): void {
    const head = this.#head;
    if (head === null || this.#later === null) return;
    this.#head = Buffer.concat([head.subarray(this.#at), ...this.#later]);
    this.#at = 0;
    this.#later = null;
  }

  #advance(octets: number): void {
    this.#at += octets;
    this.#unread -= octets;
    if (this.#at === this.#head?.length) {
      this.#head = this.#later?.shift() ?? null;
      this.#at = 0;
      if (this.#later?.length === 0) this.#later = null;
    }
    if (this.#isPaused && this.#unread < wireLimits.unreadOctetsMax / 2) {
      this.#isPaused = false;
      this.#socket.resume();
    }
  }
}

function takeData(this: WiredSocket, chunk: Buffer): void {
  this[wireOf]?.took(chunk);
}

function takeEnd(this: WiredSocket): void {
  this[wireOf]?.ended();
}

function takeDrain(this: WiredSocket): void {
  this[wireOf]?.drained();
}

function takeError(this: WiredSocket, error: Error): void {
  this[wireOf]?.failed(error);
}

function takeClose(this: WiredSocket): void {
  this[wireOf]?.closed();
}

export interface LineOptions {
  /** `accept`: LF alone ends a line too. RFC 5321 §2.3.8 forbids it for SMTP. */
  readonly bareLf: 'accept' | 'refuse';
}

function peer(address: string | undefined, port: number | undefined): Peer {
  const text = address ?? '';
  return { address: text.startsWith('::ffff:') ? text.slice(7) : text, port: port ?? 0 };
}
