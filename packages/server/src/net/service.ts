/**
 * All ports of a service: every address of the configuration, or none; started and stopped as one.
 */

import { checkedListenAddress } from '../config/listen-address.ts';
import type { Config } from '../config/schema.ts';
import type { Home } from '../home.ts';
import { listen, type Listener } from './listen.ts';
import type { Wire } from './wire.ts';

type Protocol = Exclude<keyof Config['listen'], 'http'>;

/** TLS from the first octet. RFC 8314 §3. */
const implicit: ReadonlySet<Protocol> = new Set(['submissions', 'pop3s', 'imaps']);

/** The web knows things that one thread alone has. */
const firstThreadOnly: ReadonlySet<Protocol> = new Set(['https', 'acme']);

export interface ServiceOptions<P extends Protocol> {
  readonly protocols: readonly P[];
  /** The line for whom there is no place, with its CRLF. */
  readonly busy: string;
  /** How long a session may go on with what it is at when the service is stopped. */
  readonly stopGraceMs: number;
}

export interface RunningService<P extends Protocol> {
  readonly addresses: readonly {
    readonly protocol: P;
    readonly address: string;
    readonly port: number;
  }[];
  /** Sessions are told, what is under way may finish; then all is closed. */
  stop(): Promise<void>;
}

export async function startService<P extends Protocol>(
  home: Home,
  options: ServiceOptions<P>,
  serve: (wire: Wire, protocol: P) => Promise<void>,
): Promise<RunningService<P>> {
  const { protocols, busy, stopGraceMs } = options;
  const wanted = protocols.flatMap((protocol) =>
    home.config.listen[protocol].map((text) => ({ protocol, ...checkedListenAddress(text) })),
  );
  const started: { protocol: P; listener: Listener }[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(started.map(({ listener }) => listener.stop(stopGraceMs)));
  };
  try {
    for (const { protocol, address, port } of wanted) {
      const implicitTls = implicit.has(protocol);
      const isInAllThreads = !firstThreadOnly.has(protocol);
      const where = { home, protocol, address, port, implicitTls, busy, isInAllThreads };
      const listener = await listen(where, (wire) => serve(wire, protocol));
      started.push({ protocol, listener });
    }
  } catch (error) {
    await stop();
    throw error;
  }
  const addresses = started.map(({ protocol, listener: { address, port } }) => ({
    protocol,
    address,
    port,
  }));
  return { addresses, stop };
}
