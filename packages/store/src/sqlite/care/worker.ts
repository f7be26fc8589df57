/**
 * The care thread: what is slow and may stop neither the writer nor a protocol. Checkpoints
 * (PASSIVE, so that nobody waits for them), checks, copies of segments worth compacting, backups.
 */

import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import type { CheckProgress } from '../../contract.ts';
import { machineTrouble, openForWriting, type Database } from '../database.ts';
import { storePaths, type StorePaths } from '../segments/files.ts';
import { backup } from './backup.ts';
import { check } from './check.ts';
import { copyLiveRecords, sweepSpool } from './compact.ts';
import { readOldKeys } from './old-keys.ts';
import type { FromCare, Task, TaskName, Tasks, ToCare } from './tasks.ts';

export interface CareStart {
  readonly directory: string;
}

const checkpointEveryMs = 300;
const pageBytes = 4096;

class Care {
  readonly #paths: StorePaths;
  readonly #db: Database;
  readonly #port: MessagePort;
  #timer: NodeJS.Timeout | null = null;
  /** One task at a time: they read what another one may be moving. */
  #tasks: Promise<void> = Promise.resolve();

  constructor(start: CareStart, port: MessagePort) {
    this.#paths = storePaths(start.directory);
    this.#db = openForWriting(this.#paths.database);
    this.#port = port;
  }

  listen(): void {
    this.#port.on('message', (message: ToCare) => this.#take(message));
  }

  #take(message: ToCare): void {
    switch (message.kind) {
      case 'dirty':
        this.#timer ??= setTimeout(() => this.#checkpoint(), checkpointEveryMs);
        return;
      case 'task':
        this.#tasks = this.#tasks.then(() => this.#run(message.id, message.task));
        return;
      case 'close':
        void this.#tasks.then(() => this.#close());
        return;
      default:
        message satisfies never;
    }
  }

  #checkpoint(): void {
    this.#timer = null;
    let result: { busy: number; log: number; checkpointed: number } | undefined;
    try {
      result = this.#db.get('PRAGMA wal_checkpoint(PASSIVE)');
    } catch (error) {
      // On a full or failing disk everything stays in the log; it is tried again.
      if (machineTrouble(error) === null) throw error;
    }
    const log = result?.log ?? 0;
    const isComplete = result?.busy === 0 && result.checkpointed >= log;
    this.#say({ kind: 'checkpointed', logBytes: log * pageBytes, isComplete });
  }

  async #run(id: number, task: Task): Promise<void> {
    try {
      const answer = await this.#perform(task, (progress) =>
        this.#say({ kind: 'progress', id, progress }),
      );
      this.#say({ kind: 'done', id, answer });
    } catch (error) {
      this.#say({ kind: 'failed', id, error });
    }
  }

  async #perform(
    task: Task,
    onProgress: (progress: CheckProgress) => void,
  ): Promise<Tasks[TaskName]['give']> {
    switch (task.name) {
      case 'check':
        return check(this.#paths, { ...task.take, onProgress });
      case 'compact':
        return copyLiveRecords(this.#db, this.#paths, task.take);
      case 'backup':
        await backup(this.#paths, task.take.target);
        return null;
      case 'oldKeys':
        return readOldKeys(this.#db, task.take);
      case 'sweepSpool':
        sweepSpool(this.#paths, task.take.olderThanMs);
        return null;
      default:
        return task satisfies never;
    }
  }

  #close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#db.close();
    this.#port.close();
  }

  #say(message: FromCare): void {
    this.#port.postMessage(message);
  }
}

if (parentPort !== null) new Care(workerData as CareStart, parentPort).listen();
