/**
 * What CAPA tells. RFC 2449 §5, §6; RFC 2595 §4 (STLS); RFC 3206 §6 (AUTH-RESP-CODE); RFC 5034 §6
 * (SASL); RFC 6856 §2, §3 (UTF8, LANG). All but STLS and EXPIRE are the same before and after
 * login.
 */

import { mayUsePassword, mechanismsFor } from './login.ts';
import type { Session } from './session.ts';

export function capabilitiesOf(session: Session): readonly string[] {
  const mechanisms = mechanismsFor(session);
  return [
    'TOP',
    'UIDL',
    'RESP-CODES',
    'AUTH-RESP-CODE',
    'PIPELINING',
    `EXPIRE ${retention(session)}`,
    ...(mayUsePassword(session) ? ['USER'] : []),
    ...(mechanisms.length > 0 ? [`SASL ${mechanisms.join(' ')}`] : []),
    ...(isTlsOffered(session) ? ['STLS'] : []),
    'UTF8 USER',
    'LANG',
    'IMPLEMENTATION Merpati',
  ];
}

/** RFC 2595 §8: in the AUTHORIZATION state only, and not once TLS is there. */
export function isTlsOffered(session: Session): boolean {
  const { home } = session.service;
  const isPlain = session.wire.secure === null && session.state.name === 'authorization';
  return isPlain && home.tls !== null && !home.faults.has('no-tls');
}

/**
 * RFC 2449 §6.7: days for which a message stays after a device has deleted it, since then it is
 * only hidden. What no device deletes stays for ever, which is also true where nothing is hidden.
 */
function retention(session: Session): string {
  const { state, service } = session;
  if (state.name === 'authorization') {
    const days = service.home.config.pop.keep_days;
    return `${days === 0 ? 'NEVER' : days} USER`;
  }
  const { policy, keepDays } = state.login.account.pop;
  return policy === 'leave-copy' || keepDays === 0 ? 'NEVER' : String(keepDays);
}
