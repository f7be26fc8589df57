/**
 * Several threads of a process with one store: one opens it (open.ts), the others join. Each reads
 * on its own connection; all write through the one writer and hear of the same changes. A ticket
 * admits one thread, once.
 */

import type { MessagePort } from 'node:worker_threads';
import type { Store } from '../../contract.ts';
import { SqliteStore } from '../store.ts';
import type { FenceCells } from '../writer/fence.ts';

/** To be sent to the thread, with its ports as the list of what is transferred. */
export interface StoreTicket {
  readonly directory: string;
  /** Segments from this one on lie in the page cache: see read/bodies.ts. */
  readonly freshFrom: number;
  readonly reserveBytes: number;
  readonly fence: FenceCells;
  readonly writer: MessagePort;
  readonly keeper: MessagePort;
}

/** By the thread that opened the store. */
export function inviteToStore(store: Store): StoreTicket {
  if (!(store instanceof SqliteStore)) throw new TypeError('no store that can be joined');
  return store.invite();
}

/** The store as a thread has it that was invited. Closing it leaves the others theirs. */
export function joinStore(ticket: StoreTicket): Store {
  return SqliteStore.join(ticket);
}
