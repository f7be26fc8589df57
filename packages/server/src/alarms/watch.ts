/**
 * Watches how people here send. What only somebody does who has stolen a password stops the sending
 * of that account: what waits is held, the person and the postmaster get a letter, and a person
 * decides. RFC 6409 §6.2 leaves the policy to us; M3AAWG calls it outbound abuse.
 */

import type { AccountId, JourneyId } from '@merpati/store/ids.ts';
import { sendingLimits } from '../accounts/sending-limits.ts';
import { pauseSending, type SendingPause } from '../accounts/sending-pause.ts';
import { receive } from '../flow/1-receive.ts';
import type { Home } from '../home.ts';
import { makeInternal } from '../incoming/internal.ts';
import { formatJourneyId } from '@merpati/store/journey.ts';
import { newJourneyId } from '../journey/new-id.ts';
import { HourlyCounts } from './counts.ts';
import { pauseLetter } from './letter.ts';
import type { AlarmSink } from './sink.ts';

export const alarmLimits = {
  /** In an hour, and more than were delivered: bought lists of addresses are like that. */
  failures: 30,
  /** Refusals in an hour: people stop and wonder, programs go on. */
  overLimit: 20,
  /** In ten minutes, and half of what the account may in a day: a letter to a club is less. */
  newRecipients: 50,
  newRecipientsShare: 0.5,
  newRecipientsWithinMs: 600_000,
  samplesMax: 10_000,
} as const;

const dayMs = 86_400_000;

interface Sample {
  readonly atMs: number;
  readonly day: number;
  readonly newRecipients: number;
}

export class SendingWatch implements AlarmSink {
  readonly #home: Home;
  readonly #failed = new HourlyCounts<AccountId>();
  readonly #delivered = new HourlyCounts<AccountId>();
  readonly #overLimit = new HourlyCounts<AccountId>();
  /** The store counts for all threads; from when on a number is looked at is each one's own. */
  readonly #samples = new Map<AccountId, Sample>();
  #work: Promise<void> = Promise.resolve();

  constructor(home: Home) {
    this.#home = home;
  }

  sent(account: AccountId, journey: JourneyId): void {
    this.#do(() => this.#look(account, journey));
  }

  overLimit(account: AccountId, journey: JourneyId): void {
    const count = this.#overLimit.add(account, 1, this.#home.world.nowMs());
    if (count < alarmLimits.overLimit) return;
    this.#overLimit.forget(account);
    this.#do(() => this.#raise(account, journey, { reason: 'over-limit', count }));
  }

  settled(
    account: AccountId,
    journey: JourneyId,
    came: { readonly delivered: number; readonly failed: number },
  ): void {
    const nowMs = this.#home.world.nowMs();
    const delivered = this.#delivered.add(account, came.delivered, nowMs);
    const count = this.#failed.add(account, came.failed, nowMs);
    if (count < alarmLimits.failures || count <= delivered) return;
    this.#failed.forget(account);
    this.#do(() => this.#raise(account, journey, { reason: 'failures', count }));
  }

  /** What was begun is done. */
  async stop(): Promise<void> {
    await this.#work;
  }

  #do(what: () => Promise<void>): void {
    this.#work = this.#work.then(what).catch((error: unknown) => {
      this.#home.log.error({ event: 'alarm.failed', err: error });
    });
  }

  async #look(account: AccountId, journey: JourneyId): Promise<void> {
    const { store, world, config } = this.#home;
    const nowMs = world.nowMs();
    const day = Math.floor(nowMs / dayMs);
    const { newRecipients } = await store.sent(account, day);
    const before = this.#samples.get(account);
    const { newRecipientsWithinMs: withinMs, newRecipientsShare: share } = alarmLimits;
    if (before === undefined || before.day !== day || nowMs - before.atMs > withinMs) {
      this.#sample(account, { atMs: nowMs, day, newRecipients });
      return;
    }
    const count = newRecipients - before.newRecipients;
    if (count < alarmLimits.newRecipients) return;
    const row = await store.findAccount(account);
    if (row === null || count < share * sendingLimits(config, row).newRecipientsPerDay) return;
    this.#samples.delete(account);
    await this.#raise(account, journey, { reason: 'new-recipients', count });
  }

  #sample(account: AccountId, sample: Sample): void {
    this.#samples.delete(account);
    this.#samples.set(account, sample);
    const oldest = this.#samples.size > alarmLimits.samplesMax ? this.#samples.keys().next() : null;
    if (oldest !== null && oldest.done !== true) this.#samples.delete(oldest.value);
  }

  async #raise(
    account: AccountId,
    journey: JourneyId,
    why: Pick<SendingPause, 'reason' | 'count'>,
  ): Promise<void> {
    const { store, world, log, metrics } = this.#home;
    const pause = { ...why, sinceMs: world.nowMs() };
    const row = await store.findAccount(account);
    if (row === null || !(await pauseSending(store, account, pause))) return;
    const { address } = row;
    log.warn({ event: 'alarm.sending-paused', account: address, ...why });
    metrics.sendingPaused.inc({ reason: why.reason });
    const told = { code: 'alarm.sending-paused', args: { account: address } } as const;
    const event = { atUs: world.nowUs(), stage: 'submit', state: 'warn', ...told } as const;
    await store.appendJourney(journey, [event]);
    await store.editQueue({ submittedBy: account }, { kind: 'hold' }, [
      { ...event, atUs: world.nowUs(), stage: 'queue' },
    ]);
    const domain = address.slice(address.lastIndexOf('@') + 1);
    await this.#write(address, address, pause);
    await this.#write(`postmaster@${domain}`, address, pause);
  }

  async #write(to: string, address: string, pause: SendingPause): Promise<void> {
    const { world, config, log } = this.#home;
    const journey = newJourneyId(world);
    const { hostname } = config;
    const octets = pauseLetter({ hostname, address, to, pause, id: formatJourneyId(journey) });
    const letter = { journey, octets, sender: '', recipients: [to], smtputf8: false, events: [] };
    const receipt = await receive(this.#home, await makeInternal(this.#home, letter));
    if (!receipt.ok) log.warn({ event: 'alarm.unwritten', to, why: receipt.refusal.message });
  }
}
