/** The SMTP and submission ports of a home. RFC 5321, RFC 6409, RFC 8314 (465). */

import { writeReply } from '@merpati/formats/smtp/reply.ts';
import type { Authenticator } from '../accounts/authenticate.ts';
import type { Home } from '../home.ts';
import { listen, readListenAddress } from '../net/listen.ts';
import type { Listener } from '../net/listen.ts';
import type { Wire } from '../net/wire.ts';
import { commandTable } from './commands/table.ts';
import { replies } from './replies.ts';
import { runSession } from './session.ts';
import type { Service, Session } from './session.ts';

export interface SmtpOptions {
  /** Plain passwords without TLS from loopback: for the lab and tests. */
  readonly plainAllowed: boolean;
}

export interface SmtpListeners {
  readonly smtp: readonly Listener[];
  readonly submission: readonly Listener[];
  readonly submissions: readonly Listener[];
  /** Tells the sessions, lets running messages finish, cuts what is left after `graceMs`. */
  stop(graceMs: number): Promise<void>;
}

/** Opens every address of the configuration. */
export async function startSmtp(
  home: Home,
  authenticator: Authenticator,
  options?: SmtpOptions,
): Promise<SmtpListeners> {
  const all: Listener[] = [];
  const open = async (
    addresses: readonly string[],
    service: Service,
    implicitTls: boolean,
  ): Promise<Listener[]> => {
    const opened: Listener[] = [];
    for (const text of addresses) {
      const { address, port } = readListenAddress(text);
      const busy = writeReply(replies.busy);
      const listener = await listen(
        { home, protocol: service, address, port, implicitTls, busy },
        (wire) =>
          runSession(
            createSession(home, wire, {
              service,
              authenticator,
              plainAllowed: options?.plainAllowed ?? false,
            }),
            commandTable,
          ),
      );
      opened.push(listener);
      all.push(listener);
    }
    return opened;
  };
  const stop = async (graceMs: number): Promise<void> => {
    await Promise.all(all.map((listener) => listener.stop(graceMs)));
  };
  try {
    const { listen: addresses } = home.config;
    return {
      smtp: await open(addresses.smtp, 'smtp', false),
      submission: await open(addresses.submission, 'submission', false),
      submissions: await open(addresses.submissions, 'submission', true),
      stop,
    };
  } catch (error) {
    await stop(0);
    throw error;
  }
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
