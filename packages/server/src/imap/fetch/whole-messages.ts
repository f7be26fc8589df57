/**
 * The small messages of one FETCH, read with their neighbours: clients fetch bodies in long rows,
 * and one look at the disk serves many of them. What is held is bounded.
 */

import type { Uid } from '@merpati/store/ids.ts';
import { imapLimits } from '../limits.ts';
import type { Session } from '../session.ts';

export class WholeMessages {
  readonly #session: Session;
  #held: ReadonlyMap<Uid, Uint8Array | null> = new Map();

  constructor(session: Session) {
    this.#session = session;
  }

  /** Without waiting; null: it was not read yet, or must be read by itself. */
  held(one: Uid): Uint8Array | null {
    return this.#held.get(one) ?? null;
  }

  /** `last`: those up to here are wanted too. null: this one must be read by itself. */
  async take(one: Uid, last: Uid): Promise<Uint8Array | null> {
    const held = this.#held.get(one);
    if (held !== undefined) return held;
    const { store, open } = this.#session;
    const rows = await store.wholeMessages(open.owner, open.mailbox, {
      fromUid: one,
      toUid: last,
      limit: imapLimits.rowsMax,
      octetsMax: imapLimits.messageInMemoryOctetsMax,
    });
    this.#held = new Map(rows.map(({ uid, bytes }) => [uid, bytes]));
    return this.#held.get(one) ?? null;
  }
}
