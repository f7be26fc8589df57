/**
 * Group commit: everything that has arrived becomes one transaction. Bodies are on disk before it
 * begins; nobody is answered before it has ended. An operation that fails by our own fault takes
 * nobody along: the group is rolled back and tried again one by one.
 */

import { StoreUnavailable } from '../../contract.ts';
import { machineTrouble } from '../database.ts';
import type { Ending, Operation, PackedAcceptance, PackedChange } from '../operations.ts';
import { hasReserve, type Reserve } from '../reserve.ts';
import type { PlacedBody } from './blobs.ts';
import type { WriterContext } from './context.ts';
import { perform } from './perform.ts';

export interface Task {
  readonly id: number;
  readonly operation: Operation;
}

export interface GroupResult {
  readonly endings: readonly Ending[];
  readonly changes: readonly PackedChange[];
}

interface Prepared extends Task {
  readonly bodies: readonly PlacedBody[];
}

export class GroupCommit {
  readonly #context: WriterContext;
  readonly #reserve: Reserve;
  commits = 0;
  operations = 0;
  syncs = 0;

  constructor(context: WriterContext, reserve: Reserve) {
    this.#context = context;
    this.#reserve = reserve;
  }

  run(tasks: readonly Task[]): GroupResult {
    const { blobs } = this.#context;
    const endings: Ending[] = [];
    const changes: PackedChange[] = [];
    const prepared = this.#prepare(tasks, endings);
    if (prepared.length === 0) return { endings, changes };
    try {
      endings.push(...this.#commit(prepared, changes));
      blobs.endGroup();
    } catch (error) {
      const trouble = machineTrouble(error);
      if (trouble !== null) {
        blobs.abandonGroup();
        for (const task of prepared) endings.push(ended(task, trouble));
      } else if (prepared.length === 1) {
        blobs.abandonGroup();
        for (const task of prepared) endings.push(failed(task, error));
      } else {
        endings.push(...this.#oneByOne(prepared, changes));
        blobs.endGroup();
      }
    }
    this.operations += tasks.length;
    return { endings, changes };
  }

  /** Writes and syncs the bodies. Whose body finds no room is out, the others go on. */
  #prepare(tasks: readonly Task[], endings: Ending[]): Prepared[] {
    const { blobs } = this.#context;
    const prepared: Prepared[] = [];
    try {
      blobs.beginGroup();
    } catch (error) {
      return this.#giveUp(tasks, error, endings);
    }
    for (const task of tasks) {
      try {
        const wanted = bodiesOf(task.operation);
        if (wanted.length > 0) this.#checkReserve();
        prepared.push({ ...task, bodies: wanted.map(({ body }) => blobs.place(body)) });
      } catch (error) {
        const trouble = machineTrouble(error);
        endings.push(trouble === null ? failed(task, error) : ended(task, trouble));
      }
    }
    try {
      blobs.sync();
      return prepared;
    } catch (error) {
      // The page cache no longer tells what is on disk after a failed sync: never trust that file
      // again.
      blobs.abandonSegment();
      return this.#giveUp(prepared, error, endings);
    }
  }

  #giveUp(tasks: readonly Task[], error: unknown, endings: Ending[]): Prepared[] {
    const trouble = machineTrouble(error);
    for (const task of tasks) {
      endings.push(trouble === null ? failed(task, error) : ended(task, trouble));
    }
    return [];
  }

  #checkReserve(): void {
    if (!hasReserve(this.#reserve)) throw new StoreUnavailable('disk-full');
  }

  #commit(prepared: readonly Prepared[], changes: PackedChange[]): Ending[] {
    const { db, accounts, blobs } = this.#context;
    this.#context.changes.length = 0;
    const mayBeLost = prepared.every(({ operation }) => isVoidAfterCrash(operation));
    // A commit that is not synced lies before the next one in the log, which syncs both.
    if (mayBeLost) db.exec('PRAGMA synchronous = NORMAL');
    db.run('BEGIN IMMEDIATE');
    try {
      const endings = prepared.map(({ id, operation, bodies }) => ({
        id,
        answer: perform(this.#context, operation, bodies),
      }));
      accounts.flush();
      blobs.flush();
      db.run('COMMIT');
      blobs.committed();
      this.commits += 1;
      if (!mayBeLost) this.syncs += 1;
      changes.push(...this.#context.changes);
      return endings;
    } catch (error) {
      this.#rollback();
      throw error;
    } finally {
      if (mayBeLost) db.exec('PRAGMA synchronous = FULL');
    }
  }

  #rollback(): void {
    const { db, accounts, sequences, blobs } = this.#context;
    // SQLite has rolled back by itself after some errors (disk full, I/O).
    if (db.raw.isTransaction) db.exec('ROLLBACK');
    accounts.forget();
    sequences.forget();
    blobs.rolledBack();
  }

  #oneByOne(prepared: readonly Prepared[], changes: PackedChange[]): Ending[] {
    return prepared.flatMap((task) => {
      try {
        return this.#commit([task], changes);
      } catch (error) {
        const trouble = machineTrouble(error);
        return [trouble === null ? failed(task, error) : ended(task, trouble)];
      }
    });
  }
}

/** Leases are void when the store is opened again, so a claim need not outlive a power cut. */
function isVoidAfterCrash({ name }: Operation): boolean {
  return name === 'claim' || name === 'renew';
}

function bodiesOf(operation: Operation): readonly PackedAcceptance[] {
  if (operation.name === 'accept') return [operation.take];
  return operation.name === 'settle' ? operation.take.notices : [];
}

function ended(task: Task, trouble: StoreUnavailable): Ending {
  const reason = trouble.reason === 'disk-full' ? 'disk-full' : 'io';
  const cause = trouble.cause instanceof Error ? trouble.cause.message : trouble.message;
  return { id: task.id, trouble: reason, cause };
}

function failed(task: Task, error: unknown): Ending {
  const fault = error instanceof Error ? error : new Error(String(error));
  return { id: task.id, fault: fault.message, stack: fault.stack ?? '' };
}
