/**
 * A check looks at the facts of one incoming message and says what it found; it changes nothing.
 */

import type { MethodResult } from '@merpati/formats/auth/authentication-results.ts';
import type { EventState, JourneyEvent } from '@merpati/store/journey.ts';
import type { Home } from '../home.ts';
import type { Refusal } from '../refusal.ts';
import type { Incoming, Recipient } from '../incoming/incoming.ts';

export interface Finding {
  /** Journey code, `check.…`, `spf.…`. */
  readonly code: string;
  readonly state: EventState;
  /** Points towards "unwanted", or with a minus away from it; 0 tells nothing either way. */
  readonly weight: number;
  readonly args: NonNullable<JourneyEvent['args']>;
  /** The message is not taken. */
  readonly refusal: Refusal | null;
  /** For Authentication-Results: it is about who sent the message. */
  readonly result?: MethodResult;
  /** Whose copies go to Junk. */
  readonly junk?: readonly Recipient[];
  /** The sender has perhaps nothing to do with it: it must not be written to. */
  readonly isForged?: boolean;
}

export interface Check {
  /** For which kinds of sessions it is made. */
  readonly kinds: readonly Incoming['session']['kind'][];
  /** null: nothing worth telling. */
  run(home: Home, incoming: Incoming): Found | Promise<Found>;
}

type Found = Finding | readonly Finding[] | null;
