/**
 * The way out of the queue: from items that are due to what the store is to write about them. Whose
 * copies are for people here, route, dialogue, decision, notices; all of it is settled in one
 * transaction later.
 */

import { CorruptBlob, StoreUnavailable, type Settlement } from '@merpati/store/contract.ts';
import { formatJourneyId, type JourneyEvent } from '@merpati/store/journey.ts';
import type { Delivered, Delivery } from '../delivery/deliver.ts';
import { findRoute } from '../delivery/find-route.ts';
import { withFooter } from '../delivery/footer.ts';
import { failure } from '../delivery/verdict.ts';
import type { Home } from '../home.ts';
import { deliverHere, isOurs } from '../queue/deliver-here.ts';
import type { Group } from '../queue/groups.ts';
import { noNotices, prepareNotices } from '../queue/notices.ts';
import { decide, expired, type Decision } from '../queue/outcome.ts';

export type Settled = Pick<Settlement, 'items' | 'events' | 'notices'>;

/** What all recipients of the group come to. Never throws: what goes wrong is tried again later. */
export async function sendOn(home: Home, delivery: Delivery, group: Group): Promise<Settled> {
  const { first, items } = group;
  const nowMs = home.world.nowMs();
  if (items.every((item) => item.expiresMs <= nowMs)) {
    return conclude(home, group, {
      decisions: items.map((item) => expired(home, item)),
      events: [],
    });
  }
  const delivered = await attempt(home, delivery, group);
  if (delivered.isUntried) return untried(group);
  const decisions = items.map((item, i) =>
    item.expiresMs <= nowMs
      ? expired(home, item)
      : decide(home, item, delivered.verdicts[i] ?? failure('later', '4.3.0', 'no verdict')),
  );
  for (const { outcome } of decisions) home.metrics.attempts.inc({ outcome: outcome.kind });
  const lane = items.length === 1 ? { rcpt: first.recipient } : {};
  const events = delivered.events.map((event) => ({
    ...lane,
    ...event,
    attempt: first.attempts + 1,
  }));
  return conclude(home, group, { decisions, events });
}

/** Returned as it was: the attempt does not count. */
export function untried({ items }: Group): Settled {
  return {
    items: items.map(({ id, token }) => ({ id, token, outcome: { kind: 'untried' } })),
    events: [],
    notices: [],
  };
}

async function attempt(home: Home, delivery: Delivery, group: Group): Promise<Delivered> {
  const { first, items } = group;
  try {
    if (first.route === null && (await isOurs(home, first.domain))) {
      return { verdicts: await deliverHere(home, group), events: [], isUntried: false };
    }
    const { config, world } = home;
    const route = await findRoute({ config, world, domain: first.domain, override: first.route });
    if (route.kind === 'none') {
      return { verdicts: items.map(() => route.failure), events: [route.event], isUntried: false };
    }
    const stored = await home.store.readQueued(first);
    const content = home.faults.has('breaks-dkim') ? withFooter(stored) : stored;
    const recipients = items.map(({ recipient, notify, orcpt }) => ({
      address: recipient,
      notify,
      orcpt,
    }));
    const done = await delivery.deliver({ message: first.message, recipients, content }, route);
    return { ...done, events: [route.event, ...done.events] };
  } catch (error) {
    return afterTrouble(home, group, error);
  }
}

/** Trouble of our own: nobody else's fault, so nobody's mail is returned for it. */
function afterTrouble(home: Home, group: Group, error: unknown): Delivered {
  const journey = formatJourneyId(group.first.journey);
  const isKnown = error instanceof StoreUnavailable || error instanceof CorruptBlob;
  if (!isKnown) home.metrics.bugs.inc();
  home.log.error({ event: isKnown ? 'queue.trouble' : 'bug', journey, err: error });
  const text = 'this server has trouble of its own';
  return {
    verdicts: group.items.map(() => failure('later', '4.3.0', text)),
    events: [{ atUs: home.world.nowUs(), stage: 'queue', state: 'fail', code: 'queue.trouble' }],
    isUntried: false,
  };
}

async function conclude(
  home: Home,
  group: Group,
  { decisions, events }: { decisions: readonly Decision[]; events: readonly JourneyEvent[] },
): Promise<Settled> {
  const notices = await prepareNotices(home, decisions).catch((error: unknown) => {
    // The verdict stands; only the letter about it could not be written.
    afterTrouble(home, group, error);
    return noNotices;
  });
  tellOutcomes(home, group, decisions);
  const told = [...events, ...decisions.flatMap((decision) => decision.events), ...notices.events];
  return {
    items: decisions.map(({ item, outcome }) => ({ id: item.id, token: item.token, outcome })),
    events: [{ journey: group.first.journey, events: told }],
    notices: notices.acceptances,
  };
}

function tellOutcomes(home: Home, { first }: Group, decisions: readonly Decision[]): void {
  const { submittedBy } = first.message;
  if (submittedBy === null) return;
  const count = (kind: string) => decisions.filter(({ outcome }) => outcome.kind === kind).length;
  const came = { delivered: count('done'), failed: count('failed') };
  home.alarms?.settled(submittedBy, first.journey, came);
}
