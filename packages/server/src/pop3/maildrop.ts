/**
 * What one session sees of an inbox: a snapshot taken at login, numbered from 1, with its marks.
 * Nothing here changes the store; `QUIT` carries the marks out. RFC 1939 §4 to §7.
 */

import type { AccountRow, MaildropEntry } from '@merpati/store/contract.ts';
import type { EmailId, Uid } from '@merpati/store/ids.ts';

export type FoundMessage =
  | { readonly kind: 'message'; readonly entry: MaildropEntry }
  | { readonly kind: 'deleted' | 'none' };

export class Maildrop {
  readonly #entries: readonly MaildropEntry[];
  readonly #prefix: string;
  readonly #deleted = new Set<number>();
  readonly #retrieved = new Set<Uid>();
  /** Entries whose email stands in the maildrop twice: they need more to be told apart. */
  readonly #twins: ReadonlySet<MaildropEntry>;
  readonly #octetsInAll: number;
  #octetsDeleted = 0;

  constructor(entries: readonly MaildropEntry[], account: Pick<AccountRow, 'createdMs'>) {
    this.#entries = entries;
    this.#prefix = account.createdMs.toString(36);
    this.#octetsInAll = entries.reduce((sum, entry) => sum + wireOctets(entry), 0);
    this.#twins = findTwins(entries);
  }

  /** Messages not marked as deleted. */
  get count(): number {
    return this.#entries.length - this.#deleted.size;
  }

  /** Their octets as RETR sends them, without stuffed dots. RFC 1939 §11. */
  get octets(): number {
    return this.#octetsInAll - this.#octetsDeleted;
  }

  /** `1 what`, `2 what`, with gaps where messages are marked as deleted. */
  *lines(what: (entry: MaildropEntry) => string | number): Generator<string, void> {
    for (const [index, entry] of this.#entries.entries()) {
      if (!this.#deleted.has(index + 1)) yield `${index + 1} ${what(entry)}`;
    }
  }

  find(message: number): FoundMessage {
    const entry = this.#entries[message - 1];
    if (entry === undefined) return { kind: 'none' };
    return this.#deleted.has(message) ? { kind: 'deleted' } : { kind: 'message', entry };
  }

  /**
   * The unique-id, for ever: when the account was made and the identity of the email in it, both
   * kept by moves and restores. An account made anew under an old address never repeats the ids of
   * the old one.
   */
  uidl(entry: MaildropEntry): string {
    const id = `${this.#prefix}-${entry.email.toString(36)}`;
    return this.#twins.has(entry) ? `${id}.${entry.uid.toString(36)}` : id;
  }

  markDeleted(message: number): void {
    const found = this.find(message);
    if (found.kind !== 'message') return;
    this.#deleted.add(message);
    this.#octetsDeleted += wireOctets(found.entry);
  }

  markRetrieved(entry: MaildropEntry): void {
    this.#retrieved.add(entry.uid);
  }

  /** RSET. What has been downloaded stays so. */
  unmarkDeleted(): void {
    this.#deleted.clear();
    this.#octetsDeleted = 0;
  }

  get deleted(): readonly Uid[] {
    return Array.from(this.#deleted, (message) => this.#entries[message - 1])
      .filter((entry) => entry !== undefined)
      .map(({ uid }) => uid);
  }

  get retrieved(): readonly Uid[] {
    return [...this.#retrieved];
  }
}

/** All but the first entry of each email. */
function findTwins(entries: readonly MaildropEntry[]): ReadonlySet<MaildropEntry> {
  const seen = new Set<EmailId>();
  const twins = new Set<MaildropEntry>();
  for (const entry of entries) {
    if (seen.has(entry.email)) twins.add(entry);
    seen.add(entry.email);
  }
  return twins;
}

/** A last line without CRLF gets one on the wire. */
export function wireOctets(entry: Pick<MaildropEntry, 'size' | 'unterminated'>): number {
  return entry.size + (entry.unterminated ? 2 : 0);
}
