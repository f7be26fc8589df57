/** What the conformance suite needs of an engine. */

import type { Store } from '../contract.ts';

export interface Engine {
  readonly name: string;
  /** A new, empty store. */
  open(): Promise<Store>;
  /** Ends it in good order and opens the same data. */
  reopen(store: Store): Promise<Store>;
  /** Ends it and removes its data. */
  discard(store: Store): Promise<void>;
}

export async function withStore(
  engine: Engine,
  test: (store: Store) => Promise<void>,
): Promise<void> {
  const store = await engine.open();
  try {
    await test(store);
  } finally {
    await engine.discard(store);
  }
}
