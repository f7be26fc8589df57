/**
 * Downloads a maildrop into a Maildir so that no crash loses or doubles a message. For some at a
 * time, in this order: written and synced in `tmp`; noted in the state file, synced; moved to
 * `new`, folder synced; and only then DELE, which itself takes effect at QUIT. Whatever is cut off
 * in between is completed, or begun again, by the next run.
 */

import { createHash } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Retrieval } from './client.ts';
import { FetchFault } from './fault.ts';
import { FetchState, type FetchedMessage } from './fetch-state.ts';
import { FolderLock } from './folder-lock.ts';
import { Maildir, type StagedFile } from './maildir.ts';

/** What is fetched from: a session of POP3, or a mailbox of IMAP (imap/maildrop.ts). */
export interface Maildrop {
  /** By number, a name that no other message ever has; asked first. */
  uidl(): Promise<ReadonlyMap<number, string>>;
  /** By number, octets. */
  list(): Promise<ReadonlyMap<number, number>>;
  /** Several may be asked for; each is read to its end before the next. */
  retr(message: number): Promise<Retrieval>;
  /** Takes effect with `quit`. */
  dele(message: number): Promise<unknown>;
  quit(): Promise<unknown>;
  destroy(): void;
}

export interface FetchOptions {
  /** The Maildir; made when missing. */
  readonly folder: string;
  /** Names the maildrop in the state file, e.g. `rina@example.org@mail.example.org`. */
  readonly account: string;
  /** Leave everything on the server. */
  readonly keep: boolean;
  readonly nowMs: number;
  /** Larger messages stay on the server and are counted as failed. */
  readonly messageOctetsMax?: number;
  readonly onProgress?: (progress: FetchProgress) => void;
}

export type FetchProgress =
  | { readonly kind: 'listed'; readonly fresh: number; readonly octets: number }
  /** Octets of all messages so far. */
  | { readonly kind: 'receiving'; readonly octets: number; readonly index: number }
  | { readonly kind: 'stored'; readonly message: FetchedMessage }
  | ({ readonly kind: 'failed' } & FetchFailure);

export interface FetchFailure {
  readonly message: number;
  readonly uidl: string;
  readonly reason: string;
}

export interface FetchSummary {
  /** In the maildrop when the session began. */
  readonly listed: number;
  /** Downloaded by an earlier run. */
  readonly known: number;
  readonly stored: readonly FetchedMessage[];
  /** Half-done by an earlier run that was cut off, completed now. */
  readonly recovered: number;
  readonly deleted: number;
  /** Left on the server, undeleted. */
  readonly failed: readonly FetchFailure[];
}

/** Messages asked for ahead of the one being written, where the server allows pipelining. */
const aheadMax = 8;
/** Codes of faults that concern one message. */
const refusals: ReadonlySet<unknown> = new Set([
  'nonexistent',
  'permanent',
  'refused',
  'temporary',
]);
/** Settled together: the wait for the disk is what small messages cost most. */
const groupMessagesMax = 64;
const groupOctetsMax = 4_000_000;
/** What the server lists no more is forgotten after so long; until then it may come back. */
const unlistedDaysMax = 90;
const stateFile = '.merpati-pop3.jsonl';
const stagedPrefix = 'merpati-pop3.';

/**
 * Fetches by a client that is logged in, and ends its session, whatever happens. Throws
 * `Pop3Fault`, `FetchFault`, or what the file system says (the folder and its state file are sound
 * in any case; run it again).
 */
export async function fetchMail(client: Maildrop, options: FetchOptions): Promise<FetchSummary> {
  try {
    return await fetchInto(client, options);
  } catch (error) {
    client.destroy();
    throw error;
  }
}

async function fetchInto(client: Maildrop, options: FetchOptions): Promise<FetchSummary> {
  const maildir = await Maildir.open(options.folder);
  await using lock = await FolderLock.take(options.folder);
  if (lock === null) {
    throw new FetchFault('folder-busy', `another fetch is writing to ${options.folder}`);
  }
  await using state = await FetchState.open(join(options.folder, stateFile));
  return await new Fetching({ client, maildir, state, options }).run();
}

interface Candidate {
  readonly uidl: string;
  /** Usually one. RFC 1939 §7: messages with one unique-id are identical copies; one is enough. */
  readonly messages: readonly [number, ...number[]];
  readonly octets: number;
}

interface Parts {
  readonly client: Maildrop;
  readonly maildir: Maildir;
  readonly state: FetchState;
  readonly options: FetchOptions;
}

class Fetching {
  readonly #client: Maildrop;
  readonly #maildir: Maildir;
  readonly #state: FetchState;
  readonly #options: FetchOptions;
  readonly #day: number;
  readonly #stored: FetchedMessage[] = [];
  readonly #failed: FetchFailure[] = [];
  readonly #deleted = new Set<string>();
  #group: { readonly candidate: Candidate; readonly staged: StagedFile }[] = [];
  #received = 0;
  #lastDele: Promise<void> = Promise.resolve();

  constructor(parts: Parts) {
    this.#client = parts.client;
    this.#maildir = parts.maildir;
    this.#state = parts.state;
    this.#options = parts.options;
    this.#day = Math.floor(parts.options.nowMs / 86_400_000);
  }

  async run(): Promise<FetchSummary> {
    const recovered = await this.#recover();
    const { fresh, known, listed } = await this.#list();
    const octets = fresh.reduce((sum, candidate) => sum + candidate.octets, 0);
    this.#options.onProgress?.({ kind: 'listed', fresh: fresh.length, octets });
    for (const candidate of known) this.#dele(candidate);
    await this.#download(fresh);
    await this.#lastDele;
    await this.#client.quit();
    await this.#forget(new Set([...known, ...fresh].map(({ uidl }) => uidl)));
    return {
      listed,
      known: known.length,
      stored: this.#stored,
      recovered,
      deleted: this.#deleted.size,
      failed: this.#failed,
    };
  }

  /**
   * What is noted but still in `tmp` was cut off before its move; what is not noted is half a
   * message.
   */
  async #recover(): Promise<number> {
    const folder = join(this.#options.folder, 'tmp');
    const names = (await readdir(folder)).filter((name) => name.startsWith(stagedPrefix));
    if (names.length === 0) return 0;
    const staged = new Set(names);
    const halfDone = [...this.#state.entries()].filter((message) => staged.delete(message.staged));
    await this.#maildir.publish(halfDone);
    for (const name of staged) await rm(join(folder, name), { force: true });
    return halfDone.length;
  }

  async #list(): Promise<{ fresh: Candidate[]; known: Candidate[]; listed: number }> {
    const ids = await this.#client.uidl();
    const sizes = await this.#client.list();
    const found = new Map<string, { messages: [number, ...number[]]; octets: number }>();
    for (const [message, uidl] of ids) {
      const twin = found.get(uidl);
      if (twin === undefined) {
        found.set(uidl, { messages: [message], octets: sizes.get(message) ?? 0 });
      } else twin.messages.push(message);
    }
    const candidates = Array.from(found, ([uidl, candidate]) => ({ uidl, ...candidate }));
    const { account } = this.#options;
    const isKnown = ({ uidl }: Candidate) => this.#state.find(account, uidl) !== null;
    return {
      fresh: candidates.filter((candidate) => !isKnown(candidate)),
      known: candidates.filter(isKnown),
      listed: ids.size,
    };
  }

  /** When the connection breaks, what has come before is whole and is kept. */
  async #download(fresh: readonly Candidate[]): Promise<void> {
    try {
      let index = 0;
      for (const { candidate, retrieval } of this.#ask(fresh)) {
        index += 1;
        let content: Retrieval;
        try {
          content = await retrieval;
        } catch (error) {
          this.#fail(candidate, error);
          continue;
        }
        await this.#stage(candidate, this.#watch(content, index));
      }
    } finally {
      await this.#settle();
    }
  }

  /** Asks for some ahead of the one that is being read. */
  *#ask(fresh: readonly Candidate[]): Generator<{
    readonly candidate: Candidate;
    readonly retrieval: Promise<Retrieval>;
  }> {
    const wanted = fresh.filter((candidate) => this.#isWanted(candidate));
    const ahead: Promise<Retrieval>[] = [];
    for (const [index, candidate] of wanted.entries()) {
      while (ahead.length < aheadMax && index + ahead.length < wanted.length) {
        const next = wanted[index + ahead.length];
        if (next === undefined) break;
        const retrieval = this.#client.retr(next.messages[0]);
        // Whoever waits for it hears of it; when nobody does, the session has failed before.
        retrieval.catch(() => undefined);
        ahead.push(retrieval);
      }
      const retrieval = ahead.shift();
      if (retrieval !== undefined) yield { candidate, retrieval };
    }
  }

  #isWanted(candidate: Candidate): boolean {
    const max = this.#options.messageOctetsMax;
    if (max === undefined || candidate.octets <= max) return true;
    this.#note(candidate, `${candidate.octets} octets, at most ${max} wanted`);
    return false;
  }

  async *#watch(content: Retrieval, index: number): AsyncGenerator<Uint8Array, void> {
    for await (const octets of content) {
      this.#received += octets.length;
      this.#options.onProgress?.({ kind: 'receiving', octets: this.#received, index });
      yield octets;
    }
  }

  async #stage(candidate: Candidate, content: AsyncIterable<Uint8Array>): Promise<void> {
    const name = `${stagedPrefix}${this.#identify(candidate)}`;
    const staged = await this.#maildir.stage(name, content);
    this.#group.push({ candidate, staged });
    const octets = this.#group.reduce((sum, one) => sum + one.staged.octets, 0);
    if (this.#group.length >= groupMessagesMax || octets >= groupOctetsMax) await this.#settle();
  }

  /** The order of these steps is the whole safety of the download. */
  async #settle(): Promise<void> {
    const group = this.#group;
    if (group.length === 0) return;
    this.#group = [];
    await this.#maildir.settle(group.map(({ staged }) => staged));
    const messages = group.map(({ candidate, staged }) => this.#describe(candidate, staged));
    await this.#state.add(messages);
    await this.#maildir.publish(messages);
    for (const { candidate } of group) this.#dele(candidate);
    for (const message of messages) {
      this.#stored.push(message);
      this.#options.onProgress?.({ kind: 'stored', message });
    }
  }

  #describe(candidate: Candidate, staged: StagedFile): FetchedMessage {
    const seconds = Math.floor(this.#options.nowMs / 1000);
    const file = `${seconds}.${this.#identify(candidate)}.merpati,S=${staged.octets}`;
    return {
      account: this.#options.account,
      uidl: candidate.uidl,
      staged: staged.name,
      file,
      octets: staged.octets,
      seenDay: this.#day,
    };
  }

  #identify(candidate: Candidate): string {
    const text = `${this.#options.account}\n${candidate.uidl}`;
    return createHash('sha256').update(text).digest('hex').slice(0, 40);
  }

  /** Goes out at once and is answered in its turn, behind messages that were asked for ahead. */
  #dele(candidate: Candidate): void {
    if (this.#options.keep) return;
    const answers = candidate.messages.map((message) => this.#client.dele(message));
    const answered = Promise.all(answers).then(
      () => void this.#deleted.add(candidate.uidl),
      (error: unknown) => this.#fail(candidate, error),
    );
    this.#lastDele = Promise.all([this.#lastDele, answered]).then(() => undefined);
    this.#lastDele.catch(() => undefined);
  }

  /** A refusal concerns one message; anything else ends the session. */
  #fail(candidate: Candidate, error: unknown): void {
    if (!(error instanceof Error && 'code' in error && refusals.has(error.code))) throw error;
    this.#note(candidate, error.message);
  }

  #note(candidate: Candidate, reason: string): void {
    const failure = { message: candidate.messages[0], uidl: candidate.uidl, reason };
    this.#failed.push(failure);
    this.#options.onProgress?.({ kind: 'failed', ...failure });
  }

  /**
   * After QUIT: what the server has deleted is forgotten, so that a message restored there comes
   * again; so is what has not been listed for long.
   */
  async #forget(listed: ReadonlySet<string>): Promise<void> {
    await this.#state.rewrite((message) => {
      if (message.account !== this.#options.account) return message;
      if (this.#deleted.has(message.uidl)) return null;
      if (listed.has(message.uidl)) {
        return message.seenDay === this.#day ? message : { ...message, seenDay: this.#day };
      }
      return this.#day - message.seenDay > unlistedDaysMax ? null : message;
    });
  }
}
