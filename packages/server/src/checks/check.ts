/**
 * A check looks at the facts of one incoming message and says what it found; it changes nothing.
 */

import type { EventState, JourneyEvent } from '@merpati/store/journey.ts';
import type { Home } from '../home.ts';
import type { Refusal } from '../refusal.ts';
import type { Incoming } from '../incoming/incoming.ts';

export interface Finding {
  /** Journey code, `check.…`. */
  readonly code: string;
  readonly state: EventState;
  /** Points towards "unwanted"; 0 tells nothing either way. */
  readonly weight: number;
  readonly args: NonNullable<JourneyEvent['args']>;
  /** The message is not taken. */
  readonly refusal: Refusal | null;
}

export interface Check {
  /** For which kinds of sessions it is made. */
  readonly kinds: readonly Incoming['session']['kind'][];
  /** null: nothing worth telling. */
  run(home: Home, incoming: Incoming): Finding | null | Promise<Finding | null>;
}
