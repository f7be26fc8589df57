/**
 * The indexer thread: reads what was stored, once, and hands the entries to the writer, which takes
 * them when nobody else wants anything. It runs below the others and has no state of its own:
 * killed at any moment, it goes on from the mark in the database.
 */

import { constants, setPriority } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { CorruptBlob, StoreUnavailable } from '../../contract.ts';
import type { AccountId, ContentId } from '../../ids.ts';
import { machineTrouble, openForReading, type Database } from '../database.ts';
import type { Failure, FromWriter, ToWriter } from '../operations.ts';
import { Bodies } from '../read/bodies.ts';
import { findContent } from '../read/mailboxes.ts';
import { storePaths } from '../segments/files.ts';
import { accountsBehind, readBacklog } from './backlog.ts';
import { entryCrc, readEntry } from './entry.ts';
import type { FromIndexer, IndexStart, ToIndexer } from './messages.ts';
import { Patience } from './patience.ts';
import type { IndexBatch, PackedEntry } from './write.ts';

/** One batch is some milliseconds of the writer's time. */
const contentsMax = 16;
const textBytesMax = 96 * 1024;
/** A full or failing disk. */
const troublePauseMs = 2000;

class Indexer {
  readonly #db: Database;
  readonly #bodies: Bodies;
  readonly #writer: MessagePort;
  readonly #parent: MessagePort;
  readonly #behind = new Set<AccountId>();
  readonly #waiting = new Map<AccountId, number[]>();
  #answer: PromiseWithResolvers<Failure | null> | null = null;
  readonly #patience = new Patience();
  #timer: NodeJS.Timeout | null = null;
  #isRunning = false;
  #isClosing = false;

  constructor(start: IndexStart, parent: MessagePort) {
    const paths = storePaths(start.directory);
    this.#db = openForReading(paths.database);
    this.#bodies = new Bodies(this.#db, paths, start.freshFrom);
    this.#writer = start.writer;
    this.#parent = parent;
  }

  start(): void {
    this.#writer.on('message', (message: FromWriter) => this.#hear(message));
    // A writer that has gone answers nothing any more, and takes nothing.
    this.#writer.on('close', () => {
      this.#isClosing = true;
      this.#answer?.resolve(null);
      void this.#run();
    });
    this.#writer.postMessage({ kind: 'hear-stored' } satisfies ToWriter);
    this.#parent.on('message', (message: ToIndexer) => this.#take(message));
    this.#look();
  }

  #take(message: ToIndexer): void {
    switch (message.kind) {
      case 'await':
        this.#waiting.set(message.account, [
          ...(this.#waiting.get(message.account) ?? []),
          message.id,
        ]);
        void this.#run();
        return;
      case 'look':
        this.#look();
        return;
      case 'close':
        this.#isClosing = true;
        void this.#run();
        return;
      default:
        message satisfies never;
    }
  }

  #hear(message: FromWriter): void {
    if (message.kind === 'stored') {
      this.#patience.stored(performance.now());
      this.#plan();
    } else if (message.kind === 'endings') {
      if (message.answers.length === 0 && message.failures.length === 0) return;
      this.#answer?.resolve(message.failures[0] ?? null);
    }
  }

  /** There may be something anywhere. */
  #look(): void {
    this.#patience.stored(performance.now());
    this.#plan();
  }

  /** Begins when it is time, by the patience of those who do not ask. */
  #plan(): void {
    if (this.#timer !== null || this.#isRunning || this.#isClosing) return;
    const waitMs = this.#patience.waitMs(performance.now());
    if (waitMs === null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      if (this.#patience.waitMs(performance.now()) !== 0) {
        this.#plan();
        return;
      }
      for (const account of accountsBehind(this.#db)) this.#behind.add(account);
      this.#patience.done();
      void this.#run();
    }, waitMs);
    this.#timer.unref();
  }

  /** Those whom somebody waits for come first. */
  #next(): AccountId | undefined {
    const [asked] = this.#waiting.keys();
    const [any] = this.#behind;
    return asked ?? any;
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    while (!this.#isClosing) {
      const account = this.#next();
      if (account === undefined) break;
      this.#behind.delete(account);
      // To the end of the line: one account with much mail does not keep the others waiting.
      if (await this.#step(account)) this.#behind.add(account);
      else this.#settle(account);
    }
    // Once closed it stays so: what the writer says late begins nothing.
    if (this.#isClosing) {
      this.#close();
      return;
    }
    this.#isRunning = false;
    this.#plan();
  }

  /** Answers whether something may be left. */
  async #step(account: AccountId): Promise<boolean> {
    try {
      const backlog = readBacklog(this.#db, account, contentsMax);
      if (backlog.contents.length === 0) return false;
      await this.#write(await this.#read(account, backlog));
      this.#say({ kind: 'wrote' });
    } catch (error) {
      const trouble = machineTrouble(error);
      if (trouble === null) this.#say({ kind: 'fault', error });
      await sleep(troublePauseMs, undefined, { ref: false });
    }
    return true;
  }

  /** As many entries as make a batch, and the mark behind the last of them. */
  async #read(account: AccountId, backlog: ReturnType<typeof readBacklog>): Promise<IndexBatch> {
    const { from } = backlog.mark;
    const entries: PackedEntry[] = [];
    let bytes = 0;
    let to = from;
    for (const content of backlog.contents) {
      if (bytes > textBytesMax || this.#isClosing) break;
      const entry = await this.#readOne(account, content);
      if (entry !== null) entries.push(entry);
      bytes += entry?.columns?.text_body.length ?? 0;
      if (content >= from) to = content + 1;
    }
    return { account, entries, mark: { from, to } };
  }

  /** null: expunged meanwhile. */
  async #readOne(account: AccountId, content: ContentId): Promise<PackedEntry | null> {
    try {
      const row = findContent(this.#db, account, content);
      if (row === null) return null;
      const body = this.#bodies.find(row);
      if (body === null) return damaged(content);
      const { columns, threadRefs, isWhole } = await readEntry(body);
      return { content, why: isWhole ? null : 'long', columns, crc: entryCrc(columns), threadRefs };
    } catch (error) {
      if (!(error instanceof CorruptBlob)) {
        if (machineTrouble(error) !== null) throw error;
        this.#say({ kind: 'fault', error });
      }
      return damaged(content);
    }
  }

  /** What the writer cannot take is noted as damaged: it must not come again for ever. */
  async #write(batch: IndexBatch): Promise<void> {
    if (await this.#isTaken(batch)) return;
    const { account, mark } = batch;
    const stay = { from: mark.from, to: mark.from };
    for (const entry of batch.entries) {
      if (await this.#isTaken({ account, entries: [entry], mark: stay })) continue;
      await this.#isTaken({ account, entries: [damaged(entry.content)], mark: stay });
    }
    await this.#isTaken({ account, entries: [], mark });
  }

  /** false: by our own fault. Throws `StoreUnavailable`. */
  async #isTaken(batch: IndexBatch): Promise<boolean> {
    const failure = await this.#perform(batch);
    if (failure === null) return true;
    if ('trouble' in failure) throw new StoreUnavailable(failure.trouble, failure.cause);
    this.#say({ kind: 'fault', error: new Error(failure.fault) });
    return false;
  }

  #perform(batch: IndexBatch): Promise<Failure | null> {
    this.#answer = Promise.withResolvers();
    const operations = [{ id: 1, operation: { name: 'index', take: batch } as const }];
    this.#writer.postMessage({ kind: 'operations', operations } satisfies ToWriter);
    return this.#answer.promise;
  }

  #settle(account: AccountId): void {
    for (const id of this.#waiting.get(account) ?? []) this.#say({ kind: 'indexed', id });
    this.#waiting.delete(account);
  }

  #say(message: FromIndexer): void {
    this.#parent.postMessage(message);
  }

  #close(): void {
    this.#bodies.close();
    this.#db.close();
    this.#writer.close();
    this.#parent.close();
  }
}

function damaged(content: number): PackedEntry {
  return { content, why: 'damaged', columns: null, crc: 0, threadRefs: [] };
}

/** Linux has priorities of threads; elsewhere it would be that of the whole process. */
function stepBack(): void {
  if (process.platform === 'linux') setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
}

if (parentPort !== null) {
  stepBack();
  new Indexer(workerData as IndexStart, parentPort).start();
}
