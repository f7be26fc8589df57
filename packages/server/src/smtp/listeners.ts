/** The SMTP and submission ports of a home. RFC 5321, RFC 6409, RFC 8314 (465). */

import { writeReply } from '@merpati/formats/smtp/reply.ts';
import type { Authenticator } from '../accounts/authenticate.ts';
import { checkedListenAddress } from '../config/listen-address.ts';
import type { Home } from '../home.ts';
import { listen } from '../net/listen.ts';
import type { Listener } from '../net/listen.ts';
import type { Wire } from '../net/wire.ts';
import { commandTable } from './commands/table.ts';
import { sessionLimits } from './limits.ts';
import { replies } from './replies.ts';
import { runSession } from './session.ts';
import type { Service, Session } from './session.ts';

export interface SmtpOptions {
  /** Passwords without TLS from this very machine: for the lab and tests. Default: never. */
  readonly plainAllowed?: boolean;
}

type Protocol = 'smtp' | 'submission' | 'submissions';

export interface RunningSmtp {
  readonly addresses: readonly {
    readonly protocol: Protocol;
    readonly address: string;
    readonly port: number;
  }[];
  /** Sessions are told, running messages may finish; then all is closed. */
  stop(): Promise<void>;
}

/** Opens every address of the configuration, or none. */
export async function startSmtp(
  home: Home,
  authenticator: Authenticator,
  options: SmtpOptions = {},
): Promise<RunningSmtp> {
  const plainAllowed = options.plainAllowed ?? false;
  const protocols: readonly Protocol[] = ['smtp', 'submission', 'submissions'];
  const wanted = protocols.flatMap((protocol) =>
    home.config.listen[protocol].map((text) => ({ protocol, ...checkedListenAddress(text) })),
  );
  const started: { protocol: Protocol; listener: Listener }[] = [];
  const stop = async (): Promise<void> => {
    const { stopGraceMs } = sessionLimits;
    await Promise.all(started.map(({ listener }) => listener.stop(stopGraceMs)));
  };
  const busy = writeReply(replies.busy);
  try {
    for (const { protocol, address, port } of wanted) {
      const service: Service = protocol === 'smtp' ? 'smtp' : 'submission';
      const implicitTls = protocol === 'submissions';
      const fixed = { service, authenticator, plainAllowed };
      const listener = await listen({ home, protocol, address, port, implicitTls, busy }, (wire) =>
        runSession(createSession(home, wire, fixed), commandTable),
      );
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

function createSession(
  home: Home,
  wire: Wire,
  fixed: Pick<Session, 'service' | 'authenticator' | 'plainAllowed'>,
): Session {
  return {
    ...fixed,
    home,
    wire,
    state: 'greeted',
    hello: null,
    login: null,
    transaction: null,
    errors: 0,
    idleCommands: 0,
    isEnding: false,
    out: '',
  };
}
