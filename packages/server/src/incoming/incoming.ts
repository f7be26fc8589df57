/** What has come in and is not stored yet: envelope, facts of the session, head and body. */

import type { BodyType, NotifyWord } from '@merpati/formats/smtp/command.ts';
import type { Head } from '@merpati/formats/message/head.ts';
import type { AccountRow, Body } from '@merpati/store/contract.ts';
import type { JourneyId } from '@merpati/store/ids.ts';
import type { JourneyEvent } from '@merpati/store/journey.ts';
import type { Resolution } from '../accounts/resolve.ts';
import type { Evidence } from './evidence.ts';
import type { Peer, TlsFacts } from '../net/wire.ts';

export interface Recipient {
  /** As the client wrote it. */
  readonly address: string;
  /** RFC 3461 §4.1; empty: not given. */
  readonly notify: readonly NotifyWord[];
  /** xtext as received. */
  readonly orcpt: string | null;
  /** What it stands for, when that is known already. */
  readonly place: Resolution | null;
}

export interface Envelope {
  /** Reverse-path; '' is the null sender. */
  readonly sender: string;
  readonly recipients: readonly Recipient[];
  readonly body: BodyType;
  readonly smtputf8: boolean;
  readonly requireTls: boolean;
  /** xtext as received. */
  readonly envid: string | null;
  readonly ret: 'full' | 'hdrs' | null;
  /** Not to be sent on before (FUTURERELEASE). */
  readonly holdUntilMs: number | null;
}

export interface SessionFacts {
  /**
   * From another server, from a user of ours, made here, or out of our own queue: taken in before,
   * and its journey goes on.
   */
  readonly kind: 'smtp' | 'submission' | 'internal' | 'queue';
  /** For the logs. */
  readonly id: string;
  readonly peer: Peer | null;
  readonly hello: { readonly name: string; readonly isExtended: boolean } | null;
  readonly tls: TlsFacts | null;
  readonly account: AccountRow | null;
  /** How the account proved itself. */
  readonly mechanism: string | null;
}

/** Fields that a submitted message lacked; they go above it. RFC 6409 §8. */
export interface AddedFields {
  readonly octets: Uint8Array;
  readonly messageId: string | null;
  readonly dateMs: number | null;
}

/** Sees a body while it passes, in pieces of any size: hashes it, to verify it or to sign it. */
export interface BodyWatcher {
  write(piece: Uint8Array): void;
}

/** As much of it as its journey tells: also of what is refused before its body is kept. */
export type Arrived = Pick<
  Incoming,
  'journey' | 'id' | 'session' | 'envelope' | 'head' | 'clickUs' | 'startedUs' | 'arrivedUs'
> &
  Pick<Incoming, 'events'> & { readonly body: Pick<Body, 'size'> };

export interface Incoming {
  readonly journey: JourneyId;
  /** The journey's text, as people see it. */
  readonly id: string;
  readonly session: SessionFacts;
  readonly envelope: Envelope;
  readonly head: Head;
  /** Up to the first empty line; more than `head.length` when the header is not closed by it. */
  readonly headOctets: number;
  readonly body: Body;
  /** Has seen all of the body behind the head; null: nobody wanted to. */
  readonly watcher: BodyWatcher | null;
  readonly added: AddedFields | null;
  /** What is found out about the sender; null: nobody asks. */
  readonly evidence: Evidence | null;
  /** When the user pressed Send, as the client tells. */
  readonly clickUs: number | null;
  /** When the transaction began, and when its last octet was here. */
  readonly startedUs: number;
  readonly arrivedUs: number;
  /** What happened before; the flow adds its own. */
  readonly events: readonly JourneyEvent[];
}
