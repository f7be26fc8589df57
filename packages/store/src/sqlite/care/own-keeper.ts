/** The keeper of the thread that opened the store: it holds the lock and starts the helpers. */

import { statSync, writeFileSync } from 'node:fs';
import type { CheckFinding, CheckReport, RepairReport, StoreStats } from '../../contract.ts';
import { StoreUnavailable } from '../../contract.ts';
import type { AccountId } from '../../ids.ts';
import type { SearchQuery, ThreadQuery } from '../../search.ts';
import type { Database } from '../database.ts';
import type { StoreLock } from '../lock.ts';
import { readVersion } from '../migrate.ts';
import { Finder } from '../search/finder.ts';
import type { StorePaths } from '../segments/files.ts';
import type { WriterClient } from '../writer/client.ts';
import type { Loss } from '../writer/repair.ts';
import { CareClient } from './client.ts';
import { garbageOf } from './garbage.ts';
import type { Keeper, Progressing } from './keeper.ts';
import { compact } from './run-compaction.ts';
import type { KeyCursor, Tasks } from './tasks.ts';

const houseEveryMs = 60_000;
const dayMs = 86_400_000;
/** A sender that was not answered comes back sooner, or never. */
const keysKeptMs = 7 * dayMs;
/** How long a finished body may wait to be accepted. */
const spoolKeptMs = 3_600_000;
export const compactDeadShareMin = 0.5;
const findingsShownMax = 100;
const findingsMendedMax = 1_000_000;

export interface KeeperParts {
  readonly paths: StorePaths;
  readonly lock: StoreLock;
  readonly db: Database;
  readonly writer: WriterClient;
  readonly freshFrom: number;
}

export class OwnKeeper implements Keeper {
  readonly #paths: StorePaths;
  readonly #lock: StoreLock;
  readonly #db: Database;
  readonly #writer: WriterClient;
  readonly #care: CareClient;
  readonly #finder: Finder;
  readonly #housekeeping: NodeJS.Timeout;
  #turn: Promise<unknown> = Promise.resolve();
  #keysSeenMs = -Infinity;

  constructor({ paths, lock, db, writer, freshFrom }: KeeperParts) {
    this.#paths = paths;
    this.#lock = lock;
    this.#db = db;
    this.#writer = writer;
    const { directory } = paths;
    this.#care = new CareClient(directory, () => this.#writer.restartWal());
    const onWrite = () => this.#care.dirty();
    this.#finder = new Finder({ directory, freshFrom, writer, onWrite });
    this.#housekeeping = setInterval(() => void this.#keepHouse(), houseEveryMs);
    this.#housekeeping.unref();
  }

  threads(account: AccountId, query: ThreadQuery) {
    return this.#finder.threads(account, query);
  }

  search(account: AccountId, query: SearchQuery) {
    return this.#finder.search(account, query);
  }

  indexed(account: AccountId) {
    return this.#finder.indexed(account);
  }

  reindex(account: AccountId | 'all') {
    return this.#finder.reindex(account);
  }

  /** Once a day is enough: all of them are walked through. */
  async dropOldKeys(nowMs: number): Promise<void> {
    if (nowMs < this.#keysSeenMs + dayMs) return;
    this.#keysSeenMs = nowMs;
    const beforeMs = nowMs - keysKeptMs;
    for (let after: KeyCursor | null = [0, '']; after !== null;) {
      const old: Tasks['oldKeys']['give'] = await this.#care.perform('oldKeys', {
        beforeMs,
        after,
      });
      if (old.keys.length > 0) await this.#writer.perform('dropKeys', { keys: old.keys, beforeMs });
      ({ after } = old);
    }
  }

  async stats(): Promise<StoreStats> {
    const writer = await this.#writer.stats();
    const size = (file: string) => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    const segments = this.#db.get<{ length: number; live: number }>(
      'SELECT coalesce(sum(length), 0) AS length, coalesce(sum(live), 0) AS live FROM segment',
    );
    return {
      schemaVersion: readVersion(this.#db),
      databaseBytes: size(this.#paths.database),
      walBytes: size(`${this.#paths.database}-wal`),
      segmentBytes: segments?.length ?? 0,
      deadBytes: (segments?.length ?? 0) - (segments?.live ?? 0),
      ...writer,
    };
  }

  check(options: Progressing & { readonly deep: boolean }): Promise<CheckReport> {
    return this.#check({ ...options, findingsMax: findingsShownMax });
  }

  repair(options: Progressing): Promise<RepairReport> {
    return this.#alone(async () => {
      const look = () => this.#check({ ...options, deep: true, findingsMax: findingsMendedMax });
      const before = (await look()).findings;
      if (before.length === 0) return { mended: [], lost: [] };
      const losses = await this.#mend(before);
      const after = (await look()).findings;
      this.#finder.look();
      if (isTorn(after)) writeFileSync(this.#paths.rebuildMark, '', { mode: 0o600 });
      const key = (each: { code: string; where: string }) => `${each.code} ${each.where}`;
      const left = new Set(after.map(key));
      const lost = losses.map((each) => ({ ...each, severity: 'error', mendable: false }) as const);
      return {
        mended: before.filter((each) => !left.has(key(each))),
        lost: [...lost, ...after.filter((each) => each.severity === 'error')],
      };
    });
  }

  async backup(target: string): Promise<void> {
    await this.#writer.perform('noteSegments', null);
    await this.#alone(() => this.#care.perform('backup', { target }));
  }

  compact(deadShareMin: number): Promise<number> {
    return this.#alone(() => compact(this.#writer, this.#care, { deadShareMin }));
  }

  committed(): void {
    this.#care.dirty();
    this.#finder.wake();
  }

  async rest(): Promise<void> {
    clearInterval(this.#housekeeping);
    await this.#alone(() => Promise.resolve());
    await this.#finder.close();
  }

  async close(): Promise<void> {
    await this.#care.close();
    // The last one out writes the log back into the database; a reader could not.
    await this.#writer.close();
    this.#lock.release();
  }

  async #check(
    options: Progressing & { readonly deep: boolean; readonly findingsMax: number },
  ): Promise<CheckReport> {
    const { deep, findingsMax, onProgress } = options;
    try {
      await this.#writer.perform('noteSegments', null);
    } catch (error) {
      // Looking must be possible on a full disk too; rows may lag behind, and the rules know that.
      if (!(error instanceof StoreUnavailable) || error.reason === 'closed') throw error;
    }
    return this.#care.perform('check', { deep, findingsMax }, onProgress);
  }

  async #mend(findings: readonly CheckFinding[]): Promise<readonly Loss[]> {
    try {
      const losses = await this.#writer.perform('repair', { findings });
      await compact(this.#writer, this.#care, { deadShareMin: 0, segments: garbageOf(findings) });
      return losses;
    } catch (error) {
      // In a file with holes even the mending fails; it is built anew at the next opening.
      if (error instanceof StoreUnavailable && error.reason === 'io' && isTorn(findings)) return [];
      throw error;
    }
  }

  async #keepHouse(): Promise<void> {
    try {
      await this.#care.perform('sweepSpool', { olderThanMs: spoolKeptMs });
      await this.compact(compactDeadShareMin);
    } catch (error) {
      // A full or failing disk is told to those who write; this will be tried again.
      if (!(error instanceof StoreUnavailable)) throw error;
    }
  }

  /** Compaction and backup wait for each other: one takes away what the other one copies. */
  #alone<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(task);
    this.#turn = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }
}

/** Does the database file itself have holes? */
function isTorn(findings: readonly CheckFinding[]): boolean {
  return findings.some(({ code }) => code === 'sqlite.integrity' || code === 'sqlite.unreadable');
}
