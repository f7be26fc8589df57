/**
 * When the indexer begins by itself. Reading a message costs more than delivering it, and nobody
 * needs its entry before somebody reads: so it waits until no more mail comes for a moment, unless
 * mail never stops. Who asks for an account does not wait for this.
 */

/** No new message for so long. */
export const quietMs = 1500;
/** The oldest one has waited long enough, whatever else comes. */
export const patienceMs = 60_000;

export class Patience {
  #lastMs = 0;
  /** null: nothing waits. */
  #sinceMs: number | null = null;

  /** There is something to read. */
  stored(nowMs: number): void {
    this.#lastMs = nowMs;
    this.#sinceMs ??= nowMs;
  }

  /** All has been read. */
  done(): void {
    this.#sinceMs = null;
  }

  /** Milliseconds to wait; 0: begin now; null: nothing waits. */
  waitMs(nowMs: number): number | null {
    if (this.#sinceMs === null) return null;
    return Math.max(0, Math.min(this.#lastMs + quietMs, this.#sinceMs + patienceMs) - nowMs);
  }
}
