/** Changes as listeners hear them. Events are read from their text only when somebody looks. */

import type { Change } from '../../contract.ts';
import type { JourneyId } from '../../ids.ts';
import type { RecordedEvent } from '../../journey.ts';
import type { PackedChange } from '../operations.ts';
import { readEvents } from './journeys.ts';

class JourneyChange {
  readonly kind = 'journey';
  readonly #journey: JourneyId;
  readonly #firstSeq: number;
  readonly #text: string;
  #events: readonly RecordedEvent[] | null = null;

  constructor(packed: Extract<PackedChange, { kind: 'journey-text' }>) {
    this.#journey = packed.journey;
    this.#firstSeq = packed.firstSeq;
    this.#text = packed.text;
  }

  get events(): readonly RecordedEvent[] {
    this.#events ??= readEvents(this.#journey, this.#firstSeq, this.#text);
    return this.#events;
  }
}

export function unpackChanges(changes: readonly PackedChange[]): readonly Change[] {
  return changes.map((change) =>
    change.kind === 'journey-text' ? new JourneyChange(change) : change,
  );
}
