/**
 * The POP3 service of a home: ports 110 (STLS) and 995 (TLS at once). RFC 1939 §3; RFC 8314 §3.2.
 */

import { writePop3Reply } from '@merpati/formats/pop3/reply.ts';
import type { Authenticator } from '../accounts/authenticate.ts';
import type { Home } from '../home.ts';
import { type RunningService, startService } from '../net/service.ts';
import type { Wire } from '../net/wire.ts';
import { pop3Limits } from './limits.ts';
import { preferredLanguage, refusals } from './replies.ts';
import { type Pop3Service, Session } from './session.ts';
import { noteRetrieved } from './update.ts';

export interface Pop3Options {
  /** Passwords without TLS from this very machine: for the lab. Default: never. */
  readonly plainAllowed?: boolean;
}

/** Stopping it deletes nothing. */
export type RunningPop3 = RunningService<'pop3' | 'pop3s'>;

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
  const { stopGraceMs } = pop3Limits;
  const ports = { protocols: ['pop3', 'pop3s'], busy: busyLine, stopGraceMs } as const;
  return startService(home, ports, (wire) => serve(wire, service));
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
