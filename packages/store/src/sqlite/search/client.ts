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
  type ThreadQuery,
} from '../../search.ts';
import type { FromSearcher, SearchStart, ToSearcher } from './messages.ts';

/** Slices that wait for their reader, and how it ended. */
export class Answer implements AsyncIterableIterator<Found, undefined> {
  readonly #slices: Found[] = [];
  readonly #stop: () => void;
  #isOver = false;
  #error: unknown = null;
  #wake: (() => void) | null = null;

  /** `stop` is called when nobody wants the rest. */
  constructor(stop: () => void) {
    this.#stop = stop;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Found, undefined>> {
    for (;;) {
      const found = this.#slices.shift();
      if (found !== undefined) return { done: false, value: found };
      if (this.#isOver) return this.#finish();
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** At once, also while a slice is waited for. */
  async return(): Promise<IteratorResult<Found, undefined>> {
    this.#slices.length = 0;
    if (!this.#isOver) this.#stop();
    this.end();
    return { done: true, value: undefined };
  }

  add(found: Found): void {
    if (!this.#isOver) this.#slices.push(found);
    this.#wake?.();
  }

  end(error: unknown = null): void {
    if (!this.#isOver) this.#error = error;
    this.#isOver = true;
    this.#wake?.();
  }

  #finish(): IteratorResult<Found, undefined> {
    const error = this.#error;
    this.#error = null;
    if (error !== null) throw error;
    return { done: true, value: undefined };
  }
}

interface Waiting {
  resolve(packed: Uint32Array): void;
  reject(error: unknown): void;
}

export class SearchClient {
  readonly #start: SearchStart;
  readonly #indexed: (account: AccountId) => Promise<void>;
  readonly #answers = new Map<number, Answer>();
  readonly #threads = new Map<number, Waiting>();
  #nextId = 1;
  #worker: Worker | null = null;
  #ended: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(start: SearchStart, indexed: (account: AccountId) => Promise<void>) {
    this.#start = start;
    this.#indexed = indexed;
  }

  search(account: AccountId, query: SearchQuery): AsyncIterableIterator<Found> {
    const id = this.#nextId;
    this.#nextId += 1;
    const answer = new Answer(() => {
      this.#answers.delete(id);
      if (!this.#isClosed) this.#post({ kind: 'stop', id });
    });
    this.#answers.set(id, answer);
    this.#begin({ kind: 'search', id, account, query }).catch((error: unknown) => {
      this.#answers.delete(id);
      answer.end(error);
    });
    return answer;
  }

  async #begin(ask: Extract<ToSearcher, { kind: 'search' }>): Promise<void> {
    // A message is given its thread when it is indexed.
    if (checkSize(ask.query)) await this.#indexed(ask.account);
    if (this.#isClosed) throw new StoreUnavailable('closed');
    if (this.#answers.has(ask.id)) this.#post(ask);
  }

  async threads(account: AccountId, query: ThreadQuery): Promise<Uint32Array> {
    checkSize(query);
    await this.#indexed(account);
    if (this.#isClosed) throw new StoreUnavailable('closed');
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve, reject) => {
      this.#threads.set(id, { resolve, reject });
      this.#post({ kind: 'threads', id, account, query });
    });
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
    const { id, kind } = message;
    const answer = this.#answers.get(id);
    if (kind === 'found') {
      answer?.add(message.found);
      return;
    }
    if (kind === 'threads') this.#threads.get(id)?.resolve(message.packed);
    const error =
      kind === 'failed' ? (message.error ?? new SearchTooBig('too many to thread')) : null;
    if (error !== null) this.#threads.get(id)?.reject(error);
    this.#threads.delete(id);
    this.#answers.delete(id);
    answer?.end(error);
  }

  #failAll(error: Error): void {
    for (const waiting of this.#threads.values()) waiting.reject(error);
    this.#threads.clear();
    for (const answer of this.#answers.values()) answer.end(error);
    this.#answers.clear();
  }
}

/** Throws `SearchTooBig`. Answers whether it asks for threads. */
function checkSize(query: Pick<SearchQuery, 'criteria'>): boolean {
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
