/**
 * Connections of the web: taken like those of mail (PROXY protocol, places for each network, TLS by
 * name), then given to Node's HTTP. Who dribbles or idles is cut off.
 */

import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { helloOctetsMax, readClientHello } from '@merpati/formats/tls/client-hello.ts';
import { acmeApplication, type Challenges } from '../certificates/challenges.ts';
import type { Home } from '../home.ts';
import { tickAfter, unwatch, watch, type Expiring } from '../net/deadlines.ts';
import type { Peer, Wire } from '../net/wire.ts';

export const webLimits = {
  /** Of a request, together. */
  headerOctetsMax: 16_384,
  headersMax: 50,
  /** The largest that is sent to us is a question of Outlook's, about 1 KiB. */
  bodyOctetsMax: 65_536,
  /** For the first request, or the next one: all of its header must be there. */
  headerTimeoutMs: 10_000,
  /** From the end of the header to the end of the answer. */
  requestTimeoutMs: 30_000,
  requestsPerConnectionMax: 100,
  stopGraceMs: 5000,
} as const;

export class WebConnections {
  readonly #server: Server;
  readonly #held = new Map<object, Held>();
  #isStopping = false;

  constructor(answer: RequestListener) {
    this.#server = createServer({ maxHeaderSize: webLimits.headerOctetsMax });
    this.#server.maxHeadersCount = webLimits.headersMax;
    this.#server.maxRequestsPerSocket = webLimits.requestsPerConnectionMax;
    this.#server.on('request', (asked, answered) => {
      const held = this.#held.get(asked.socket);
      if (held === undefined) throw new Error('a request on an unknown connection');
      held.begin();
      if (this.#isStopping) answered.setHeader('connection', 'close');
      answered.once('close', () => held.end(this.#isStopping));
      answer(asked, answered);
    });
    this.#server.on('clientError', (_error, socket) => refuse(socket));
  }

  /** Who asks; behind a PROXY header the real one. */
  peer({ socket }: IncomingMessage): Peer {
    const held = this.#held.get(socket);
    if (held === undefined) throw new Error('a request on an unknown connection');
    return held.peer;
  }

  /** Until the connection is closed. */
  async serve(wire: Wire): Promise<void> {
    const peer = wire.remote;
    const socket = wire.release();
    const held = new Held(socket, peer);
    this.#held.set(socket, held);
    watch(held);
    const closed = new Promise<void>((resolve) => void socket.once('close', resolve));
    this.#server.emit('connection', socket);
    // What came behind a PROXY header waits in the stream.
    socket.resume();
    if (this.#isStopping || socket.destroyed) socket.destroy();
    await closed;
    unwatch(held);
    this.#held.delete(socket);
  }

  /** What is being answered is answered. */
  stop(): void {
    this.#isStopping = true;
    for (const held of this.#held.values()) held.stop();
  }
}

/** A connection with its deadline. */
class Held implements Expiring {
  readonly peer: Peer;
  dueTick = tickAfter(webLimits.headerTimeoutMs);
  readonly #socket: Duplex;
  #isBusy = false;

  constructor(socket: Duplex, peer: Peer) {
    this.#socket = socket;
    this.peer = peer;
  }

  begin(): void {
    this.#isBusy = true;
    this.dueTick = tickAfter(webLimits.requestTimeoutMs);
  }

  end(isLast: boolean): void {
    this.#isBusy = false;
    this.dueTick = tickAfter(webLimits.headerTimeoutMs);
    if (isLast) this.#socket.end();
  }

  stop(): void {
    if (!this.#isBusy) this.#socket.end();
  }

  expire(): void {
    this.#socket.destroy();
  }
}

/** RFC 9110 §15.5: what cannot be read gets a short word and no more. */
function refuse(socket: Duplex): void {
  if (socket.writable) {
    socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
  } else socket.destroy();
}

/**
 * TLS on a new connection; false when all is said, as to an authority that only wanted to see a
 * certificate.
 */
export async function beginWebTls(
  home: Home,
  wire: Wire,
  challenges: Challenges,
): Promise<boolean> {
  if (challenges.contexts.size > 0) {
    const hello = await readHello(wire);
    const wanted = hello?.applications.includes(acmeApplication) === true ? hello.serverName : null;
    const context = wanted === null ? undefined : challenges.contexts.get(wanted);
    if (context !== undefined) {
      wire.applications = [acmeApplication];
      const certificates = { context: () => context, hasNames: false };
      await wire.startTls(certificates, { keepInput: true });
      return false;
    }
  }
  if (home.tls === null) return false;
  await wire.startTls(home.tls, { keepInput: true });
  return true;
}

async function readHello(wire: Wire) {
  let seen: Uint8Array = new Uint8Array(0);
  for (;;) {
    const read = readClientHello(seen);
    if (read.kind !== 'more' || seen.length > helloOctetsMax) {
      wire.unread(seen);
      return read.kind === 'hello' ? read : null;
    }
    seen = Buffer.concat([seen, await wire.readChunk(webLimits.headerTimeoutMs)]);
  }
}
