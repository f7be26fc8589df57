/** The SQLite engine keeps the contract. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { conformance } from '../conformance/suite.ts';
import type { Store } from '../contract.ts';
import { openStore } from './open.ts';

const directories = new WeakMap<Store, string>();

async function open(directory: string): Promise<Store> {
  const store = await openStore({ directory, reserveBytes: 0 });
  directories.set(store, directory);
  return store;
}

function directoryOf(store: Store): string {
  const directory = directories.get(store);
  if (directory === undefined) throw new Error('not one of ours');
  return directory;
}

conformance({
  name: 'sqlite',
  open: async () => open(await mkdtemp(join(tmpdir(), 'merpati-store-'))),
  async reopen(store) {
    await store.close();
    return open(directoryOf(store));
  },
  async discard(store) {
    await store.close();
    await rm(directoryOf(store), { recursive: true });
  },
});
