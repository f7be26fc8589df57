/** Writing journeys: the head once, then one row per group of events. */

import type { JourneyId } from '../../ids.ts';
import { journeyId } from '../../ids.ts';
import { formatJourneyId, type JourneyEvent } from '../../journey.ts';
import type { Database } from '../database.ts';
import type { PackedAcceptance, PackedChange, PackedEvents } from '../operations.ts';

/** A journey is a story, not a log: beyond this nothing is added. */
const eventsMax = 20_000;

export class Journal {
  readonly #db: Database;
  readonly #changes: PackedChange[];

  constructor(db: Database, changes: PackedChange[]) {
    this.#db = db;
    this.#changes = changes;
  }

  /** Begins a journey, or goes on with one that is known. */
  begin(
    head: PackedAcceptance['head'],
    events: readonly PackedEvents[],
    accounts: readonly number[],
  ): void {
    const [id, startedUs] = head;
    const isNew =
      this.#db.run(
        `INSERT OR IGNORE INTO journey (journey_id, started_us, direction, sender, recipients,
           message_id, subject, size, submitted_by, code)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        ...head,
        formatJourneyId(id),
      ) > 0;
    const started = isNew ? startedUs : this.#startedUs(id);
    const parts = new Set(accounts);
    const added: number[] = [];
    for (const account of parts) {
      const isAdded = this.#db.run(
        'INSERT OR IGNORE INTO journey_account (account_id, started_us, journey_id) VALUES (?, ?, ?)',
        account,
        started,
        id,
      );
      if (isAdded > 0) added.push(account);
    }
    this.#write(id, events, {
      firstSeq: isNew ? 1 : this.#nextSeq(id),
      accounts: added.length === 0 ? null : JSON.stringify(added),
    });
  }

  /** A journey that is not known (dropped by age) stays so. */
  append(id: JourneyId, events: PackedEvents): void {
    const firstSeq = this.#nextSeq(id);
    if (firstSeq === 1 && !this.#isKnown(id)) return;
    this.#write(id, [events], { firstSeq, accounts: null });
  }

  appendEvent(id: number, event: JourneyEvent): void {
    this.append(journeyId(id), [JSON.stringify(event), 1]);
  }

  /** Drops those that started before, oldest first; answers how many. */
  prune(beforeMs: number, itemsMax: number): number {
    const old = this.#db.all<{ journey_id: number; started_us: number }>(
      'SELECT journey_id, started_us FROM journey WHERE started_us < ? ORDER BY started_us LIMIT ?',
      beforeMs * 1000,
      itemsMax,
    );
    for (const { journey_id: id, started_us: started } of old) {
      const parts = this.#db.all<{ accounts: string }>(
        'SELECT accounts FROM journey_part WHERE journey_id = ? AND accounts IS NOT NULL',
        id,
      );
      for (const account of parts.flatMap((part) => JSON.parse(part.accounts) as number[])) {
        this.#db.run(
          'DELETE FROM journey_account WHERE account_id = ? AND started_us = ? AND journey_id = ?',
          account,
          started,
          id,
        );
      }
      this.#db.run('DELETE FROM journey_part WHERE journey_id = ?', id);
      this.#db.run('DELETE FROM journey WHERE journey_id = ?', id);
    }
    return old.length;
  }

  #write(
    id: JourneyId,
    groups: readonly PackedEvents[],
    at: { readonly firstSeq: number; readonly accounts: string | null },
  ): void {
    const filled = groups.filter(([, count]) => count > 0);
    const count = filled.reduce((sum, [, each]) => sum + each, 0);
    if (at.accounts === null && (count === 0 || at.firstSeq + count > eventsMax)) return;
    const text = filled.map(([each]) => each).join(',');
    this.#db.run(
      `INSERT INTO journey_part (journey_id, first_seq, count, accounts, events)
       VALUES (?, ?, ?, ?, ?)`,
      id,
      at.firstSeq,
      count,
      at.accounts,
      text,
    );
    this.#changes.push({ kind: 'journey-text', journey: id, firstSeq: at.firstSeq, text });
  }

  #startedUs(id: number): number {
    const row = this.#db.get<{ started_us: number }>(
      'SELECT started_us FROM journey WHERE journey_id = ?',
      id,
    );
    return row?.started_us ?? 0;
  }

  #isKnown(id: number): boolean {
    return this.#db.get('SELECT 1 FROM journey WHERE journey_id = ?', id) !== undefined;
  }

  #nextSeq(id: number): number {
    const row = this.#db.get<{ next: number }>(
      `SELECT first_seq + count AS next FROM journey_part
       WHERE journey_id = ? ORDER BY first_seq DESC LIMIT 1`,
      id,
    );
    return row?.next ?? 1;
  }
}
