/** The calling thread's end of the search thread, which is started with the first search. */

import { Worker } from 'node:worker_threads';
import { StoreUnavailable } from '../../contract.ts';
import type { AccountId } from '../../ids.ts';
import {
  searchLimits,
  SearchTooBig,
  type Criterion,
  type Found,
  type SearchQuery,
} from '../../search.ts';
import type { FromSearcher, SearchStart, ToSearcher } from './messages.ts';

/** Slices that wait for their reader, and how it ended. */
interface Answer {
  readonly slices: Found[];
  isOver: boolean;
  error: unknown;
  wake: () => void;
}

export class SearchClient {
  readonly #start: SearchStart;
  readonly #indexed: (account: AccountId) => Promise<void>;
  readonly #answers = new Map<number, Answer>();
  #nextId = 1;
  #worker: Worker | null = null;
  #ended: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(start: SearchStart, indexed: (account: AccountId) => Promise<void>) {
    this.#start = start;
    this.#indexed = indexed;
  }

  async *search(account: AccountId, query: SearchQuery): AsyncGenerator<Found> {
    // A message is given its thread when it is indexed.
    if (checkSize(query)) await this.#indexed(account);
    if (this.#isClosed) throw new StoreUnavailable('closed');
    const id = this.#nextId;
    this.#nextId += 1;
    const answer: Answer = { slices: [], isOver: false, error: null, wake: () => undefined };
    this.#answers.set(id, answer);
    this.#post({ kind: 'search', id, account, query });
    try {
      for (;;) {
        const found = answer.slices.shift();
        if (found !== undefined) yield found;
        else if (answer.error !== null) throw answer.error;
        else if (answer.isOver) return;
        else await new Promise<void>((resolve) => (answer.wake = resolve));
      }
    } finally {
      this.#answers.delete(id);
      if (!answer.isOver && !this.#isClosed) this.#post({ kind: 'stop', id });
    }
  }

  /** What is under way is broken off. */
  async close(): Promise<void> {
    if (!this.#isClosed && this.#worker !== null) this.#post({ kind: 'close' });
    this.#isClosed = true;
    this.#failAll(new StoreUnavailable('closed'));
    await this.#ended;
  }

  #post(message: ToSearcher): void {
    this.#worker ??= this.#run();
    this.#worker.postMessage(message);
  }

  #run(): Worker {
    const worker = new Worker(new URL('worker.ts', import.meta.url), {
      workerData: this.#start,
      name: 'store-search',
    });
    worker.on('message', (message: FromSearcher) => this.#hear(message));
    let cause: unknown = undefined;
    worker.on('error', (error) => {
      cause = error;
    });
    this.#ended = new Promise((resolve) => {
      worker.on('exit', () => {
        this.#worker = null; // the next search starts another one
        this.#failAll(new StoreUnavailable('io', cause));
        resolve();
      });
    });
    return worker;
  }

  #hear(message: FromSearcher): void {
    const answer = this.#answers.get(message.id);
    if (answer === undefined) return;
    switch (message.kind) {
      case 'found':
        answer.slices.push(message.found);
        break;
      case 'end':
        answer.isOver = true;
        break;
      case 'failed':
        answer.isOver = true;
        answer.error = message.error;
        break;
      default:
        message satisfies never;
    }
    answer.wake();
  }

  #failAll(error: Error): void {
    for (const answer of this.#answers.values()) {
      if (answer.isOver) continue;
      answer.isOver = true;
      answer.error = error;
      answer.wake();
    }
  }
}

/** Throws `SearchTooBig`. Answers whether it asks for threads. */
function checkSize(query: SearchQuery): boolean {
  const sum = { criteria: 0, texts: 0, ranges: 0, threads: 0 };
  const walk = (criterion: Criterion, depth: number): void => {
    const { kind } = criterion;
    sum.criteria += 1;
    if (depth > searchLimits.depthMax) throw new SearchTooBig('criteria too deep');
    if (sum.criteria > searchLimits.criteriaMax) throw new SearchTooBig('too many criteria');
    if (kind === 'and' || kind === 'or') for (const each of criterion.of) walk(each, depth + 1);
    else if (kind === 'not') walk(criterion.of, depth + 1);
    else if (kind === 'uid') sum.ranges += criterion.ranges.length;
    else if (kind === 'thread') sum.threads += 1;
    else if (kind === 'header' || kind === 'body' || kind === 'text') {
      sum.texts += 1;
      const isLong = criterion.text.length > searchLimits.textLengthMax;
      if (isLong) throw new SearchTooBig('text too long');
    }
    if (sum.ranges > searchLimits.rangesMax) throw new SearchTooBig('too many ranges');
    if (sum.texts > searchLimits.textsMax) throw new SearchTooBig('too many texts');
  };
  walk(query.criteria, 0);
  return sum.threads > 0;
}
