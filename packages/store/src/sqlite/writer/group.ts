/**
 * Groups of operations: everything that has arrived is done at once and answered when durable.
 * What only stores messages is durable with its record in the redo log; its transaction stays open
 * for the next ones to join (docs/decisions/009-commits-shared.md). For everything else bodies are
 * on disk before the transaction begins, and nobody is answered before it has ended. An operation
 * that fails by our own fault takes nobody along: it is rolled back, and the others are done again.
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
import { freeBytes, type Reserve } from '../reserve.ts';
import type { RedoLog } from '../redo/log.ts';
import { noteApplied, noteFloor } from '../redo/marks.ts';
import { isRedoable, withoutOctets, writeOperations, type Placed } from '../redo/operations.ts';
import type { WriterContext } from './context.ts';
import type { Fence } from './fence.ts';
import { perform } from './perform.ts';
import type { NextNumbers } from './sequences.ts';

export interface Task {
  readonly id: number;
  readonly operation: Operation;
}

interface Results {
  readonly answers: (number | Answer)[];
  readonly failures: Failure[];
  readonly changes: PackedChange[];
}

type Prepared = Task & Placed;

/** What makes a group durable without a commit; text: the operations. */
interface Redo {
  readonly text: string;
  readonly octets: Uint8Array;
  readonly segment: number;
  readonly offset: number;
}

/**
 * Beyond this the segment is synced instead: writing so much twice costs more than one more sync.
 */
const redoOctetsMax = 128 * 1024;

/** Operations answered in one transaction before it is committed, whoever waits for it or not. */
const heldMax = 1000;

/** Free octets of the disk that the commit of so many is sure to find: some ten pages for each. */
const heldRoomBytesMin = 48 * 1024 * 1024;

interface Group {
  readonly prepared: readonly Prepared[];
  /** null: the group is durable by its own commit, or need not be. */
  readonly redo: Redo | null;
}

const nothing: Group = { prepared: [], redo: null };

export class GroupCommit {
  readonly #context: WriterContext;
  readonly #reserve: Reserve;
  readonly #redo: RedoLog;
  readonly #fence: Fence;
  /** Answered, and not committed yet: done again if the transaction they are in is lost. */
  readonly #held: Placed[] = [];
  /** Octets of the disk, as far as this group leaves them. */
  #free = 0;
  #isFull = true;
  commits = 0;
  operations = 0;
  syncs = 0;

  constructor(
    context: WriterContext,
    reserve: Reserve,
    log: { readonly redo: RedoLog; readonly fence: Fence },
  ) {
    this.#context = context;
    this.#reserve = reserve;
    this.#redo = log.redo;
    this.#fence = log.fence;
  }

  /** Is something answered that others do not see yet? */
  get isHolding(): boolean {
    return this.#held.length > 0;
  }

  run(tasks: readonly Task[]): Endings {
    const results: Results = { answers: [], failures: [], changes: [] };
    this.operations += tasks.length;
    const toDo = tasks.filter(({ operation }) => operation.name !== 'reveal');
    if (toDo.length > 0) this.#run(toDo, results);
    if (toDo.length < tasks.length) this.#reveal(tasks, results);
    if (this.#held.length >= heldMax) this.rest();
    return results;
  }

  #run(tasks: readonly Task[], results: Results): void {
    const { blobs } = this.#context;
    const group = this.#prepare(tasks, results);
    const { prepared } = group;
    if (prepared.length === 0) return;
    try {
      this.#do(group, results);
    } catch (error) {
      if (machineTrouble(error) !== null || prepared.length === 1) {
        blobs.abandonGroup();
        this.#fail(prepared, error, results);
        return;
      }
      this.#oneByOne(prepared, results);
    }
    blobs.endGroup();
  }

  #reveal(tasks: readonly Task[], results: Results): void {
    const asked = tasks.filter(({ operation }) => operation.name === 'reveal');
    try {
      this.commitHeld();
      for (const { id } of asked) results.answers.push(id, null);
    } catch (error) {
      this.#fail(asked, error, results);
    }
  }

  /** Writes the bodies. Whose body finds no room is out, the others go on. */
  #prepare(tasks: readonly Task[], results: Results): Group {
    const { blobs } = this.#context;
    const prepared: Prepared[] = [];
    try {
      blobs.beginGroup();
      this.#free = freeBytes(this.#reserve.directory);
    } catch (error) {
      this.#redo.keep();
      this.#fail(tasks, error, results);
      return nothing;
    }
    for (const task of tasks) {
      try {
        const wanted = bodiesOf(task.operation);
        // The index can wait: it must not take the room in which the service comes back.
        if (wanted.length > 0 || task.operation.name === 'index') this.#checkReserve();
        prepared.push({ ...task, bodies: wanted.map(({ body }) => blobs.place(body)) });
        for (const { body } of wanted) this.#free -= body.size;
      } catch (error) {
        this.#fail([task], error, results);
      }
    }
    try {
      return { prepared, redo: this.#writeBodies(prepared) };
    } catch (error) {
      // After a failed sync nobody knows what is on disk: that file is never trusted again.
      this.#redo.keep();
      blobs.abandonSegment();
      this.#fail(prepared, error, results);
      return nothing;
    }
  }

  /** They are on disk afterwards, or in what the redo log is to get. */
  #writeBodies(prepared: readonly Prepared[]): Redo | null {
    const { blobs } = this.#context;
    const text = redoText(prepared, this.#context.sequences.next);
    const { added } = blobs;
    const octets = added === null || added.octets.length > redoOctetsMax ? none : added.octets;
    if (text === null || !this.#mayHold() || !this.#redo.hasRoom(text.length, octets.length)) {
      blobs.sync();
      return null;
    }
    if (added?.octets === octets) blobs.write();
    else blobs.sync();
    return { text, octets, segment: added?.segment ?? 0, offset: added?.offset ?? 0 };
  }

  /** What is answered must be readable too: nothing waits for a commit that may find no room. */
  #mayHold(): boolean {
    return this.#free >= heldRoomBytesMin;
  }

  #fail(tasks: readonly Task[], error: unknown, results: Results): void {
    const trouble = machineTrouble(error);
    for (const task of tasks) {
      results.failures.push(trouble === null ? failed(task, error) : ended(task, trouble));
    }
  }

  #checkReserve(): void {
    if (this.#free < this.#reserve.bytes) throw new StoreUnavailable('disk-full');
  }

  #do(group: Group, results: Results): void {
    const { prepared, redo } = group;
    if (redo !== null || prepared.every(({ operation }) => isForHolding(operation))) {
      this.#hold(group, results);
    } else {
      this.commitHeld();
      this.#commit(prepared, results);
    }
  }

  /** Into the open transaction. Nothing can fail any more once the log has it. */
  #hold({ prepared, redo }: Group, results: Results): void {
    try {
      this.#begin();
      const answers = this.#performAll(prepared);
      if (redo !== null && !isIdle(prepared, answers)) this.#redo.append(redo);
      for (const { operation, bodies } of prepared) {
        const kept = isRedoable(operation) ? withoutOctets(operation) : operation;
        this.#held.push({ operation: kept, bodies });
      }
      this.#fence.goAhead();
      results.answers.push(...answers);
      results.changes.push(...this.#context.changes);
    } catch (error) {
      this.#rollback();
      throw error;
    }
  }

  /** A transaction in which everything is done that was answered before. */
  #begin(): void {
    const { db, sequences, changes } = this.#context;
    if (db.raw.isTransaction) return;
    this.#setSync(false);
    db.run('BEGIN IMMEDIATE');
    sequences.begun();
    for (const { operation, bodies } of this.#held) perform(this.#context, operation, bodies);
    changes.length = 0;
  }

  #performAll(prepared: readonly Prepared[]): (number | Answer)[] {
    this.#context.changes.length = 0;
    const answers: (number | Answer)[] = [];
    for (const { id, operation, bodies } of prepared) {
      answers.push(id, perform(this.#context, operation, bodies));
    }
    return answers;
  }

  /** Everything answered can be read afterwards. It throws what the machine has against it. */
  commitHeld(): void {
    if (this.#held.length === 0) return;
    try {
      this.#begin();
      noteApplied(this.#context.db, this.#redo.number);
      this.#end();
    } catch (error) {
      this.#rollback();
      throw error;
    }
    this.#held.length = 0;
    this.#fence.committed();
  }

  /** Nobody waits for it: what cannot be committed stays in the log, for the next time. */
  rest(): void {
    try {
      this.commitHeld();
    } catch (error) {
      if (machineTrouble(error) === null) throw error;
    }
  }

  #commit(prepared: readonly Prepared[], results: Results): void {
    const { db, sequences } = this.#context;
    const isSynced = !prepared.every(({ operation }) => isVoidAfterCrash(operation));
    this.#setSync(isSynced);
    db.run('BEGIN IMMEDIATE');
    sequences.begun();
    try {
      const answers = this.#performAll(prepared);
      if (isSynced) this.noteFloor();
      this.#end();
      if (isSynced) {
        this.syncs += 1;
        this.#redo.reset();
      }
      this.#fence.committed();
      results.answers.push(...answers);
      results.changes.push(...this.#context.changes);
    } catch (error) {
      this.#rollback();
      throw error;
    }
  }

  #end(): void {
    const { db, accounts, blobs } = this.#context;
    accounts.flush();
    blobs.flush();
    db.run('COMMIT');
    blobs.committed();
    this.commits += 1;
  }

  /** Whether the next commit is synced. One that is not is, by the next one that is. */
  #setSync(isFull: boolean): void {
    if (isFull === this.#isFull) return;
    this.#context.db.exec(`PRAGMA synchronous = ${isFull ? 'FULL' : 'NORMAL'}`);
    this.#isFull = isFull;
  }

  /** Outside of a transaction, before the last one. */
  close(): void {
    this.commitHeld();
    this.#setSync(true);
  }

  /** Part of a transaction that is synced: nothing need be done again up to here. */
  noteFloor(): void {
    if (this.#redo.isAhead) noteFloor(this.#context.db, this.#redo.number);
  }

  #rollback(): void {
    const { db, accounts, sequences, blobs } = this.#context;
    // SQLite has rolled back by itself after some errors (disk full, I/O).
    if (db.raw.isTransaction) db.exec('ROLLBACK');
    accounts.forget();
    sequences.rolledBack();
    blobs.rolledBack();
  }

  #oneByOne(prepared: readonly Prepared[], results: Results): void {
    try {
      this.#context.blobs.sync();
      this.commitHeld();
    } catch (error) {
      this.#redo.keep();
      this.#context.blobs.abandonSegment();
      this.#fail(prepared, error, results);
      return;
    }
    for (const task of prepared) {
      try {
        this.#commit([task], results);
      } catch (error) {
        this.#fail([task], error, results);
      }
    }
  }
}

const none = new Uint8Array(0);

/** What the log is to keep of them; null: it cannot keep all that must not be lost. */
function redoText(prepared: readonly Prepared[], next: NextNumbers): string | null {
  const kept = prepared.flatMap(({ operation, bodies }) =>
    isRedoable(operation) ? [{ operation: withoutOctets(operation), bodies }] : [],
  );
  if (kept.length === 0) return null;
  const isWhole = prepared.every(
    ({ operation }) => isRedoable(operation) || isForHolding(operation),
  );
  return isWhole ? writeOperations(kept, next) : null;
}

/** Void after a crash, and soon done. */
function isForHolding({ name }: Operation): boolean {
  return name === 'renew';
}

/** Claims that found nothing. */
function isIdle(prepared: readonly Prepared[], answers: readonly (number | Answer)[]): boolean {
  return prepared.every(({ operation }, index) => {
    const answer = answers[2 * index + 1];
    return operation.name === 'claim' && Array.isArray(answer) && answer.length === 0;
  });
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
