/** The search thread: however much there is to look through, nobody else waits for it. */

import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { openForReading, type Database } from '../database.ts';
import { Bodies } from '../read/bodies.ts';
import { storePaths } from '../segments/files.ts';
import type { FromSearcher, SearchStart, ToSearcher } from './messages.ts';
import { prepareSearches, runSearch } from './run.ts';

class Searcher {
  readonly #db: Database;
  readonly #bodies: Bodies;
  readonly #port: MessagePort;
  /** Searches under way, and whether somebody still wants their answer. */
  readonly #running = new Map<number, { isWanted: boolean; readonly done: Promise<void> }>();

  constructor(start: SearchStart, port: MessagePort) {
    const paths = storePaths(start.directory);
    this.#db = openForReading(paths.database);
    this.#bodies = new Bodies(this.#db, paths, start.freshFrom);
    this.#port = port;
    prepareSearches(this.#db);
  }

  listen(): void {
    this.#port.on('message', (message: ToSearcher) => this.#take(message));
  }

  #take(message: ToSearcher): void {
    switch (message.kind) {
      case 'search':
        this.#running.set(message.id, { isWanted: true, done: this.#run(message) });
        return;
      case 'stop': {
        const search = this.#running.get(message.id);
        if (search !== undefined) search.isWanted = false;
        return;
      }
      case 'close':
        void this.#close();
        return;
      default:
        message satisfies never;
    }
  }

  async #run(ask: Extract<ToSearcher, { kind: 'search' }>): Promise<void> {
    const { id, account, query } = ask;
    const isWanted = () => this.#running.get(id)?.isWanted !== false;
    const run = { db: this.#db, bodies: this.#bodies, number: id, account, isWanted };
    try {
      for await (const found of runSearch(run, query)) {
        if (!isWanted()) break;
        this.#say({ kind: 'found', id, found });
      }
      this.#say({ kind: 'end', id });
    } catch (error) {
      this.#say({ kind: 'failed', id, error });
    }
    this.#running.delete(id);
  }

  async #close(): Promise<void> {
    for (const search of this.#running.values()) search.isWanted = false;
    await Promise.all([...this.#running.values()].map(({ done }) => done));
    this.#bodies.close();
    this.#db.close();
    this.#port.close();
  }

  #say(message: FromSearcher): void {
    this.#port.postMessage(message);
  }
}

if (parentPort !== null) new Searcher(workerData as SearchStart, parentPort).listen();
