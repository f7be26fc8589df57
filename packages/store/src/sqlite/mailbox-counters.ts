/**
 * What mailboxes count of their messages beyond numbers: which keywords are in use, and how often.
 * The writer keeps the counts, migrations and repairs count anew, checks compare.
 */

import { flagBits, mailboxLimits } from '../contract.ts';
import type { Database } from './database.ts';

/** Keywords of one message, as its row has them: a sorted JSON array, null when there are none. */
export type KeywordsText = string | null;

/** Each once, in order: two equal sets have one text. */
export function packKeywords(keywords: Iterable<string>): KeywordsText {
  const sorted = [...new Set(keywords)].sort();
  return sorted.length === 0 ? null : JSON.stringify(sorted);
}

export function readKeywords(text: KeywordsText): readonly string[] {
  return text === null ? [] : (JSON.parse(text) as string[]);
}

/**
 * How many messages of a mailbox have each keyword. Case does not matter to clients: within a
 * mailbox a keyword is written as it was first.
 */
export class KeywordCounts {
  readonly #counts: Map<string, number>;
  /** By what they are in lower case. */
  readonly #spellings = new Map<string, string>();
  #text: string | null | undefined;

  constructor(text: string | null) {
    this.#counts = new Map(text === null ? [] : (JSON.parse(text) as [string, number][]));
    this.#text = text;
    for (const keyword of this.#counts.keys()) this.#spell(keyword);
  }

  /** As the mailbox's row has them. */
  get text(): string | null {
    if (this.#text === undefined) {
      const sorted = [...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1));
      this.#text = sorted.length === 0 ? null : JSON.stringify(sorted);
    }
    return this.#text;
  }

  /** Sorted. */
  keywords(): readonly string[] {
    return [...this.#counts.keys()].sort();
  }

  /** A message comes in (`sign` 1) or goes (-1). */
  count(keywords: KeywordsText, sign: 1 | -1): void {
    if (keywords === null) return;
    this.#text = undefined;
    for (const keyword of readKeywords(keywords)) {
      const count = (this.#counts.get(keyword) ?? 0) + sign;
      if (count > 0) {
        this.#counts.set(keyword, count);
        this.#spell(keyword);
      } else this.#forget(keyword);
    }
  }

  /** As this mailbox writes them, without those for which there is no room any more. */
  admit(keywords: KeywordsText): KeywordsText {
    if (keywords === null) return null;
    const added = new Map<string, string>();
    const admitted: string[] = [];
    for (const keyword of readKeywords(keywords)) {
      const key = keyword.toLowerCase();
      const known = this.#spellings.get(key) ?? added.get(key);
      if (known !== undefined) admitted.push(known);
      else if (this.#counts.size + added.size < mailboxLimits.keywordsMax) {
        added.set(key, keyword);
        admitted.push(keyword);
      }
    }
    return packKeywords(admitted);
  }

  #spell(keyword: string): void {
    const key = keyword.toLowerCase();
    if (!this.#spellings.has(key)) this.#spellings.set(key, keyword);
  }

  #forget(keyword: string): void {
    this.#counts.delete(keyword);
    const key = keyword.toLowerCase();
    if (this.#spellings.get(key) === keyword) this.#spellings.delete(key);
  }
}

/** Counted from the messages, as `KeywordCounts` writes it. */
export function countedKeywords(db: Database, account: number, mailbox: number): string | null {
  const rows = db
    .statement(
      `SELECT keywords FROM message
       WHERE account_id = ? AND mailbox_id = ? AND keywords IS NOT NULL`,
    )
    .iterate(account, mailbox);
  const counts = new KeywordCounts(null);
  for (const { keywords } of rows) counts.count(keywords as string, 1);
  return counts.text;
}

/** Those of `\Deleted` and the keywords, in all mailboxes. */
export function countAll(db: Database): void {
  db.run(
    `UPDATE mailbox SET (deleted, deleted_size) =
       (SELECT count(*), coalesce(sum(m.size), 0) FROM message m
        WHERE m.account_id = mailbox.account_id AND m.mailbox_id = mailbox.mailbox_id
          AND m.flags & ?)`,
    flagBits.deleted,
  );
  const all = db.all<{ account_id: number; mailbox_id: number }>(
    'SELECT account_id, mailbox_id FROM mailbox',
  );
  for (const { account_id: account, mailbox_id: mailbox } of all) {
    db.run(
      'UPDATE mailbox SET keywords = ? WHERE account_id = ? AND mailbox_id = ?',
      countedKeywords(db, account, mailbox),
      account,
      mailbox,
    );
  }
}
