/** The search thread: however much there is to look through, nobody else waits for it. */

import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { SearchTooBig } from '../../search.ts';
import { openForReading, type Database } from '../database.ts';
import { Bodies } from '../read/bodies.ts';
import { storePaths } from '../segments/files.ts';
import { ColumnCache } from './columns.ts';
import type { FromSearcher, SearchStart, ToSearcher } from './messages.ts';
import { prepareSearches, runSearch } from './run.ts';
import type { SearchRun } from './search-run.ts';
import { runThreads } from './threads.ts';

class Searcher {
  readonly #db: Database;
  readonly #bodies: Bodies;
  readonly #columns: ColumnCache;
  readonly #port: MessagePort;
  /** Searches under way, and whether somebody still wants their answer. */
  readonly #running = new Map<number, { isWanted: boolean; readonly done: Promise<void> }>();

  constructor(start: SearchStart, port: MessagePort) {
    const paths = storePaths(start.directory);
    this.#db = openForReading(paths.database);
    this.#bodies = new Bodies(this.#db, paths, start.freshFrom);
    this.#columns = new ColumnCache(this.#db);
    this.#port = port;
    prepareSearches(this.#db);
  }

  listen(): void {
    this.#port.on('message', (message: ToSearcher) => this.#take(message));
  }

  #take(message: ToSearcher): void {
    switch (message.kind) {
      case 'search':
      case 'threads':
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

  async #run(ask: Extract<ToSearcher, { kind: 'search' | 'threads' }>): Promise<void> {
    const { id, account } = ask;
    const isWanted = () => this.#running.get(id)?.isWanted !== false;
    const [db, bodies, columns] = [this.#db, this.#bodies, this.#columns];
    const run = { db, bodies, columns, number: id, account, isWanted };
    try {
      if (ask.kind === 'search') await this.#search(run, ask);
      else this.#say({ kind: 'threads', id, packed: await runThreads(run, ask.query) });
      this.#say({ kind: 'end', id });
    } catch (error) {
      const isTooBig = error instanceof SearchTooBig;
      this.#say({ kind: 'failed', id, error: isTooBig ? null : error });
    }
    this.#running.delete(id);
  }

  async #search(run: SearchRun, { id, query }: Extract<ToSearcher, { kind: 'search' }>) {
    for await (const found of runSearch(run, query)) {
      if (!run.isWanted()) break;
      this.#say({ kind: 'found', id, found });
    }
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
