/**
 * What CAPABILITY, the greeting and the login tell. RFC 9051 §6.1.1, §7.2.2; the names are those of
 * the IANA registry. A name stands here when its command is there.
 */

import { type SaslMechanism, offeredMechanisms } from '../accounts/sasl.ts';
import { isLoopback } from '../net/networks.ts';
import type { Session } from './session.ts';

const always = ['IMAP4rev2', 'IMAP4rev1', 'LITERAL+', 'SASL-IR', 'ID', 'ENABLE'] as const;

/** What clients look for once they are in. */
const afterLogin = ['IDLE', 'UNSELECT', 'NAMESPACE', 'UIDPLUS', 'OBJECTID'] as const;

export function capabilitiesOf(session: Session): readonly string[] {
  if (session.user !== null) return [...always, ...afterLogin];
  const mechanisms = mechanismsFor(session).map((mechanism) => `AUTH=${mechanism}`);
  return [
    ...always,
    ...(isTlsOffered(session) ? ['STARTTLS'] : []),
    ...(mayUsePassword(session) ? [] : ['LOGINDISABLED']),
    ...mechanisms,
  ];
}

/** RFC 9051 §6.2.1: not once TLS is there. */
export function isTlsOffered(session: Session): boolean {
  const { home } = session.service;
  const isPlain = session.wire.secure === null && session.user === null;
  return isPlain && home.tls !== null && !home.faults.has('no-tls');
}

/**
 * What may be offered to this client now: no password before TLS (RFC 8314 §3), the lab's own
 * excepted.
 */
export function mechanismsFor(session: Session): readonly SaslMechanism[] {
  return offeredMechanisms(session.wire, { plainAllowed: isPlainAllowed(session) });
}

export function mayUsePassword(session: Session): boolean {
  return session.wire.secure !== null || isPlainAllowed(session);
}

function isPlainAllowed(session: Session): boolean {
  return session.service.plainAllowed && isLoopback(session.wire.remote.address);
}
