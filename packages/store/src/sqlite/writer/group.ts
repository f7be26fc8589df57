/**
 * Group commit: everything that has arrived becomes one transaction. Bodies are on disk before it
 * begins; nobody is answered before it has ended. An operation that fails by our own fault takes
 * nobody along: the group is rolled back and tried again one by one.
 */

import { StoreUnavailable } from '../../contract.ts';
import { machineTrouble } from '../database.ts';
import type {
  Answer,
  Endings,
  Failure,
  Operation,
  PackedBody,
  PackedChange,
} from '../operations.ts';
import { hasReserve, type Reserve } from '../reserve.ts';
import type { PlacedBody } from './blobs.ts';
import type { WriterContext } from './context.ts';
import { perform } from './perform.ts';

export interface Task {
  readonly id: number;
  readonly operation: Operation;
}

interface Results {
  readonly answers: (number | Answer)[];
  readonly failures: Failure[];
  readonly changes: PackedChange[];
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

  run(tasks: readonly Task[]): Endings {
    const { blobs } = this.#context;
    const results: Results = { answers: [], failures: [], changes: [] };
    this.operations += tasks.length;
    const prepared = this.#prepare(tasks, results);
    if (prepared.length === 0) return results;
    try {
      this.#commit(prepared, results);
    } catch (error) {
      if (machineTrouble(error) !== null || prepared.length === 1) {
        blobs.abandonGroup();
        this.#fail(prepared, error, results);
        return results;
      }
      this.#oneByOne(prepared, results);
    }
    blobs.endGroup();
    return results;
  }

  /** Writes and syncs the bodies. Whose body finds no room is out, the others go on. */
  #prepare(tasks: readonly Task[], results: Results): Prepared[] {
    const { blobs } = this.#context;
    const prepared: Prepared[] = [];
    try {
      blobs.beginGroup();
    } catch (error) {
      this.#fail(tasks, error, results);
      return [];
    }
    for (const task of tasks) {
      try {
        const wanted = bodiesOf(task.operation);
        if (wanted.length > 0) this.#checkReserve();
        prepared.push({ ...task, bodies: wanted.map(({ body }) => blobs.place(body)) });
      } catch (error) {
        this.#fail([task], error, results);
      }
    }
    try {
      blobs.sync();
      return prepared;
    } catch (error) {
      // After a failed sync nobody knows what is on disk: that file is never trusted again.
      blobs.abandonSegment();
      this.#fail(prepared, error, results);
      return [];
    }
  }

  #fail(tasks: readonly Task[], error: unknown, results: Results): void {
    const trouble = machineTrouble(error);
    for (const task of tasks) {
      results.failures.push(trouble === null ? failed(task, error) : ended(task, trouble));
    }
  }

  #checkReserve(): void {
    if (!hasReserve(this.#reserve)) throw new StoreUnavailable('disk-full');
  }

  #commit(prepared: readonly Prepared[], results: Results): void {
    const { db, accounts, blobs } = this.#context;
    this.#context.changes.length = 0;
    const mayBeLost = prepared.every(({ operation }) => isVoidAfterCrash(operation));
    // A commit that is not synced lies before the next one in the log, which syncs both.
    if (mayBeLost) db.exec('PRAGMA synchronous = NORMAL');
    db.run('BEGIN IMMEDIATE');
    try {
      const answers: (number | Answer)[] = [];
      for (const { id, operation, bodies } of prepared) {
        answers.push(id, perform(this.#context, operation, bodies));
      }
      accounts.flush();
      blobs.flush();
      db.run('COMMIT');
      blobs.committed();
      this.commits += 1;
      if (!mayBeLost) this.syncs += 1;
      results.answers.push(...answers);
      results.changes.push(...this.#context.changes);
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

  #oneByOne(prepared: readonly Prepared[], results: Results): void {
    for (const task of prepared) {
      try {
        this.#commit([task], results);
      } catch (error) {
        this.#fail([task], error, results);
      }
    }
  }
}

/**
 * Leases are void when the store is opened again, so a claim need not outlive a power cut; what was
 * indexed is indexed again.
 */
function isVoidAfterCrash({ name }: Operation): boolean {
  return name === 'claim' || name === 'renew' || name === 'index';
}

function bodiesOf(operation: Operation): readonly { readonly body: PackedBody }[] {
  if (operation.name === 'accept') return [operation.take];
  if (operation.name === 'append') return operation.take.messages;
  return operation.name === 'settle' ? operation.take.notices : [];
}

function ended(task: Task, trouble: StoreUnavailable): Failure {
  const reason = trouble.reason === 'disk-full' ? 'disk-full' : 'io';
  const cause = trouble.cause instanceof Error ? trouble.cause.message : trouble.message;
  return { id: task.id, trouble: reason, cause };
}

function failed(task: Task, error: unknown): Failure {
  const fault = error instanceof Error ? error : new Error(String(error));
  return { id: task.id, fault: fault.message, stack: fault.stack ?? '' };
}
