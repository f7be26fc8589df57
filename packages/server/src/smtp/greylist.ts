/**
 * The lab's fault `greylist`: who is not known is asked to come back, as many servers do. RFC 6647.
 */

import type { Home } from '../home.ts';
import { networkOf } from '../net/networks.ts';
import type { Session } from './session.ts';

/** Sooner than this is not a second try. */
const waitMs = 2000;
const entriesMax = 1000;

/** One for each server of the lab; gone with the fault. */
const known = new WeakMap<Home, Map<string, number>>();

export function isGreylisted({ home, wire }: Session, sender: string, recipient: string): boolean {
  if (!home.faults.has('greylist')) {
    known.delete(home);
    return false;
  }
  const firstSeenMs = known.get(home) ?? new Map<string, number>();
  known.set(home, firstSeenMs);
  const nowMs = home.world.nowMs();
  const key = `${networkOf(wire.remote.address)} ${sender} ${recipient}`;
  const since = firstSeenMs.get(key);
  if (since !== undefined) return nowMs - since < waitMs;
  const oldest = firstSeenMs.size >= entriesMax ? firstSeenMs.keys().next() : null;
  if (oldest !== null && oldest.done !== true) firstSeenMs.delete(oldest.value);
  firstSeenMs.set(key, nowMs);
  return true;
}
