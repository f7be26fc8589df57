/**
 * While a command works on something long, its client hears now and then that it does, so that
 * neither it nor a box in between takes the connection for dead. RFC 9585.
 */

import type { Session } from './session.ts';

/** Waits for the work, telling `* OK [INPROGRESS …]` meanwhile. */
export async function withProgress<T>(session: Session, tag: string, work: Promise<T>): Promise<T> {
  const timer = setInterval(() => {
    const code = { code: 'INPROGRESS', tag, done: null, goal: null } as const;
    session.putStatus('OK', 'Still at it', code);
    // A connection that is gone is found out by whoever writes next.
    session.flush().catch(() => undefined);
  }, session.service.progressEveryMs);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}
