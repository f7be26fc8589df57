/**
 * The POP3 service of a home: ports 110 (STLS) and 995 (TLS at once). RFC 1939 §3; RFC 8314 §3.2.
 */

import { writePop3Reply } from '@merpati/formats/pop3/reply.ts';
import type { Authenticator } from '../accounts/authenticate.ts';
import { checkedListenAddress } from '../config/listen-address.ts';
import type { Home } from '../home.ts';
import { type Listener, listen } from '../net/listen.ts';
import type { Wire } from '../net/wire.ts';
import { pop3Limits } from './limits.ts';
import { preferredLanguage, refusals } from './replies.ts';
import { type Pop3Service, Session } from './session.ts';
import { noteRetrieved } from './update.ts';

export interface Pop3Options {
  /** Passwords without TLS from this very machine: for the lab. Default: never. */
  readonly plainAllowed?: boolean;
}

export interface RunningPop3 {
  readonly addresses: readonly {
    readonly protocol: 'pop3' | 'pop3s';
    readonly address: string;
    readonly port: number;
  }[];
  /**
   * Sessions are told; what is being sent may end; then all is closed. Nothing is deleted by it.
   */
  stop(): Promise<void>;
}

export async function startPop3(
  home: Home,
  authenticator: Authenticator,
  options: Pop3Options = {},
): Promise<RunningPop3> {
  const service: Pop3Service = {
    home,
    authenticator,
    plainAllowed: options.plainAllowed ?? false,
  };
  const wanted = [
    ...home.config.listen.pop3.map((text) => ({ protocol: 'pop3' as const, text })),
    ...home.config.listen.pop3s.map((text) => ({ protocol: 'pop3s' as const, text })),
  ];
  const started: { protocol: 'pop3' | 'pop3s'; listener: Listener }[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(started.map(({ listener }) => listener.stop(pop3Limits.stopGraceMs)));
  };
  try {
    for (const { protocol, text } of wanted) {
      const where = checkedListenAddress(text);
      const isSecure = protocol === 'pop3s';
      const listener = await listen(
        { home, protocol, ...where, implicitTls: isSecure, busy: busyLine },
        (wire) => serve(wire, service),
      );
      started.push({ protocol, listener });
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    addresses: started.map(({ protocol, listener: { address, port } }) => ({
      protocol,
      address,
      port,
    })),
    stop,
  };
}

const busyLine = Buffer.from(
  writePop3Reply({
    kind: 'err',
    code: refusals.busy.code,
    text: refusals.busy[preferredLanguage],
  }),
).toString();

/** The maildrop is free again when this ends, however it ends. */
async function serve(wire: Wire, service: Pop3Service): Promise<void> {
  const session = new Session(wire, service);
  try {
    await session.run();
  } finally {
    const { state } = session;
    if (state.name === 'transaction') {
      await noteRetrieved(session, state);
      state.lock.release();
    }
  }
}
