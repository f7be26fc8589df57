/**
 * Listening sockets: they accept, learn the real client from the PROXY protocol, count connections,
 * start TLS where it comes first, and stop without cutting off what is under way.
 */

import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import type { Home } from '../home.ts';
import { createNetworks } from './networks.ts';
import type { Networks } from './networks.ts';
import { applicationNames } from './tls-options.ts';
import { proxyLimits, readProxyHeader } from './proxy-header.ts';
import { Wire, WireFault } from './wire.ts';

export interface ListenOptions {
  readonly home: Home;
  /** For logs and metrics: `smtp`, `submission`, `pop3`. */
  readonly protocol: string;
  /** Of an interface; null: all of them. */
  readonly address: string | null;
  /** 0: any free one. */
  readonly port: number;
  /** TLS from the first byte (RFC 8314 §3). */
  readonly implicitTls: boolean;
  /** The line for whom there is no place, with its CRLF. */
  readonly busy: string;
  /** Every thread of the home listens there, and the system deals connections out. */
  readonly isInAllThreads?: boolean;
}

export interface Listener {
  readonly address: string;
  readonly port: number;
  /** Accepts no more, tells the sessions, waits for them; cuts what is left after `graceMs`. */
  stop(graceMs: number): Promise<void>;
}

/** Wait for the PROXY header; balancers send it at once. */
const proxyTimeoutMs = 10_000;

const socketOptions = {
  allowHalfOpen: true,
  noDelay: true,
  // A peer whose power went sends nothing more, not even an end. Its maildrop would stay locked.
  keepAlive: true,
  keepAliveInitialDelay: 60_000,
} as const;

type Serve = (wire: Wire) => Promise<void>;

/** Each connection is given to `serve`, which owns it until its promise settles. */
export async function listen(options: ListenOptions, serve: Serve): Promise<Listener> {
  if (options.implicitTls && options.home.tls === null) {
    throw new RangeError(`${options.protocol} begins with TLS, and there is no certificate`);
  }
  const sessions = new Sessions(options, serve);
  const server = createServer(socketOptions, (socket) => sessions.accept(socket));
  await bind(server, options);
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('the socket has no address');
  return {
    address: bound.address,
    port: bound.port,
    stop(graceMs) {
      server.close();
      return sessions.stop(graceMs);
    },
  };
}

/** The open connections of one listener. */
class Sessions {
  readonly #options: ListenOptions;
  readonly #serve: Serve;
  readonly #proxies: Networks;
  readonly #wires = new Set<Wire>();
  #onEmpty: (() => void) | null = null;

  constructor(options: ListenOptions, serve: Serve) {
    this.#options = options;
    this.#serve = serve;
    this.#proxies = createNetworks(options.home.config.proxy.networks);
  }

  accept(socket: Socket): void {
    const { home, protocol } = this.#options;
    if (home.faults.has('down')) {
      socket.resetAndDestroy();
      return;
    }
    const wire = new Wire(socket);
    wire.applications = applicationNames(protocol);
    this.#wires.add(wire);
    home.metrics.connections.inc({ protocol });
    wire.onClosed = this.#onClosed;
    void this.#run(wire);
  }

  async stop(graceMs: number): Promise<void> {
    if (this.#wires.size === 0) return;
    const empty = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
    for (const wire of this.#wires) wire.stop();
    const timer = setTimeout(() => {
      for (const wire of this.#wires) wire.destroy();
    }, graceMs);
    await empty;
    clearTimeout(timer);
  }

  /** Never rejects. */
  async #run(wire: Wire): Promise<void> {
    const { home, protocol, busy, implicitTls } = this.#options;
    try {
      if (this.#proxies.has(wire.remote.address)) await learnClient(wire);
      if (!this.#enter(wire)) {
        home.metrics.refused.inc({ protocol, code: 'connections' });
        await wire.write(busy);
        return;
      }
      if (implicitTls) {
        if (home.tls === null) throw new Error('implicit TLS without a certificate');
        await wire.startTls(home.tls, { keepInput: true });
      }
      await this.#serve(wire);
    } catch (error) {
      this.#note(wire, error);
    } finally {
      wire.close();
    }
  }

  #enter(wire: Wire): boolean {
    if (wire.isClosed) throw new WireFault('reset');
    const { address } = wire.remote;
    if (!this.#options.home.shared.connections.enter(address)) return false;
    wire.enteredAs = address;
    return true;
  }

  #onClosed = (wire: Wire): void => {
    const { home, protocol } = this.#options;
    this.#wires.delete(wire);
    home.metrics.connections.dec({ protocol });
    if (wire.enteredAs !== null) home.shared.connections.leave(wire.enteredAs);
    if (this.#wires.size === 0) this.#onEmpty?.();
  };

  #note(wire: Wire, error: unknown): void {
    const { home, protocol } = this.#options;
    const facts = { protocol, session: wire.id, ip: wire.remote.address };
    if (error instanceof WireFault) {
      home.log.debug({ event: 'connection.lost', ...facts, reason: error.reason });
      return;
    }
    home.metrics.bugs.inc();
    home.log.error({ event: 'bug', ...facts, err: error }, 'a session ended unexpectedly');
  }
}

async function bind(server: Server, options: ListenOptions): Promise<void> {
  const { thread } = options.home.shared;
  const reusePort = options.isInAllThreads === true && thread.of > 1;
  // Another program, or this one started twice, must not share the port by mistake.
  if (reusePort && thread.number === 0 && options.port !== 0) {
    const alone = createServer();
    await listenAt(alone, options, false);
    await new Promise((resolve) => alone.close(resolve));
  }
  await listenAt(server, options, reusePort);
}

function listenAt(server: Server, options: ListenOptions, reusePort: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const { address, port } = options;
    // Without a host it is IPv6 and IPv4 where the machine has both, and IPv4 where it has not.
    const host = address === null ? {} : { host: address };
    server.listen({ ...host, port, backlog: 1024, reusePort }, () => {
      server.off('error', reject);
      // EMFILE and the like: the connection is lost, the listener stays.
      server.on('error', (error) => {
        options.home.log.error({ event: 'listen.error', protocol: options.protocol, err: error });
      });
      resolve();
    });
  });
}

/**
 * From configured networks the PROXY header is believed, and required; from others it is not read.
 */
async function learnClient(wire: Wire): Promise<void> {
  let seen: Uint8Array = new Uint8Array(0);
  for (;;) {
    const header = readProxyHeader(seen);
    if (header.kind === 'header') {
      wire.unread(seen.subarray(header.length));
      if (header.source !== null) wire.remote = header.source;
      return;
    }
    if (header.kind === 'bad' || seen.length > proxyLimits.v2OctetsMax) {
      wire.destroy();
      throw new WireFault('reset');
    }
    seen = Buffer.concat([seen, await wire.readChunk(proxyTimeoutMs)]);
  }
}
