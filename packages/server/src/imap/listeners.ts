/**
 * The IMAP service of a home: ports 143 (STARTTLS) and 993 (TLS at once). RFC 9051 §2.1; RFC 8314
 * §3.2.
 */

import { writeStatus } from '@merpati/formats/imap/response-code.ts';
import type { Authenticator } from '../accounts/authenticate.ts';
import { checkedListenAddress } from '../config/listen-address.ts';
import type { Home } from '../home.ts';
import { type Listener, listen } from '../net/listen.ts';
import type { Wire } from '../net/wire.ts';
import { finishNotes } from './fetch/read-notes.ts';
import { imapLimits } from './limits.ts';
import { untoldMailOf } from './recent.ts';
import { type ImapService, Session } from './session.ts';

export interface ImapOptions {
  /** Passwords without TLS from this very machine: for the lab. Default: never. */
  readonly plainAllowed?: boolean;
}

export interface RunningImap {
  readonly addresses: readonly {
    readonly protocol: 'imap' | 'imaps';
    readonly address: string;
    readonly port: number;
  }[];
  /** Sessions are told; what is being sent may end; then all is closed. */
  stop(): Promise<void>;
}

export async function startImap(
  home: Home,
  authenticator: Authenticator,
  options: ImapOptions = {},
): Promise<RunningImap> {
  const service: ImapService = {
    home,
    authenticator,
    plainAllowed: options.plainAllowed ?? false,
  };
  const wanted = [
    ...home.config.listen.imap.map((text) => ({ protocol: 'imap' as const, text })),
    ...home.config.listen.imaps.map((text) => ({ protocol: 'imaps' as const, text })),
  ];
  // Hearing of every commit costs whoever delivers: not where nobody reads by IMAP.
  if (wanted.length > 0) untoldMailOf(home.store);
  const started: { protocol: 'imap' | 'imaps'; listener: Listener }[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(started.map(({ listener }) => listener.stop(imapLimits.stopGraceMs)));
  };
  try {
    for (const { protocol, text } of wanted) {
      const where = checkedListenAddress(text);
      const isSecure = protocol === 'imaps';
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

const busyLine = writeStatus('*', 'BYE', { code: 'UNAVAILABLE' }, 'Too many connections');

async function serve(wire: Wire, service: ImapService): Promise<void> {
  const session = new Session(wire, service);
  try {
    await session.run();
  } finally {
    await finishNotes(session);
    session.logOut();
  }
}
