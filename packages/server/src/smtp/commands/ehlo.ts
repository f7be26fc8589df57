/**
 * EHLO: who is there, and what we can do. RFC 5321 §4.1.1.1; the keywords of RFC 1870 (SIZE), 2034,
 * 2920, 3030, 3207, 3461, 4865, 4954, 6152, 6531, 8689 and 9422.
 */

import { offeredMechanisms } from '../../accounts/sasl.ts';
import type { SaslMechanism } from '../../accounts/sasl.ts';
import { isLoopback } from '../../net/networks.ts';
import { sessionLimits } from '../limits.ts';
import { reply } from '../replies.ts';
import { countIdle, resetTransaction } from '../session.ts';
import type { CommandRow, Session } from '../session.ts';

export const ehlo: CommandRow<'EHLO'> = {
  verb: 'EHLO',
  states: ['greeted', 'ready', 'mail', 'rcpt', 'chunks'],
  async run(session, { domain }) {
    if (session.hello !== null) countIdle(session);
    session.hello = { name: domain, isExtended: true };
    await resetTransaction(session);
    return reply(
      250,
      null,
      `${session.home.config.hostname} greets ${domain}`,
      ...keywords(session),
    );
  },
};

/** Mechanisms on offer to this connection now. */
export function mechanismsFor(session: Session): readonly SaslMechanism[] {
  if (session.service !== 'submission') return [];
  const plainAllowed = session.plainAllowed && isLoopback(session.wire.remote.address);
  return offeredMechanisms(session.wire, { plainAllowed });
}

/** May STARTTLS be said here and now? */
export function canStartTls({ home, wire }: Session): boolean {
  return home.tls !== null && wire.secure === null && !home.faults.has('no-tls');
}

function keywords(session: Session): string[] {
  const { limits } = session.home.config;
  const offered = [
    'PIPELINING',
    `SIZE ${limits.message_bytes_max}`,
    '8BITMIME',
    'BINARYMIME',
    'CHUNKING',
    'SMTPUTF8',
    'ENHANCEDSTATUSCODES',
    'DSN',
    `LIMITS RCPTMAX=${limits.recipients_max}`,
  ];
  if (canStartTls(session)) offered.push('STARTTLS');
  if (session.wire.secure !== null) offered.push('REQUIRETLS');
  if (session.service === 'smtp') return offered;
  const mechanisms = mechanismsFor(session);
  if (session.login === null && mechanisms.length > 0) offered.push(`AUTH ${mechanisms.join(' ')}`);
  const until = new Date(session.home.world.nowMs() + sessionLimits.holdMaxS * 1000);
  offered.push(`FUTURERELEASE ${sessionLimits.holdMaxS} ${until.toISOString().slice(0, 19)}Z`);
  // Private: our own programs may say when the user pressed Send (parameter XCLICK of MAIL).
  if (session.login !== null) offered.push('XCLICK');
  return offered;
}
