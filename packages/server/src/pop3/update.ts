/**
 * The end of a session. After QUIT its marks take effect in one transaction: the UPDATE state of
 * RFC 1939 §6. After anything else only what was downloaded is noted, for the journeys, and nothing
 * is deleted.
 */

import type { Session, Transaction } from './session.ts';

/** Throws what the store throws; then nothing has been deleted. Answers how many were. */
export async function update(session: Session, transaction: Transaction): Promise<number> {
  const deleted = transaction.maildrop.deleted;
  return write(session, transaction, deleted);
}

/** For a session that ended without QUIT. Never throws. */
export async function noteRetrieved(session: Session, transaction: Transaction): Promise<void> {
  try {
    await write(session, transaction, []);
  } catch (error) {
    session.service.home.log.warn({ event: 'pop3.note', session: session.wire.id, err: error });
  }
}

async function write(
  session: Session,
  transaction: Transaction,
  deleted: Transaction['maildrop']['deleted'],
): Promise<number> {
  const { login, maildrop } = transaction;
  const { retrieved } = maildrop;
  const { address } = session.wire.remote;
  session.service.home.log.info({
    event: 'pop3.session',
    session: session.wire.id,
    ip: address,
    account: login.account.address,
    retrieved: retrieved.length,
    deleted: deleted.length,
  });
  if (retrieved.length === 0 && deleted.length === 0) return 0;
  const done = await login.home.store.popUpdate({
    account: login.account.id,
    // QUIRK: POP3 tells nothing of the device; the label of its own app password is the best there
    // is.
    device: login.appPassword?.label ?? 'POP3',
    address,
    nowMs: login.home.world.nowMs(),
    retrieved,
    deleted,
  });
  return done.deleted;
}
