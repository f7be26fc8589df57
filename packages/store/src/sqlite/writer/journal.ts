/** Writing journeys: the head once, then one row per group of events. */

import type { JourneyId } from '../../ids.ts';
import { journeyId } from '../../ids.ts';
import { firstJourneyIdAt, formatJourneyId, type JourneyEvent } from '../../journey.ts';
import type { Database } from '../database.ts';
import { partsOfJourney } from '../journey-parts.ts';
import type { PackedAcceptance, PackedChange, PackedEvents } from '../operations.ts';

/** A journey is a story, not a log: beyond this nothing is added. */
const eventsMax = 20_000;
/** Two are kept free for those who join late. */
const partsMax = 8190;

/** Where the next group of events goes. */
interface Place {
  readonly number: number;
  readonly firstSeq: number;
}

const beginning: Place = { number: 0, firstSeq: 1 };

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
    const [id] = head;
    const isNew =
      this.#db.run(
        `INSERT OR IGNORE INTO journey (journey_id, started_us, direction, sender, recipients,
           message_id, subject, size, submitted_by, code)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        ...head,
        formatJourneyId(id),
      ) > 0;
    const added: number[] = [];
    for (const account of new Set(accounts)) if (this.#addAccount(id, account)) added.push(account);
    this.#write(id, events, {
      place: isNew ? beginning : this.#nextPlace(id),
      accounts: added.length === 0 ? null : JSON.stringify(added),
    });
  }

  /** One more account has a part in it. */
  join(id: number, account: number): void {
    const journey = journeyId(id);
    if (!this.#isKnown(id) || !this.#addAccount(journey, account)) return;
    const accounts = JSON.stringify([account]);
    this.#write(journey, [], { place: this.#nextPlace(journey), accounts });
  }

  /** A journey that is not known (dropped by age) stays so. */
  append(id: JourneyId, events: PackedEvents): void {
    const place = this.#nextPlace(id);
    if (place === beginning && !this.#isKnown(id)) return;
    this.#write(id, [events], { place, accounts: null });
  }

  appendEvent(id: number, event: JourneyEvent): void {
    this.append(journeyId(id), [JSON.stringify(event), 1]);
  }

  /** Drops those begun before, oldest first; answers how many. */
  prune(beforeMs: number, itemsMax: number): number {
    const old = this.#db.all<{ journey_id: number }>(
      'SELECT journey_id FROM journey WHERE journey_id < ? ORDER BY journey_id LIMIT ?',
      firstJourneyIdAt(beforeMs),
      itemsMax,
    );
    for (const { journey_id: id } of old) {
      const parts = this.#db.all<{ accounts: string }>(
        `SELECT accounts FROM journey_part WHERE ${partsOfJourney} AND accounts IS NOT NULL`,
        id,
      );
      for (const account of parts.flatMap((part) => JSON.parse(part.accounts) as number[])) {
        this.#db.run(
          'DELETE FROM journey_account WHERE account_id = ? AND journey_id = ?',
          account,
          id,
        );
      }
      this.#db.run(`DELETE FROM journey_part WHERE ${partsOfJourney}`, id);
      this.#db.run('DELETE FROM journey WHERE journey_id = ?', id);
    }
    return old.length;
  }

  #addAccount(id: JourneyId, account: number): boolean {
    const count = this.#db.run(
      'INSERT OR IGNORE INTO journey_account (account_id, journey_id) VALUES (?, ?)',
      account,
      id,
    );
    return count > 0;
  }

  #write(
    id: JourneyId,
    groups: readonly PackedEvents[],
    at: { readonly place: Place; readonly accounts: string | null },
  ): void {
    const { number, firstSeq } = at.place;
    const filled = groups.filter(([, count]) => count > 0);
    const count = filled.reduce((sum, [, each]) => sum + each, 0);
    const isTooLong = firstSeq + count > eventsMax || number >= partsMax;
    if (at.accounts === null && (count === 0 || isTooLong)) return;
    if (number >= 8192) return;
    const text = filled.map(([each]) => each).join(',');
    this.#db.run(
      `INSERT INTO journey_part (part_id, first_seq, count, accounts, events)
       VALUES (CAST(? AS INTEGER) * 8192 + CAST(? AS INTEGER), ?, ?, ?, ?)`,
      id,
      number,
      firstSeq,
      count,
      at.accounts,
      text,
    );
    this.#changes.push({ kind: 'journey-text', journey: id, firstSeq, text });
  }

  #isKnown(id: number): boolean {
    return this.#db.get('SELECT 1 FROM journey WHERE journey_id = ?', id) !== undefined;
  }

  #nextPlace(id: number): Place {
    const row = this.#db.get<Place>(
      `SELECT (part_id & 8191) + 1 AS number, first_seq + count AS firstSeq FROM journey_part
       WHERE ${partsOfJourney} ORDER BY part_id DESC LIMIT 1`,
      id,
    );
    return row ?? beginning;
  }
}
