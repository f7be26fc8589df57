/**
 * Open connections, counted in memory that all threads see: each thread writes a table of its own
 * and reads those of all, so that nobody waits for anybody, and what a thread held that has died is
 * known. A table has a count for each bucket of networks: that two networks share one matters only
 * where one of them is at its limit, and nobody can choose it.
 */

import { createHmac, randomBytes } from 'node:crypto';
import type { Config } from '../config/schema.ts';
import { isLoopback, networkOf } from '../net/networks.ts';
import { stressShare } from '../net/connection-limits.ts';
import type { ConnectionPlaces } from '../shared.ts';

const buckets = 65_536;
/** Behind the buckets, the sum of all. */
const wordsOfTable = buckets + 1;

export interface ConnectionTables {
  readonly threads: number;
  readonly memory: SharedArrayBuffer;
  /** Of the buckets: strangers must not know who shares one with whom. */
  readonly secret: Uint8Array;
}

export function createTables(threads: number): ConnectionTables {
  const octets = threads * wordsOfTable * Int32Array.BYTES_PER_ELEMENT;
  return { threads, memory: new SharedArrayBuffer(octets), secret: randomBytes(32) };
}

/** A thread has ended, and all of its connections with it. */
export function clearTable({ memory }: ConnectionTables, thread: number): void {
  const counts = new Int32Array(memory);
  for (let index = 0; index < wordsOfTable; index += 1) {
    Atomics.store(counts, thread * wordsOfTable + index, 0);
  }
}

export class CountedConnections implements ConnectionPlaces {
  readonly #limits: Config['limits'];
  readonly tables: ConnectionTables;
  readonly #counts: Int32Array<SharedArrayBuffer>;
  /** Where the table of this thread begins. */
  readonly #own: number;

  constructor(limits: Config['limits'], tables: ConnectionTables, thread: number) {
    this.#limits = limits;
    this.tables = tables;
    this.#counts = new Int32Array(tables.memory);
    this.#own = thread * wordsOfTable;
  }

  /** Counted first and looked at then: two at once may both be refused, never both let in. */
  enter(address: string): boolean {
    const bucket = this.#bucketOf(address);
    this.#add(bucket, 1);
    const isFull = this.#sum(buckets) > this.#limits.connections_max;
    const isMuch = this.#sum(bucket) > this.#limits.connections_per_ip_max;
    // Loopback is many parties behind one address: proxies, web mail, this machine's programs.
    if (!isFull && (!isMuch || isLoopback(address))) return true;
    this.#add(bucket, -1);
    return false;
  }

  leave(address: string): void {
    this.#add(this.#bucketOf(address), -1);
  }

  get isStressed(): boolean {
    return this.#sum(buckets) > this.#limits.connections_max * stressShare;
  }

  #add(bucket: number, count: number): void {
    Atomics.add(this.#counts, this.#own + bucket, count);
    Atomics.add(this.#counts, this.#own + buckets, count);
  }

  #sum(bucket: number): number {
    let sum = 0;
    for (let thread = 0; thread < this.tables.threads; thread += 1) {
      sum += Atomics.load(this.#counts, thread * wordsOfTable + bucket);
    }
    return sum;
  }

  #bucketOf(address: string): number {
    const mac = createHmac('sha256', this.tables.secret).update(networkOf(address)).digest();
    return mac.readUInt16LE(0);
  }
}
