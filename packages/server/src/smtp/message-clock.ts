/**
 * How long the next block of a message may take. RFC 5321 §4.5.3.2.5 gives each block 3 minutes; a
 * whole message has a limit too, and a least rate, so that nobody holds a place with an octet a
 * minute.
 */

import { Refusal } from '../refusal.ts';
import { sessionLimits } from './limits.ts';
import type { Session } from './session.ts';

export interface MessageClock {
  /** For the next block. Throws Refusal when the time of the whole message is over. */
  timeoutMs(receivedOctets: number): number;
}

export function startMessageClock(session: Session): MessageClock {
  const { data_timeout_s: blockS, transaction_timeout_s: wholeS } = session.home.config.limits;
  const startedMs = performance.now();
  return {
    timeoutMs(receivedOctets) {
      const spentMs = performance.now() - startedMs;
      const isSlow =
        spentMs > sessionLimits.rateGraceMs &&
        receivedOctets < (spentMs / 1000) * sessionLimits.rateMinPerS;
      const restMs = wholeS * 1000 - spentMs;
      if (isSlow || restMs <= 0) throw new Refusal('too-slow', 'The message comes too slowly');
      return Math.min(blockS * 1000, restMs);
    },
  };
}
