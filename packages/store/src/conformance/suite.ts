/**
 * What every engine must do: `conformance(engine)` registers the tests of the contract. An engine opens a
 * new store for each test; some tests close it and open it again.
 */

import { describe } from 'node:test';
import type { Store } from '../contract.ts';
import { modelSuite } from './suite-model.ts';

export interface Engine {
  readonly name: string;
  /** A new, empty store. */
  open(): Promise<Store>;
  /** Ends it in good order and opens the same data. */
  reopen(store: Store): Promise<Store>;
  /** Ends it and removes its data. */
  discard(store: Store): Promise<void>;
}

export function conformance(engine: Engine): void {
  describe(`store contract: ${engine.name}`, () => {
    describe('model', () => modelSuite(engine));
  });
}
