/** When to try again. Pure: the same facts and the same chance give the same time. */

export interface RetryFacts {
  /** Attempts made so far, the one that has just failed included. */
  readonly attempts: number;
  readonly nowMs: number;
  readonly expiresMs: number;
  /** Waits between attempts in seconds; the last one repeats. */
  readonly curve: readonly number[];
  /** 0 ≤ x < 1. */
  readonly chance: number;
}

/** So that a thousand messages that failed together do not come back together. */
const spread = 0.15;

/** null: the time is over, give up. The time of giving up is never passed by a long wait. */
export function nextAttemptMs(facts: RetryFacts): number | null {
  const { attempts, nowMs, expiresMs, curve, chance } = facts;
  if (nowMs >= expiresMs) return null;
  const last = Math.max(0, curve.length - 1);
  const waitS = curve[Math.min(Math.max(0, attempts - 1), last)] ?? 3600;
  const factor = 1 - spread + 2 * spread * chance;
  return Math.min(nowMs + Math.round(waitS * 1000 * factor), expiresMs);
}
