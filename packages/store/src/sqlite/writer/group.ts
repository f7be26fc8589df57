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
import type { RedoLog } from '../redo/log.ts';
import { noteApplied, noteFloor } from '../redo/marks.ts';
import { isRedoable, writeOperations } from '../redo/operations.ts';
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

/** For the redo log, which then makes the group durable. */
interface Redo {
  readonly text: string;
  readonly octets: Uint8Array;
  readonly segment: number;
  readonly offset: number;
}

/**
 * Writing everything twice pays while there is little of it: a large group shares its two syncs
 * among many, and a large body costs more to write than a sync.
 */
const redoOperationsMax = 16;
const redoOctetsMax = 32 * 1024;

interface Group {
  readonly prepared: readonly Prepared[];
  /** null: the commit is synced. */
  readonly redo: Redo | null;
}

export class GroupCommit {
  readonly #context: WriterContext;
  readonly #reserve: Reserve;
  readonly #redo: RedoLog;
  #isFull = true;
  commits = 0;
  operations = 0;
  syncs = 0;

  constructor(context: WriterContext, reserve: Reserve, redo: RedoLog) {
    this.#context = context;
    this.#reserve = reserve;
    this.#redo = redo;
  }

  run(tasks: readonly Task[]): Endings {
    const { blobs } = this.#context;
    const results: Results = { answers: [], failures: [], changes: [] };
    this.operations += tasks.length;
    const group = this.#prepare(tasks, results);
    const { prepared } = group;
    if (prepared.length === 0) return results;
    try {
      this.#commit(group, results);
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
  #prepare(tasks: readonly Task[], results: Results): Group {
    const { blobs } = this.#context;
    const prepared: Prepared[] = [];
    try {
      blobs.beginGroup();
    } catch (error) {
      this.#redo.keep();
      this.#fail(tasks, error, results);
      return { prepared: [], redo: null };
    }
    for (const task of tasks) {
      try {
        const wanted = bodiesOf(task.operation);
        // The index can wait: it must not take the room in which the service comes back.
        if (wanted.length > 0 || task.operation.name === 'index') this.#checkReserve();
        prepared.push({ ...task, bodies: wanted.map(({ body }) => blobs.place(body)) });
      } catch (error) {
        this.#fail([task], error, results);
      }
    }
    try {
      const redo = this.#redoOf(prepared);
      if (redo === null) blobs.sync();
      else blobs.write();
      return { prepared, redo };
    } catch (error) {
      // After a failed sync nobody knows what is on disk: that file is never trusted again.
      this.#redo.keep();
      blobs.abandonSegment();
      this.#fail(prepared, error, results);
      return { prepared: [], redo: null };
    }
  }

  /** What the log would have to keep; null: the group needs more, or does not fit. */
  #redoOf(prepared: readonly Prepared[]): Redo | null {
    if (prepared.length === 0 || prepared.length > redoOperationsMax) return null;
    if (!prepared.every((each) => isRedoable(each.operation))) return null;
    const { added } = this.#context.blobs;
    if (added === null || added.octets.length > redoOctetsMax) return null;
    const text = writeOperations(prepared);
    if (!this.#redo.hasRoom(text.length, added.octets.length)) return null;
    return { ...added, text };
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

  /** Outside of a transaction. A commit that is not synced is, by the next one that is. */
  sync(isFull: boolean): void {
    if (isFull === this.#isFull) return;
    this.#context.db.exec(`PRAGMA synchronous = ${isFull ? 'FULL' : 'NORMAL'}`);
    this.#isFull = isFull;
  }

  /** Part of a transaction that is synced: nothing need be done again up to here. */
  noteFloor(): void {
    if (this.#redo.isAhead) noteFloor(this.#context.db, this.#redo.number);
  }

  #commit({ prepared, redo }: Group, results: Results): void {
    const { db, accounts, blobs } = this.#context;
    this.#context.changes.length = 0;
    const mayBeLost = prepared.every(({ operation }) => isVoidAfterCrash(operation));
    const isSynced = !mayBeLost && redo === null;
    const redoEnd = this.#redo.end;
    this.sync(isSynced);
    db.run('BEGIN IMMEDIATE');
    try {
      const answers: (number | Answer)[] = [];
      for (const { id, operation, bodies } of prepared) {
        answers.push(id, perform(this.#context, operation, bodies));
      }
      accounts.flush();
      blobs.flush();
      if (isSynced) this.noteFloor();
      if (redo !== null) {
        noteApplied(db, this.#redo.number + 1);
        this.#redo.append(redo);
      }
      db.run('COMMIT');
      blobs.committed();
      this.commits += 1;
      if (isSynced) {
        this.syncs += 1;
        this.#redo.reset();
      }
      results.answers.push(...answers);
      results.changes.push(...this.#context.changes);
    } catch (error) {
      this.#rollback();
      if (this.#redo.end > redoEnd) this.#redo.takeBack(redoEnd);
      throw error;
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
    try {
      this.#context.blobs.sync();
    } catch (error) {
      this.#redo.keep();
      this.#context.blobs.abandonSegment();
      this.#fail(prepared, error, results);
      return;
    }
    for (const task of prepared) {
      try {
        this.#commit({ prepared: [task], redo: null }, results);
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
