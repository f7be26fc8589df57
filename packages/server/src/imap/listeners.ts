/**
 * The IMAP service of a home: ports 143 (STARTTLS) and 993 (TLS at once). RFC 9051 §2.1; RFC 8314
 * §3.2.
 */

import { writeStatus } from '@merpati/formats/imap/response-code.ts';
import type { Authenticator } from '../accounts/authenticate.ts';
import type { Home } from '../home.ts';
import { type RunningService, startService } from '../net/service.ts';
import type { Wire } from '../net/wire.ts';
import { finishNotes } from './fetch/read-notes.ts';
import { imapLimits } from './limits.ts';
import { untoldMailOf } from './recent.ts';
import { type ImapService, Session } from './session.ts';

export interface ImapOptions {
  /** Passwords without TLS from this very machine: for the lab. Default: never. */
  readonly plainAllowed?: boolean;
  /** How often a client hears that something takes long. Default: as `imapLimits` says. */
  readonly progressEveryMs?: number;
}

export type RunningImap = RunningService<'imap' | 'imaps'>;

export async function startImap(
  home: Home,
  authenticator: Authenticator,
  options: ImapOptions = {},
): Promise<RunningImap> {
  const service: ImapService = {
    home,
    authenticator,
    plainAllowed: options.plainAllowed ?? false,
    progressEveryMs: options.progressEveryMs ?? imapLimits.progressEveryMs,
  };
  const { imap, imaps } = home.config.listen;
  // Hearing of every commit costs whoever delivers: not where nobody reads by IMAP.
  if (imap.length + imaps.length > 0) untoldMailOf(home.store);
  const { stopGraceMs } = imapLimits;
  const ports = { protocols: ['imap', 'imaps'], busy: busyLine, stopGraceMs } as const;
  return startService(home, ports, (wire) => serve(wire, service));
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
