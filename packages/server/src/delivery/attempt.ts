/**
 * The state of one attempt: who still needs a verdict, what the last trouble was, and what to tell.
 */

import { readJourneyId, type EventState, type JourneyEvent } from '@merpati/store/journey.ts';
import type { RecipientResult } from '@merpati/client/smtp/transaction.ts';
import type { World } from '../world.ts';
import type { Outgoing, OutgoingRecipient } from './outgoing.ts';
import type { NextHost } from './find-route.ts';
import { deliveryLimits } from './limits.ts';
import type { Session } from './session-pool.ts';
import { failure, verdictOf, type Failure, type Verdict } from './verdict.ts';

interface Place {
  readonly recipient: OutgoingRecipient;
  /** Final. */
  verdict: Verdict | null;
  /** Why not yet; becomes the verdict when no host is left. */
  trouble: Failure | null;
}

export type Batch = readonly Place[];

export class Attempt {
  readonly events: JourneyEvent[] = [];
  readonly outgoing: Outgoing;
  readonly #places: readonly Place[];
  /** To be sent to at the present host. */
  #waiting: Place[] = [];
  #told: JourneyEvent[] = [];
  #conversations = 0;
  #mayBeThere = false;

  constructor(outgoing: Outgoing) {
    this.outgoing = outgoing;
    this.#places = outgoing.recipients.map((recipient) => ({
      recipient,
      verdict: null,
      trouble: null,
    }));
  }

  /** Somebody has no verdict, and there is sense in another host. */
  get goesOn(): boolean {
    return (
      !this.#mayBeThere &&
      this.#conversations < deliveryLimits.conversationsMax &&
      this.#open.length > 0
    );
  }

  get #open(): Place[] {
    return this.#places.filter(({ verdict }) => verdict === null);
  }

  // ---------------------------------------------------------------- at a host

  startHost(): void {
    this.#waiting = this.#open;
  }

  /** Who is named in the next transaction; empty when nobody is left for this host. */
  next(recipientsMax: number | null): Batch {
    const most = Math.min(recipientsMax ?? Number.POSITIVE_INFINITY, deliveryLimits.recipientsMax);
    return this.#waiting.splice(0, Math.max(1, most));
  }

  putBack(batch: Batch): void {
    this.#waiting.unshift(...batch);
  }

  take(batch: Batch, results: readonly RecipientResult[], { session, world }: Conversation): void {
    const remote = { host: session.host, address: session.address };
    const about = { remote, dsnOffered: session.client.capabilities.dsn };
    const someAccepted = results.some(({ kind }) => kind === 'accepted');
    for (const [i, place] of batch.entries()) {
      const result = results[i] as RecipientResult;
      if (someAccepted && isTooMany(result)) {
        this.#waiting.push(place);
        continue;
      }
      const verdict = verdictOf(result, about);
      if (verdict.kind === 'failed' && verdict.mayBeThere) this.#mayBeThere = true;
      // What one server cannot take another may; what it refuses for good is refused.
      const isFinal =
        verdict.kind === 'delivered' || (verdict.again === 'never' && result.kind === 'refused');
      if (isFinal) place.verdict = verdict;
      else place.trouble = worse(place.trouble, verdict);
      this.#told.push(verdictEvent({ place, verdict, session, atUs: world.nowUs() }));
    }
  }

  conversed({ session, world, startedUs }: Conversation & { readonly startedUs: number }): void {
    this.#conversations += 1;
    const lines = session.client.takeTranscript();
    if (lines.length > 0) {
      this.events.push({
        atUs: startedUs,
        stage: 'dialogue',
        state: worstState(this.#told),
        code: 'smtp.dialogue',
        args: { host: session.host },
        durUs: world.nowUs() - startedUs,
        lines,
      });
    }
    this.events.push(...this.#told);
    this.#told = [];
  }

  /** The host could not be spoken with at all. */
  hostFailed(why: Failure): void {
    for (const place of this.#open) place.trouble = worse(place.trouble, why);
  }

  avoid(host: NextHost, { world, error }: { readonly world: World; readonly error: string }): void {
    const args = { host: host.name, error };
    const event = { stage: 'connect', state: 'info', code: 'connect.avoided', args } as const;
    this.events.push({ atUs: world.nowUs(), ...event });
    this.hostFailed(failure('later', '4.4.1', error));
  }

  tell(
    world: Pick<World, 'nowUs'>,
    state: EventState,
    code: string,
    args: JourneyEvent['args'] & object,
  ): void {
    this.events.push({ atUs: world.nowUs(), stage: 'tls', state, code, args });
  }

  // ---------------------------------------------------------------- the end

  failAll(why: Failure): void {
    for (const place of this.#open) place.verdict = why;
  }

  verdicts(): Verdict[] {
    return this.#places.map(
      ({ verdict, trouble }) =>
        verdict ?? trouble ?? failure('later', '4.4.0', 'no host could be tried'),
    );
  }

  /** Nobody has heard a word of ours, or none that counts. */
  get isUntried(): boolean {
    return this.#conversations === 0;
  }
}

interface Conversation {
  readonly session: Session;
  readonly world: Pick<World, 'nowUs'>;
}

/** RFC 5321 §4.5.3.1.10: 452 after the server has had enough recipients; the rest come next. */
const isTooMany = (result: RecipientResult) =>
  result.kind === 'refused' && result.phase === 'rcpt' && result.reply.code === 452;

/** As long as one host says "later", it is not over. */
function worse(known: Failure | null, next: Failure): Failure {
  return known !== null && known.again === 'later' && next.again === 'never' ? known : next;
}

function worstState(events: readonly JourneyEvent[]): EventState {
  if (events.some(({ state }) => state === 'fail')) return 'fail';
  return events.some(({ state }) => state === 'warn') ? 'warn' : 'ok';
}

function verdictEvent(given: {
  readonly place: Place;
  readonly verdict: Verdict;
  readonly session: Session;
  readonly atUs: number;
}): JourneyEvent {
  const { verdict, session, atUs } = given;
  const rcpt = given.place.recipient.address;
  const { host } = session;
  if (verdict.kind === 'failed') {
    const state = verdict.again === 'never' ? 'fail' : 'warn';
    const code = verdict.isReply ? 'smtp.refused' : 'smtp.unfit';
    const args = { host, reply: verdict.text, status: verdict.status };
    return { atUs, stage: 'accept', state, code, args, rcpt };
  }
  const remoteJourney = /merpati/i.test(session.client.greeting) ? journeyIn(verdict.text) : null;
  const args = { host, reply: verdict.text, ...(remoteJourney === null ? {} : { remoteJourney }) };
  return { atUs, stage: 'accept', state: 'ok', code: 'smtp.accepted', args, rcpt };
}

/** Another Merpati answers with the id under which it can tell the rest of the way. */
function journeyIn(reply: string): string | null {
  const id = /^250 2\.0\.0 Ok: ([0-9a-z]{10})$/.exec(reply)?.[1];
  return id !== undefined && readJourneyId(id) !== null ? id : null;
}
