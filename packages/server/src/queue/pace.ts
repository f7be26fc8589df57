/** How many messages a destination gets in a minute: a bucket that fills as time goes by. Pure. */

export class Pace {
  readonly #perMs: number;
  readonly #burst: number;
  #tokens: number;
  #atMs: number;

  /** `perMinute` 0: no limit. */
  constructor(perMinute: number, nowMs: number) {
    this.#perMs = perMinute / 60_000;
    // A tenth of a minute's messages may go at once, so that connections are worth opening.
    this.#burst = Math.max(1, perMinute / 10);
    this.#tokens = this.#burst;
    this.#atMs = nowMs;
  }

  /** Takes a place; answers 0, or in how many milliseconds there will be one. */
  take(nowMs: number): number {
    if (this.#perMs === 0) return 0;
    const passedMs = Math.max(0, nowMs - this.#atMs);
    this.#tokens = Math.min(this.#burst, this.#tokens + passedMs * this.#perMs);
    this.#atMs = nowMs;
    if (this.#tokens >= 1) {
      this.#tokens -= 1;
      return 0;
    }
    return Math.ceil((1 - this.#tokens) / this.#perMs);
  }

  /** Nothing has been taken for so long that it may be forgotten. */
  isFull(nowMs: number): boolean {
    return this.#perMs === 0 || this.#tokens + (nowMs - this.#atMs) * this.#perMs >= this.#burst;
  }
}
