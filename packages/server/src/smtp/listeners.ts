/** The SMTP and submission ports of a home. RFC 5321, RFC 6409, RFC 8314 (465). */

import { writeReply } from '@merpati/formats/smtp/reply.ts';
import type { Authenticator } from '../accounts/authenticate.ts';
import type { Home } from '../home.ts';
import { type RunningService, startService } from '../net/service.ts';
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

export type RunningSmtp = RunningService<'smtp' | 'submission' | 'submissions'>;

export async function startSmtp(
  home: Home,
  authenticator: Authenticator,
  options: SmtpOptions = {},
): Promise<RunningSmtp> {
  const plainAllowed = options.plainAllowed ?? false;
  const { stopGraceMs } = sessionLimits;
  const protocols = ['smtp', 'submission', 'submissions'] as const;
  const ports = { protocols, busy: writeReply(replies.busy), stopGraceMs };
  return startService(home, ports, (wire, protocol) => {
    const service: Service = protocol === 'smtp' ? 'smtp' : 'submission';
    const fixed = { service, authenticator, plainAllowed };
    return runSession(createSession(home, wire, fixed), commandTable);
  });
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
