/**
 * From AUTHORIZATION to TRANSACTION: the maildrop is locked, and its snapshot taken. RFC 1939 §4;
 * RFC 2449 §8.1.2 (IN-USE); RFC 3206 (AUTH, SYS).
 */

import type { Login } from '../accounts/authenticate.ts';
import { type SaslMechanism, offeredMechanisms } from '../accounts/sasl.ts';
import { isLoopback } from '../net/networks.ts';
import { pop3Limits } from './limits.ts';
import { Maildrop } from './maildrop.ts';
import type { Session } from './session.ts';

/**
 * What may be offered to this client now: nothing before TLS (RFC 8314 §3), the lab's own
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

/** Says how the login ended, and opens the maildrop when it ended well. */
export async function enter(session: Session, login: Login): Promise<void> {
  session.state = { name: 'authorization', user: null };
  if (!login.ok) {
    session.refuse(login.code === 'invalid' ? 'wrong-password' : login.code);
    return;
  }
  const { home, account } = login;
  const lock = await home.shared.maildrops.lock(account.id, pop3Limits.lockWaitMs);
  if (lock === null) {
    session.refuse('in-use');
    return;
  }
  try {
    const maildrop = new Maildrop(await home.store.maildrop(account.id), account);
    session.state = { name: 'transaction', login, maildrop, lock };
    session.ok('welcome', { messages: maildrop.count, octets: maildrop.octets });
  } catch (error) {
    lock.release();
    throw error;
  }
}
