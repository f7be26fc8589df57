/**
 * One connection to an SMTP server: commands out, replies in, each with its deadline; TLS in
 * between. RFC 5321 §4.2 (replies), RFC 3207 §4 (STARTTLS).
 */

import type { X509Certificate } from 'node:crypto';
import { isIP, type Socket } from 'node:net';
import {
  checkServerIdentity,
  connect as connectTls,
  createSecureContext,
  DEFAULT_CIPHERS,
  rootCertificates,
  TLSSocket,
  type ConnectionOptions,
  type PeerCertificate,
  type SecureContext,
} from 'node:tls';
import { createReplyReader, type Reply } from '@merpati/formats/smtp/reply.ts';
import { SyntaxFault } from '@merpati/formats/syntax-fault.ts';
import { SmtpFault, type SmtpPhase } from './fault.ts';
import { presentedCertificates, readTlsFacts, shownTls, type TlsFacts } from './tls-facts.ts';
import type { Transcript } from './transcript.ts';

/** Replies nobody has asked for or read yet, in octets; a server that sends more is no server. */
const unreadOctetsMax = 512 * 1024;

const weakestCiphers = `${DEFAULT_CIPHERS}:@SECLEVEL=0`;

export interface TlsOptions {
  /** The name in SNI and the one the certificate must be for; an address is matched, not sent. */
  readonly host: string;
  /**
   * Without verification the facts say what is wrong, and the conversation goes on. RFC 7435 §4.
   */
  readonly verify: boolean;
  /** Trusted besides the roots that Node comes with; PEM. */
  readonly ca?: readonly string[];
  /**
   * Looks at what the server has shown, its own certificate first: null, or why it is not the right
   * server. For those who know by other means than roots. RFC 7672 §3.
   */
  readonly judge?: (presented: readonly X509Certificate[]) => string | null;
  /** Today's protocols and ciphers or nothing; absent: when the certificate is verified. */
  readonly modern?: boolean;
  readonly timeoutMs: number;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (fault: SmtpFault) => void;
}

export class Connection {
  readonly transcript: Transcript;
  tls: TlsFacts | null = null;
  #socket: Socket;
  #reader = createReplyReader();
  #replies: Reply[] = [];
  #unread = 0;
  #fault: SmtpFault | null = null;
  /** What came behind the last reply is no SMTP. */
  #nonsense: SyntaxFault | null = null;
  /** The server has said that it is about to close. RFC 5321 §3.8. */
  #isLeaving = false;
  /** Waits for a reply, or for room to write; never two of a kind. */
  #forReply: Waiter | null = null;
  #forRoom: Waiter | null = null;

  constructor(socket: Socket, transcript: Transcript) {
    this.#socket = socket;
    this.transcript = transcript;
    socket.setNoDelay(true);
    if (socket instanceof TLSSocket && !socket.connecting) {
      this.tls = readTlsFacts(socket, presentedCertificates(socket)[0]);
    }
    transcript.isTls = this.tls !== null;
    this.#attach(socket);
  }

  /** Nothing stands in the way of another command. */
  get isOpen(): boolean {
    const isQuiet =
      this.#replies.length === 0 && this.#reader.pending === 0 && this.#nonsense === null;
    return this.#fault === null && !this.#isLeaving && isQuiet;
  }

  /** A reply has come although the message is still being sent. */
  get hasReply(): boolean {
    return this.#replies.length > 0;
  }

  get socket(): Socket {
    return this.#socket;
  }

  // ---------------------------------------------------------------- talking

  /** Commands, each ended by CRLF; `shown` is what the transcript gets of them. */
  send(commands: string, shown: string | readonly string[]): void {
    if (typeof shown === 'string') this.transcript.out(shown);
    else for (const line of shown) this.transcript.out(line);
    if (this.#fault === null) this.#socket.write(commands, 'utf8');
  }

  /** Octets of a message. Resolves when more may be written, or a reply has come, which ends it. */
  write(octets: Uint8Array, timeoutMs: number): void | Promise<void> {
    if (this.#fault !== null) throw inPhase(this.#fault, 'body');
    if (this.#socket.write(octets)) return;
    return this.#wait('body', timeoutMs, (waiter) => {
      this.#forRoom = waiter;
    });
  }

  /** What is sent within goes out in one piece. */
  together<T>(send: () => T): T {
    this.#socket.cork();
    try {
      return send();
    } finally {
      this.#socket.uncork();
    }
  }

  /** The next reply. Throws SmtpFault when none comes in time, or what comes is none. */
  async reply(phase: SmtpPhase, timeoutMs: number): Promise<Reply> {
    let reply = this.#replies.shift();
    while (reply === undefined) {
      if (this.#nonsense !== null)
        this.#fail('protocol', this.#nonsense.message, { cause: this.#nonsense });
      if (this.#fault !== null) throw inPhase(this.#fault, phase);
      await this.#wait(phase, timeoutMs, (waiter) => {
        this.#forReply = waiter;
      });
      reply = this.#replies.shift();
    }
    if (this.#replies.length === 0) this.#unread = 0;
    this.transcript.in(reply);
    if (reply.code === 421) this.#isLeaving = true;
    return reply;
  }

  #wait(phase: SmtpPhase, timeoutMs: number, keep: (waiter: Waiter) => void): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        const seconds = Math.round(timeoutMs / 1000);
        this.#fail('timeout', `no answer within ${seconds} s`);
      }, timeoutMs);
      keep({
        resolve() {
          clearTimeout(timer);
          resolve();
        },
        reject(fault) {
          clearTimeout(timer);
          reject(inPhase(fault, phase));
        },
      });
    });
  }

  // ---------------------------------------------------------------- TLS

  /**
   * The client's side of TLS, from here on. What the server sent in plain text beyond its 220 may
   * have been put there by somebody else: the connection ends (CVE-2011-0411 seen from this side).
   */
  async startTls(options: TlsOptions): Promise<TlsFacts> {
    if (!this.isOpen) {
      const message = 'the server spoke in plain text after its answer to STARTTLS';
      throw inPhase(this.#fail('protocol', message), 'starttls');
    }
    const plain = this.#socket;
    this.#detach(plain);
    const secure = connectTls(tlsConnection(plain, options));
    this.#socket = secure;
    this.#reader = createReplyReader();
    this.#attach(secure);
    await this.#wait('tls', options.timeoutMs, (waiter) => {
      this.#forRoom = waiter;
      secure.once('secureConnect', () => this.#wakeForRoom());
    });
    const presented = presentedCertificates(secure);
    this.tls = readTlsFacts(secure, presented[0]);
    this.transcript.isTls = true;
    this.transcript.note(shownTls(this.tls));
    const { verify, judge } = options;
    const wrong = verify ? this.tls.verifyError : null;
    const why = wrong ?? judge?.(presented) ?? null;
    if (why !== null) {
      const message = `the certificate cannot be trusted: ${why}`;
      throw inPhase(this.#fail('tls', message, { tls: this.tls }), 'tls');
    }
    return this.tls;
  }

  // ---------------------------------------------------------------- ending

  /** Sends what is written, says good-bye to the socket and forgets it. */
  end(): void {
    this.#fault ??= new SmtpFault('closed', 'quit', { message: 'the conversation is over' });
    this.#socket.end();
    // Whatever it still sends: nobody reads it, and it must not stay for ever.
    this.#socket.setTimeout(5000, () => this.#socket.destroy());
    this.#socket.resume();
  }

  /** Whoever waits for a reply hears of it at once. */
  destroy(): void {
    this.#fail('closed', 'the conversation was broken off');
  }

  #fail(
    kind: 'timeout' | 'protocol' | 'tls' | 'closed',
    message: string,
    about: { readonly cause?: unknown; readonly tls?: TlsFacts | null } = {},
  ) {
    this.#fault ??= new SmtpFault(kind, 'quit', { message, ...about });
    this.#socket.destroy();
    this.#forReply?.reject(this.#fault);
    this.#forReply = null;
    this.#forRoom?.reject(this.#fault);
    this.#forRoom = null;
    return this.#fault;
  }

  // ---------------------------------------------------------------- the socket

  #attach(socket: Socket): void {
    socket.on('data', this.#onData);
    socket.on('drain', this.#wakeForRoom);
    socket.on('end', this.#onEnd);
    socket.on('error', this.#onError);
    socket.on('close', this.#onEnd);
  }

  /** Errors of the plain socket under TLS still come to us. */
  #detach(socket: Socket): void {
    socket.off('data', this.#onData);
    socket.off('drain', this.#wakeForRoom);
    socket.off('end', this.#onEnd);
    socket.off('close', this.#onEnd);
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#fault !== null || this.#nonsense !== null) return;
    this.#unread += chunk.length;
    if (this.#unread > unreadOctetsMax) {
      this.#fail('protocol', 'the server talks without being asked');
      return;
    }
    // Line by line: what was said before nonsense was said all the same.
    let failure: SyntaxFault | null = null;
    for (let at = 0; at < chunk.length && failure === null;) {
      const end = chunk.indexOf(10, at) + 1 || chunk.length;
      failure = this.#read(chunk.subarray(at, end));
      at = end;
    }
    if (failure !== null && this.#replies.length === 0) {
      this.#fail('protocol', failure.message, { cause: failure });
      return;
    }
    this.#nonsense = failure;
    if (this.#replies.length === 0) return;
    const waiter = this.#forReply;
    this.#forReply = null;
    waiter?.resolve();
    if (this.#forRoom !== null && this.hasReply) this.#wakeForRoom();
  };

  #read(octets: Uint8Array): SyntaxFault | null {
    try {
      this.#replies.push(...this.#reader.push(octets));
      return null;
    } catch (error) {
      if (error instanceof SyntaxFault) return error;
      throw error;
    }
  }

  readonly #wakeForRoom = (): void => {
    const waiter = this.#forRoom;
    this.#forRoom = null;
    waiter?.resolve();
  };

  readonly #onEnd = (): void => {
    if (this.#fault === null) this.#fail('closed', 'the server closed the connection');
  };

  readonly #onError = (error: NodeJS.ErrnoException): void => {
    if (this.#fault !== null) return;
    const isHandshake = this.#socket instanceof TLSSocket && this.tls === null;
    const why = error.code === 'ECONNRESET' ? 'connection reset' : error.message;
    if (isHandshake) this.#fail('tls', `the TLS handshake failed: ${why}`, { cause: error });
    else this.#fail('closed', `the connection broke: ${why}`, { cause: error });
  };
}

function tlsConnection(socket: Socket, options: TlsOptions): ConnectionOptions {
  return {
    socket,
    // For the check of the certificate; SNI must not be an address (RFC 6066 §3).
    host: options.host,
    ...(isIP(options.host) === 0 ? { servername: options.host } : {}),
    secureContext: contextFor(options),
    // The reason goes into the facts; we end the conversation ourselves.
    rejectUnauthorized: false,
    checkServerIdentity: checkName,
  };
}

/** RFC 8461 §4.2, RFC 9525 §2: a common name was never meant to be the name of a host. */
function checkName(name: string, certificate: PeerCertificate): Error | undefined {
  const hasNames = /(?:^|, )DNS:/.test(certificate.subjectaltname ?? '');
  if (isIP(name) !== 0 || hasNames) return checkServerIdentity(name, certificate);
  const error = new Error('the certificate is for no host');
  return Object.assign(error, { code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
}

const plainContexts = new Map<boolean, SecureContext>();
const rootedContexts = new WeakMap<readonly string[], Map<boolean, SecureContext>>();

/** Contexts are dear to make (a hundred roots to read) and the same for all connections. */
function contextFor({ verify, modern = verify, ca }: TlsOptions): SecureContext {
  const contexts = ca === undefined ? plainContexts : (rootedContexts.get(ca) ?? new Map());
  if (ca !== undefined) rootedContexts.set(ca, contexts);
  const known = contexts.get(modern);
  if (known !== undefined) return known;
  const made = createSecureContext({
    ...(ca === undefined ? {} : { ca: [...rootCertificates, ...ca] }),
    // QUIRK: where nobody asked for TLS, the weakest is still better than what comes without it;
    // RFC 7435 §3. Old appliances speak TLS 1.0 with short keys.
    ...(modern ? { minVersion: 'TLSv1.2' } : { minVersion: 'TLSv1', ciphers: weakestCiphers }),
  });
  contexts.set(modern, made);
  return made;
}

/** The same fault, in the phase of whoever meets it. */
function inPhase(fault: SmtpFault, phase: SmtpPhase): SmtpFault {
  const { kind, message, cause, tls } = fault;
  return new SmtpFault(kind, phase, { message, cause, tls });
}
