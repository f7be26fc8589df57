/**
 * The journey of a message that was refused at its end: nothing of it is kept, but whoever asks
 * later why it did not come can be told. It is written for strangers too, so it is counted: what
 * goes beyond is in the log only. See docs/decisions/004-journeys-of-what-is-refused.md.
 */

import { summarise } from '@merpati/formats/message/summary.ts';
import { StoreUnavailable } from '@merpati/store/contract.ts';
import type { AccountId } from '@merpati/store/ids.ts';
import type { JourneyEvent } from '@merpati/store/journey.ts';
import type { Home } from '../home.ts';
import { isLoopback, networkOf } from '../net/networks.ts';
import type { Refusal, RefusalCode } from '../refusal.ts';
import type { RefusedCount } from '../shared.ts';
import { arrivalEvents } from './arrival.ts';
import type { Arrived } from './incoming.ts';

export const refusedLimits = {
  /** Journeys of refused messages that a home begins in an hour: 150,000 a month, some 200 MB. */
  perHourMax: 200,
  /** Of these, for one network or one account. */
  perPartyMax: 20,
} as const;

/** Trouble of this machine: it cannot write, or should not. */
const ownTrouble: ReadonlySet<RefusalCode> = new Set([
  'store-full',
  'store-unavailable',
  'internal',
]);

/** `events`: what was found on the way. Nobody waits for it; it never rejects. */
export async function noteRefused(
  home: Home,
  arrived: Arrived,
  what: { readonly refusal: Refusal; readonly events: readonly JourneyEvent[] },
): Promise<void> {
  const { kind, account } = arrived.session;
  const isFromOutside = kind === 'smtp' || kind === 'submission';
  if (!isFromOutside || ownTrouble.has(what.refusal.code)) return;
  if (!(await home.shared.refused.take(partyOf(arrived), home.world.nowMs()))) return;
  const { subject, messageId, dateMs } = summarise(arrived.head);
  const { envelope, journey, startedUs, body } = arrived;
  const head = {
    id: journey,
    startedUs,
    direction: kind === 'smtp' ? 'in' : 'out',
    sender: envelope.sender,
    recipients: envelope.recipients.map((recipient) => recipient.address),
    messageId,
    subject,
    size: body.size,
    submittedBy: account?.id ?? null,
  } as const;
  const { code, message: reply } = what.refusal;
  const by = home.config.hostname;
  const events: JourneyEvent[] = [
    ...arrivalEvents(arrived, dateMs),
    ...what.events,
    {
      atUs: home.world.nowUs(),
      stage: 'accept',
      state: 'fail',
      code: 'accept.refused',
      args: { by, why: code, reply },
    },
  ];
  try {
    await home.store.beginJourney(head, events, readersOf(arrived));
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) home.metrics.bugs.inc();
    home.log.warn({ event: 'journey.refused', err: error });
  }
}

/** Who would have got it, and who sent it. */
function readersOf({ envelope, session }: Arrived): AccountId[] {
  const here = envelope.recipients.flatMap(({ place }) =>
    place?.kind === 'ours' ? place.accounts.map(({ account }) => account.id) : [],
  );
  return session.account === null ? here : [...here, session.account.id];
}

/** null: this machine itself, where many are behind one address. */
function partyOf({ session: { account, peer } }: Arrived): string | null {
  if (account !== null) return `account ${account.id}`;
  return peer === null || isLoopback(peer.address) ? null : networkOf(peer.address);
}

/** Counts by the hour; within one it knows at most as many parties as it lets through. */
export class HourlyCount implements RefusedCount {
  readonly #byParty = new Map<string, number>();
  #hour = 0;
  #total = 0;

  /** false: it has been too much. */
  take(party: string | null, nowMs: number): boolean {
    const hour = Math.floor(nowMs / 3_600_000);
    if (hour !== this.#hour) {
      this.#hour = hour;
      this.#total = 0;
      this.#byParty.clear();
    }
    const count = party === null ? 0 : (this.#byParty.get(party) ?? 0);
    if (this.#total >= refusedLimits.perHourMax || count >= refusedLimits.perPartyMax) return false;
    this.#total += 1;
    if (party !== null) this.#byParty.set(party, count + 1);
    return true;
  }
}
