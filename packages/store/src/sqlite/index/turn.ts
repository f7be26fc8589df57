/**
 * When the writer takes what the indexer brings. Between two groups there is always a moment in
 * which nothing waits, but who was answered asks again at once: under load the index must wait
 * until it is really quiet. Not for ever, though, and hardly at all while the writer has time.
 */

/** Without load. */
const quietMs = 3;
/** Share of its time that the writer works, beyond which it counts as loaded. */
const busyShareMax = 0.4;
const windowMs = 250;
/** Under load: so many times as long as the last group took. */
const quietGroups = 5;
/** At most, whatever the load: two batches a second. */
const waitMsMax = 500;

export class IndexTurn {
  #endedMs = 0;
  #groupMs = 0;
  #windowStartMs = 0;
  #busyMs = 0;
  #busyShare = 0;

  /** A group of others has been committed. */
  groupEnded(begunMs: number, endedMs: number): void {
    this.#roll(begunMs);
    this.#busyMs += endedMs - begunMs;
    this.#groupMs = endedMs - begunMs;
    this.#endedMs = endedMs;
  }

  /** Now, although others wait? */
  isDue(sinceMs: number, nowMs: number): boolean {
    return nowMs >= sinceMs + waitMsMax;
  }

  /** Milliseconds to wait while nobody else wants anything; 0: now. */
  waitMs(sinceMs: number, nowMs: number): number {
    this.#roll(nowMs);
    const isLoaded = this.#busyShare > busyShareMax;
    const quiet = isLoaded ? Math.max(quietMs, quietGroups * this.#groupMs) : quietMs;
    return Math.max(0, Math.min(sinceMs + waitMsMax, this.#endedMs + quiet) - nowMs);
  }

  #roll(nowMs: number): void {
    const passedMs = nowMs - this.#windowStartMs;
    if (passedMs < windowMs) return;
    this.#busyShare = this.#busyMs / passedMs;
    this.#busyMs = 0;
    this.#windowStartMs = nowMs;
  }
}
