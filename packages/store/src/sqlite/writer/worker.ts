/**
 * The writer thread: owns the write connection and the segments. It takes operations from any
 * number of ports, commits what has arrived as one group without waiting for more, and answers each
 * port once per group.
 */

import {
  MessagePort,
  parentPort,
  receiveMessageOnPort,
  workerData,
  type MessagePort as Port,
} from 'node:worker_threads';
import { openForWriting } from '../database.ts';
import { IndexTurn } from '../index/turn.ts';
import {
  hears,
  type Hears,
  type Answer,
  type Endings,
  type Failure,
  type FromWriter,
  type ToWriter,
  type WriterStart,
  type WriterStats,
} from '../operations.ts';
import { RedoLog, readRedo } from '../redo/log.ts';
import { beginEpoch, readMarks } from '../redo/marks.ts';
import { readOperations } from '../redo/operations.ts';
import { SegmentAppender } from '../segments/append.ts';
import { storePaths, type StorePaths } from '../segments/files.ts';
import { Blobs } from './blobs.ts';
import { createContext } from './context.ts';
import { Fence } from './fence.ts';
import { GroupCommit, type Task } from './group.ts';
import { perform } from './perform.ts';
import { voidLeases } from './queue.ts';
import { nextRemoval, noteRemoval } from './removals.ts';

/** Operations of one transaction: beyond this a group gains nothing and the first one waits. */
const groupMax = 128;
/** The indexer hears of new mail at most so often. */
const tellStoredMs = 500;
/** After a failed step (a full disk) of taking an account apart. */
const removalPauseMs = 1000;
/** How long an answered message waits for others to share its commit with, if nobody asks. */
const restMs = 50;
/** What one port hears of a group. */
interface Own {
  readonly answers: (number | Answer)[];
  readonly failures: Failure[];
}

class Writer {
  readonly #db;
  readonly #blobs: Blobs;
  readonly #context;
  readonly #redo: RedoLog;
  readonly #group: GroupCommit;
  readonly #ports = new Map<Port, Hears>();
  readonly #tasks: (Task & { readonly port: Port | null })[] = [];
  /** What waits for the others. */
  readonly #indexTasks: (Task & { readonly port: Port; readonly sinceMs: number })[] = [];
  #indexer: Port | null = null;
  readonly #turn = new IndexTurn();
  #quietTimer: NodeJS.Timeout | null = null;
  #restTimer: NodeJS.Timeout | null = null;
  #toldStoredMs = Number.NEGATIVE_INFINITY;
  #isPumping = false;
  #isRemovalPlanned = false;
  #hasRemovalFailed = false;
  #closing: Port | null = null;

  constructor(start: WriterStart) {
    const paths = storePaths(start.directory);
    this.#db = openForWriting(paths.database);
    const appender = new SegmentAppender(paths, {
      id: start.openSegment,
      length: start.openLength,
      fullBytes: start.segmentBytesMax,
    });
    this.#blobs = new Blobs(this.#db, paths, { appender, nextSegment: start.nextSegment });
    this.#context = createContext(this.#db, paths, this.#blobs);
    const epoch = this.#catchUp(start, paths);
    this.#redo = new RedoLog(paths, epoch);
    const reserve = { directory: start.directory, bytes: start.reserveBytes };
    this.#group = new GroupCommit(this.#context, reserve, {
      redo: this.#redo,
      fence: new Fence(start.fence),
    });
    const removing = this.#db.all<{ account_id: number }>(
      'SELECT account_id FROM account WHERE removing = 1',
    );
    for (const row of removing) this.#context.removing.add(row.account_id);
    const mailboxes = this.#db.all<{ account_id: number; mailbox_id: number }>(
      'SELECT account_id, mailbox_id FROM removed_mailbox',
    );
    for (const row of mailboxes) noteRemoval(this.#context, row.account_id, row.mailbox_id);
  }

  /** What only the redo log knows is done again; all of it is on disk when this returns. */
  #catchUp(start: WriterStart, paths: StorePaths): number {
    const { accounts, changes } = this.#context;
    const marks = readMarks(this.#db);
    const records = marks === null ? [] : readRedo(paths, marks.epoch, marks.floor);
    this.#db.exec('BEGIN IMMEDIATE');
    for (const { number, text } of records) {
      if (marks === null || number <= marks.applied) continue;
      const { next, operations } = readOperations(text);
      this.#context.sequences.resume(next);
      for (const { operation, bodies } of operations) perform(this.#context, operation, bodies);
    }
    changes.length = 0;
    accounts.flush();
    this.#blobs.flush();
    voidLeases(this.#context, start.nowMs);
    const epoch = beginEpoch(this.#db);
    this.#db.exec('COMMIT');
    this.#blobs.committed();
    return epoch;
  }

  connect(port: Port): void {
    this.#ports.set(port, 'directory');
    port.on('message', (message: ToWriter) => {
      this.#take(port, message);
      this.#pump();
    });
    port.on('close', () => {
      this.#ports.delete(port);
      if (this.#indexer === port) this.#indexer = null;
    });
    this.#pump(); // an account may still wait to be taken apart
  }

  #take(port: Port, message: ToWriter): void {
    switch (message.kind) {
      case 'operations':
        for (const each of message.operations) this.#push({ ...each, port });
        return;
      case 'connect':
        if (message.port instanceof MessagePort) this.connect(message.port);
        return;
      case 'listen':
        this.#ports.set(port, message.to);
        return;
      case 'hear-stored':
        this.#indexer = port;
        return;
      case 'restart-wal':
        this.#restartWal();
        return;
      case 'stats':
        port.postMessage({
          kind: 'stats',
          id: message.id,
          stats: this.#stats(),
        } satisfies FromWriter);
        return;
      case 'close':
        this.#closing = port;
        return;
      default:
        message satisfies never;
    }
  }

  #push(task: Task & { readonly port: Port }): void {
    const sinceMs = performance.now();
    if (task.operation.name === 'index') {
      this.#indexTasks.push({ ...task, sinceMs });
      return;
    }
    this.#tasks.push(task);
  }

  /** Runs until nothing is left, taking in between what has arrived meanwhile. */
  #pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    for (;;) {
      this.#drainPorts();
      const tasks = this.#takeGroup();
      if (tasks.length === 0) break;
      const begunMs = performance.now();
      this.#runGroup(tasks);
      if (tasks[0]?.operation.name === 'index') continue;
      this.#turn.groupEnded(begunMs, performance.now());
    }
    this.#isPumping = false;
    if (this.#closing !== null) {
      this.#close(this.#closing);
      return;
    }
    this.#goOnRemoving();
    this.#restSoon();
  }

  /** What was answered becomes visible before long, also when nobody asks for it. */
  #restSoon(): void {
    if (!this.#group.isHolding) return;
    this.#restTimer ??= setTimeout(() => {
      this.#restTimer = null;
      this.#group.rest();
      this.#restSoon();
    }, restMs);
  }

  /** A repair has a group of its own: it changes what others have in memory. */
  #takeGroup(): (Task & { readonly port: Port | null })[] {
    const [patient] = this.#indexTasks;
    if (patient !== undefined && this.#isTimeFor(patient)) {
      this.#indexTasks.shift();
      return [patient];
    }
    const index = this.#tasks.findIndex(({ operation }) => operation.name === 'repair');
    return this.#tasks.splice(0, index < 0 ? groupMax : Math.max(1, Math.min(index, groupMax)));
  }

  #isTimeFor(patient: { readonly sinceMs: number }): boolean {
    const nowMs = performance.now();
    if (this.#tasks.length > 0) return this.#turn.isDue(patient.sinceMs, nowMs);
    const waitMs = this.#turn.waitMs(patient.sinceMs, nowMs);
    if (waitMs === 0) return true;
    this.#quietTimer ??= setTimeout(() => {
      this.#quietTimer = null;
      if (this.#db.raw.isOpen) this.#pump();
    }, waitMs);
    return false;
  }

  #drainPorts(): void {
    for (const port of this.#ports.keys()) {
      while (this.#tasks.length < groupMax) {
        const received: { message: ToWriter } | undefined = receiveMessageOnPort(port);
        if (received === undefined) break;
        this.#take(port, received.message);
      }
    }
  }

  #runGroup(tasks: readonly (Task & { readonly port: Port | null })[]): void {
    // Each port counts its own operations: within the group they go by their place.
    const numbered = tasks.map(({ operation }, index) => ({ id: index, operation }));
    const { answers, failures, changes } = this.#group.run(numbered);
    this.#hasRemovalFailed = false;
    const byPort = new Map<Port, Own>();
    const ownOf = (port: Port): Own => {
      const own = byPort.get(port) ?? { answers: [], failures: [] };
      byPort.set(port, own);
      return own;
    };
    for (let index = 0; index < answers.length; index += 2) {
      const task = tasks[answers[index] as number];
      if (task === undefined || task.port === null) continue;
      ownOf(task.port).answers.push(task.id, answers[index + 1] as Answer);
    }
    for (const failure of failures) {
      const task = tasks[failure.id];
      if (task === undefined) continue;
      if (task.port === null) this.#hasRemovalFailed = true;
      else ownOf(task.port).failures.push({ ...failure, id: task.id });
    }
    if (this.#indexer !== null) this.#tellStored(this.#indexer, changes);
    // Who only hears comes first: when somebody is answered, the news are with all the others.
    for (const port of this.#ports.keys()) if (!byPort.has(port)) this.#tell(port, null, changes);
    for (const [port, own] of byPort) this.#tell(port, own, changes);
  }

  /** Who keeps parts of the directory in memory must forget them, even if he hears nothing else. */
  #tell(port: Port, own: Own | null, changes: Endings['changes']): void {
    const what = this.#ports.get(port) ?? 'directory';
    const heard = what === 'all' ? changes : changes.filter((change) => hears(what, change));
    if (own === null && heard.length === 0) return;
    const message = { kind: 'endings', answers: [], failures: [], ...own, changes: heard } as const;
    port.postMessage(message satisfies FromWriter);
  }

  /** Now and then: it looks for itself where there is something new. */
  #tellStored(indexer: Port, changes: Endings['changes']): void {
    const nowMs = performance.now();
    if (nowMs < this.#toldStoredMs + tellStoredMs) return;
    if (!changes.some((change) => change.kind === 'message-added')) return;
    this.#toldStoredMs = nowMs;
    indexer.postMessage({ kind: 'stored' } satisfies FromWriter);
  }

  /** One slice at a time, and only when nobody waits. */
  #goOnRemoving(): void {
    if (this.#isRemovalPlanned || nextRemoval(this.#context) === null) return;
    this.#isRemovalPlanned = true;
    const go = () => {
      this.#isRemovalPlanned = false;
      if (!this.#db.raw.isOpen) return;
      const operation = nextRemoval(this.#context);
      if (operation === null) return;
      this.#tasks.push({ id: 0, port: null, operation });
      this.#pump();
    };
    if (this.#hasRemovalFailed) setTimeout(go, removalPauseMs).unref();
    else setImmediate(go);
  }

  /**
   * The log is long: from here on it is written from its beginning again, if no reader is in the
   * way.
   */
  #restartWal(): void {
    this.#group.rest();
    if (this.#group.isHolding) return;
    this.#db.exec('PRAGMA busy_timeout = 0; PRAGMA wal_checkpoint(RESTART);');
    this.#db.exec('PRAGMA busy_timeout = 5000');
  }

  #stats(): WriterStats {
    const { commits, operations, syncs } = this.#group;
    return { commits, operations, syncs: syncs + this.#blobs.syncs + this.#redo.syncs };
  }

  #close(port: Port): void {
    this.#closing = null;
    if (this.#quietTimer !== null) clearTimeout(this.#quietTimer);
    if (this.#restTimer !== null) clearTimeout(this.#restTimer);
    try {
      this.#blobs.sync();
      this.#group.close();
      this.#db.exec('BEGIN IMMEDIATE');
      this.#context.sequences.settle();
      this.#blobs.noteSegments();
      this.#blobs.flush();
      this.#group.noteFloor();
      this.#db.exec('COMMIT');
      this.#blobs.close();
      this.#redo.close();
    } finally {
      this.#db.close();
      port.postMessage({ kind: 'closed' } satisfies FromWriter);
      for (const each of this.#ports.keys()) each.close();
    }
  }
}

if (parentPort !== null) {
  new Writer(workerData as WriterStart).connect(parentPort);
  parentPort.postMessage({ kind: 'ready' } satisfies FromWriter);
}
