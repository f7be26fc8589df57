/** Wakes one waiter. A ring that comes while nobody waits is kept; several of them are one. */

export class Bell {
  #isRung = false;
  #isClosed = false;
  #wake: ((goesOn: boolean) => void) | null = null;

  ring(): void {
    if (this.#wake === null) this.#isRung = true;
    else this.#answer(true);
  }

  /** Nobody needs to wait any more. */
  close(): void {
    this.#isClosed = true;
    this.#answer(false);
  }

  /** True at the next ring; false when it was closed. */
  wait(): Promise<boolean> | boolean {
    if (this.#isClosed) return false;
    if (!this.#isRung) {
      return new Promise((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#isRung = false;
    return true;
  }

  #answer(goesOn: boolean): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.(goesOn);
  }
}
