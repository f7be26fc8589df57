/**
 * What CAPABILITY, the greeting and the login tell. RFC 9051 §6.1.1, §7.2.2; the names are those of
 * the IANA registry. Some may be kept from some accounts or clients, by configuration.
 */

import { type SaslMechanism, offeredMechanisms } from '../accounts/sasl.ts';
import type { Config } from '../config/schema.ts';
import { isLoopback } from '../net/networks.ts';
import type { Session } from './session.ts';

const always = ['IMAP4rev2', 'IMAP4rev1', 'LITERAL+', 'SASL-IR', 'ID', 'ENABLE'] as const;

/** What clients look for once they are in. */
const afterLogin = [
  'ACL',
  'RIGHTS=kxte',
  'BINARY',
  'CATENATE',
  'CHILDREN',
  'COMPRESS=DEFLATE',
  'CONDSTORE',
  'CONTEXT=SEARCH',
  'CONTEXT=SORT',
  'CREATE-SPECIAL-USE',
  'ESEARCH',
  'ESORT',
  'I18NLEVEL=1',
  'IDLE',
  'INPROGRESS',
  'LIST-EXTENDED',
  'LIST-METADATA',
  'LIST-MYRIGHTS',
  'LIST-STATUS',
  'METADATA',
  'MOVE',
  'MULTIAPPEND',
  'MULTISEARCH',
  'NAMESPACE',
  'NOTIFY',
  'OBJECTID',
  'PARTIAL',
  'PREVIEW',
  'QRESYNC',
  'QUOTA',
  'QUOTA=RES-MESSAGE',
  'QUOTA=RES-STORAGE',
  'REPLACE',
  'SAVEDATE',
  'SEARCH=FUZZY',
  'SEARCHRES',
  'SORT',
  'SORT=DISPLAY',
  'SPECIAL-USE',
  'STATUS=SIZE',
  'THREAD=ORDEREDSUBJECT',
  'THREAD=REFERENCES',
  'UIDONLY',
  'UIDPLUS',
  'UNAUTHENTICATE',
  'UNSELECT',
  'UTF8=ACCEPT',
  'WITHIN',
] as const;

export function capabilitiesOf(session: Session): readonly string[] {
  return listed(session).filter((name) => !isWithheld(session, name));
}

/** For commands that need one; names in any case. */
export function isOffered(session: Session, capability: string): boolean {
  const wanted = capability.toUpperCase();
  return capabilitiesOf(session).some((name) => name.toUpperCase() === wanted);
}

function listed(session: Session): readonly string[] {
  if (session.user !== null) {
    const { message_bytes_max: octetsMax } = session.home.config.limits;
    return [...always, ...afterLogin, `APPENDLIMIT=${octetsMax}`];
  }
  const mechanisms = mechanismsFor(session).map((mechanism) => `AUTH=${mechanism}`);
  return [
    ...always,
    ...(isTlsOffered(session) ? ['STARTTLS'] : []),
    ...(mayUsePassword(session) ? [] : ['LOGINDISABLED']),
    ...mechanisms,
  ];
}

function isWithheld(session: Session, capability: string): boolean {
  const account = session.user?.account.address ?? '';
  const { clientName, home } = session;
  return home.config.imap.without.some(
    (rule: Config['imap']['without'][number]) =>
      rule.capabilities.some((one) => one.toUpperCase() === capability.toUpperCase()) &&
      fits(account, rule.account) &&
      fits(clientName, rule.client),
  );
}

/** `*` stands for any text; in any case. In time that grows with the text, not with the stars. */
export function fits(text: string, pattern: string): boolean {
  const [first = '', ...others] = pattern.toLowerCase().split('*');
  let rest = text.toLowerCase();
  if (!rest.startsWith(first)) return false;
  rest = rest.slice(first.length);
  const last = others.pop();
  if (last === undefined) return rest === '';
  for (const part of others) {
    const at = rest.indexOf(part);
    if (at < 0) return false;
    rest = rest.slice(at + part.length);
  }
  return rest.endsWith(last);
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
  const { authenticator } = session.service;
  return offeredMechanisms(session.wire, {
    plainAllowed: isPlainAllowed(session),
    tokens: authenticator.token !== undefined,
  });
}

export function mayUsePassword(session: Session): boolean {
  return session.wire.secure !== null || isPlainAllowed(session);
}

function isPlainAllowed(session: Session): boolean {
  return session.service.plainAllowed && isLoopback(session.wire.remote.address);
}
