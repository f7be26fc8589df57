/**
 * A mailbox as something to be fetched from, message by message: what POP3 calls a maildrop. Names
 * of messages are UIDVALIDITY and UID, which never come again (RFC 9051 §2.3.1.1). What is deleted
 * goes at the end, all at once, and nothing else goes with it (RFC 4315 §2.1).
 */

import type { Maildrop } from '../pop3/fetch.ts';
import type { ImapClient } from './client.ts';
import { ImapFault } from './fault.ts';

/** UIDs of one command. */
const uidsAtOnceMax = 500;

export class ImapMaildrop implements Maildrop {
  readonly #client: ImapClient;
  readonly #uids = new Map<number, number>();
  readonly #sizes = new Map<number, number>();
  readonly #deleted: number[] = [];
  /** Contents come one after the other. */
  #last: Promise<void> = Promise.resolve();

  /** Logged in, and with the mailbox selected; ending the session is the caller's matter. */
  constructor(client: ImapClient) {
    this.#client = client;
  }

  async uidl(): Promise<ReadonlyMap<number, string>> {
    const validity = this.#client.mailbox?.uidValidity;
    if (validity === undefined) throw new ImapFault('protocol', 'the mailbox has no UIDVALIDITY');
    for await (const { number, uid, size } of this.#client.fetch('1:*', 'UID RFC822.SIZE')) {
      if (uid === null || number === null) continue;
      this.#uids.set(number, uid);
      this.#sizes.set(number, size ?? 0);
    }
    return new Map(Array.from(this.#uids, ([number, uid]) => [number, `${validity}.${uid}`]));
  }

  list(): Promise<ReadonlyMap<number, number>> {
    return Promise.resolve(this.#sizes);
  }

  async retr(message: number): Promise<AsyncIterableIterator<Uint8Array, void>> {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    await before;
    const downloads = this.#client.download(String(this.#uidOf(message)));
    const first = await downloads.next().catch((error: unknown) => {
      resolve();
      throw error;
    });
    if (first.done === true) {
      resolve();
      throw new ImapFault('nonexistent', 'the message is not there any more');
    }
    return read(first.value.content, downloads, resolve);
  }

  dele(message: number): Promise<void> {
    this.#deleted.push(this.#uidOf(message));
    return Promise.resolve();
  }

  async quit(): Promise<void> {
    if (this.#deleted.length === 0) return;
    const capabilities = await this.#client.capabilities();
    if (!capabilities.has('UIDPLUS') && !capabilities.has('IMAP4REV2')) {
      throw new ImapFault('unsupported', 'the server cannot delete single messages (UIDPLUS)');
    }
    for (let at = 0; at < this.#deleted.length; at += uidsAtOnceMax) {
      const uids = this.#deleted.slice(at, at + uidsAtOnceMax).join(',');
      await this.#client.store(uids, ['\\Deleted'], { change: 'add' });
      await this.#client.expunge(uids);
    }
  }

  destroy(): void {
    // Whoever opened the session ends it.
  }

  #uidOf(message: number): number {
    const uid = this.#uids.get(message);
    if (uid === undefined) throw new Error(`message ${message} was not listed`);
    return uid;
  }
}

/** To its end, and to that of the command. */
async function* read(
  content: AsyncIterable<Uint8Array>,
  downloads: AsyncGenerator<unknown, void, void>,
  end: () => void,
): AsyncGenerator<Uint8Array, void> {
  try {
    yield* content;
    await downloads.next();
  } finally {
    end();
  }
}
