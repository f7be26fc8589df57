/**
 * What was downloaded already, by unique-id: a text file of JSON lines, each synced before anything
 * depends on it. A line torn by a crash is the last one and is not believed.
 */

import { type FileHandle, open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FetchFault } from './fault.ts';
import { syncFolder } from './maildir.ts';

export interface FetchedMessage {
  /** Which maildrop. */
  readonly account: string;
  readonly uidl: string;
  /** Name in `tmp` until moved, and in `new` afterwards. */
  readonly staged: string;
  readonly file: string;
  readonly octets: number;
  /** Day (since 1970) on which the server last listed it. */
  readonly seenDay: number;
}

export class FetchState {
  readonly #path: string;
  readonly #known: Map<string, FetchedMessage>;
  #log: FileHandle;

  private constructor(path: string, known: Map<string, FetchedMessage>, log: FileHandle) {
    this.#path = path;
    this.#known = known;
    this.#log = log;
  }

  static async open(path: string): Promise<FetchState> {
    const known = new Map<string, FetchedMessage>();
    const text = await readOrEmpty(path);
    const lines = text.split('\n');
    const torn = lines.pop() !== '';
    for (const [index, line] of lines.entries()) {
      const message = readLine(line);
      if (message === null)
        throw new FetchFault('state-damaged', `${path}:${index + 1}: not a line of ours`);
      known.set(key(message.account, message.uidl), message);
    }
    if (torn) await replace(path, known.values());
    const log = await open(path, 'a', 0o600);
    await syncFolder(dirname(path));
    return new FetchState(path, known, log);
  }

  find(account: string, uidl: string): FetchedMessage | null {
    return this.#known.get(key(account, uidl)) ?? null;
  }

  entries(): Iterable<FetchedMessage> {
    return this.#known.values();
  }

  /** Resolves when they are on disk. */
  async add(messages: readonly FetchedMessage[]): Promise<void> {
    await this.#log.write(messages.map((message) => `${JSON.stringify(message)}\n`).join(''));
    await this.#log.datasync();
    for (const message of messages) {
      this.#known.set(key(message.account, message.uidl), message);
    }
  }

  /**
   * Keeps what `keep` answers for each entry (null: forgets it); writes only when something
   * changes.
   */
  async rewrite(keep: (message: FetchedMessage) => FetchedMessage | null): Promise<void> {
    let isChanged = false;
    for (const [id, message] of this.#known) {
      const kept = keep(message);
      if (kept === message) continue;
      isChanged = true;
      if (kept === null) this.#known.delete(id);
      else this.#known.set(id, kept);
    }
    if (!isChanged) return;
    await this.#log.close();
    await replace(this.#path, this.#known.values());
    this.#log = await open(this.#path, 'a', 0o600);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#log.close();
  }
}

function key(account: string, uidl: string): string {
  return `${account}\n${uidl}`;
}

async function readOrEmpty(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

function readLine(line: string): FetchedMessage | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null; // Not JSON is not ours.
  }
  if (typeof value !== 'object' || value === null) return null;
  const { account, uidl, staged, file, octets, seenDay } = value as Record<string, unknown>;
  const texts = [account, uidl, staged, file];
  // A name is one of a file in this folder and nowhere else.
  const isName = (name: unknown) => typeof name === 'string' && /^[\w.,=:-]+$/.test(name);
  if (!texts.every((text) => typeof text === 'string') || !isName(staged) || !isName(file)) {
    return null;
  }
  if (typeof octets !== 'number' || typeof seenDay !== 'number') return null;
  return value as FetchedMessage;
}

/** The whole file anew, atomically. */
async function replace(path: string, messages: Iterable<FetchedMessage>): Promise<void> {
  const fresh = join(dirname(path), `.${Math.trunc(process.pid)}.state`);
  const file = await open(fresh, 'w', 0o600);
  try {
    const lines = Array.from(messages, (message) => `${JSON.stringify(message)}\n`);
    await file.writeFile(lines.join(''));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(fresh, path);
  await syncFolder(dirname(path));
}
